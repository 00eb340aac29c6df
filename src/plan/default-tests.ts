/**
 * OpenFactory's own default tests, as its documentation describes them (docs.openfactory.tech, "Default tests"): boot, users,
 * packages, network, services, boot loader. What they ask of the world outside is not judged in a rehearsal.
 */
import { uplink } from '../lab/addressing.js';
import type { Assertion, Lab, LabNode, ScenarioTest, User } from '../lab/lab.js';
import { whyNotJudged } from './outside.js';

/** The lab with one scenario more: the default tests of every node. */
export const withDefaultTests = (lab: Lab): Lab => ({
	...lab,
	scenarios: [...lab.scenarios, { name: 'default tests', tests: defaultTests(lab) }],
});

function defaultTests(lab: Lab): ScenarioTest[] {
	const judged = (assertion: Assertion): Assertion => {
		const notJudged = whyNotJudged(assertion, lab);
		return notJudged === undefined ? assertion : { ...assertion, notJudged };
	};
	return themes
		.map(({ name, of }) => ({ name: `default: ${name}`, assertions: lab.nodes.flatMap((node) => of(node)).map(judged) }))
		.filter(({ assertions }) => assertions.length > 0);
}

interface Theme {
	readonly name: string;
	readonly of: (node: LabNode) => readonly Assertion[];
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
		of: ({ name, packages }) => packages.map((one) => ({ onVm: name, type: 'package_installed', package: one.replace(/:.*$/, '') })),
	},
	{
		name: 'network',
		of: ({ name }) => [outputOf(name, 'ip route show default', 'default via'), { onVm: name, type: 'network_reachable', host: uplink.gateway }],
	},
	{
		name: 'names and the Internet',
		of: ({ name }) => [outputOf(name, `getent hosts ${publicHost}`), { onVm: name, type: 'network_reachable', host: publicHost, port: 80 }],
	},
	{ name: 'services', of: ({ name, services }) => services.map((service) => ({ onVm: name, type: 'service_running', service })) },
	{ name: 'the boot loader', of: ({ name }) => [{ onVm: name, type: 'file_exists', path: '/boot/grub/grub.cfg' }] },
];

const userExists = (onVm: string, { username, groups, shell, home }: User): Assertion => ({
	onVm,
	type: 'user_exists',
	username,
	...(groups.length > 0 ? { groups } : {}),
	shell,
	...(home === undefined ? {} : { home }),
});
