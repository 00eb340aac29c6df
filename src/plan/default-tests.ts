/**
 * OpenFactory's own default tests, as its documentation describes them (docs.openfactory.tech, "Default tests"): boot, users,
 * packages, network, services, boot loader. What they ask of the world outside is not judged in a rehearsal.
 */
import { uplink } from '../lab/addressing.js';
import type { Assertion, Lab, LabNode, ScenarioTest, User } from '../lab/lab.js';
import { keptHome } from './left-out.js';
import { whyNotJudged } from './outside.js';
import type { FeaturePackages } from './rules/context.js';
import { unitOf, whyNoUnit } from './services.js';

/** What recipes stand for: OpenFactory's tests ask for the packages and the services of features as well. */
export interface Installed {
	/** Features, and the packages of each, that with its service first. */
	readonly features: FeaturePackages;
	/** The packages that a node's recipe asks for, by name and by feature. */
	readonly packagesOf: (node: LabNode) => readonly string[];
}

/** The lab with one scenario more: the default tests of every node. */
export const withDefaultTests = (lab: Lab, installed: Installed): Lab => ({
	...lab,
	scenarios: [...lab.scenarios, { name: 'default tests', tests: defaultTests(lab, installed) }],
});

function defaultTests(lab: Lab, installed: Installed): ScenarioTest[] {
	const judged = (assertion: Assertion): Assertion => {
		const notJudged = whyNotJudged(assertion, lab);
		return notJudged === undefined ? assertion : { ...assertion, notJudged };
	};
	return themes
		.map(({ name, of }) => ({ name: `default: ${name}`, assertions: lab.nodes.flatMap((node) => of(node, installed)).map(judged) }))
		.filter(({ assertions }) => assertions.length > 0);
}

interface Theme {
	readonly name: string;
	readonly of: (node: LabNode, installed: Installed) => readonly Assertion[];
}

const outputOf = (onVm: string, command: string, contains?: string): Assertion => ({
	onVm,
	type: 'command_output',
	command,
	expect: { ...(contains === undefined ? {} : { contains }), exitCode: 0 },
});

const publicHost = 'www.example.org';

const themes: readonly Theme[] = [
	{ name: 'the boot reaches multi-user', of: ({ name }) => [outputOf(name, 'systemctl is-active multi-user.target', 'active')] },
	{ name: 'users', of: ({ name, users }) => users.map((user) => userExists(name, user)) },
	{
		name: 'packages',
		of: (node, { packagesOf }) => packagesOf(node).map((one) => ({ onVm: node.name, type: 'package_installed', package: one.replace(/:.*$/, '') })),
	},
	{
		name: 'network',
		of: ({ name }) => [outputOf(name, 'ip route show default', 'default via'), { onVm: name, type: 'network_reachable', host: uplink.gateway }],
	},
	{
		name: 'names and the Internet',
		of: ({ name }) => [outputOf(name, `getent hosts ${publicHost}`), { onVm: name, type: 'network_reachable', host: publicHost, port: 80 }],
	},
	{ name: 'services', of: (node, installed) => servicesOf(node, installed).map((service) => ({ onVm: node.name, type: 'service_running', service })) },
	{ name: 'the boot loader', of: ({ name }) => [{ onVm: name, type: 'file_exists', path: '/boot/grub/grub.cfg' }] },
];

const userExists = (onVm: string, { username, groups, shell, home }: User): Assertion => ({
	onVm,
	type: 'user_exists',
	username,
	...(groups.length > 0 ? { groups } : {}),
	shell,
	// One that is left out is not asked for.
	...(home === undefined || keptHome(username) !== undefined ? {} : { home }),
});

/** The units that the recipe names, and those of its features whose package is there. */
function servicesOf(node: LabNode, { features, packagesOf }: Installed): readonly string[] {
	const packages = new Set(packagesOf(node));
	const ofFeatures = node.features.filter((name) => {
		const [first = ''] = Object.hasOwn(features, name) ? (features[name] ?? []) : [];
		return whyNoUnit(name) === undefined && packages.has(first);
	});
	return [...new Set([...node.services, ...ofFeatures.map(unitOf)])];
}
