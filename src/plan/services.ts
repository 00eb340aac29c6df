/** The services of a recipe: units to enable, and the configuration of those that OpenFactory configures. */
import { z } from 'zod';
import type { SshSettings } from '../lab/lab.js';
import { closest } from './keys.js';
import { quote } from './problems.js';
import type { ServiceDocument } from './schema.js';
import type { PlanPath } from './types.js';

const wholeNumber = (minimum: number, maximum: number) => {
	const error = `a whole number from ${minimum} to ${maximum}`;
	return z
		.union([z.number(), z.string().regex(/^\d+$/).transform(Number)], { error })
		.refine((value) => Number.isInteger(value) && value >= minimum && value <= maximum, { error });
};
const truth = z.boolean({ error: 'true or false' });

/** The configuration of the SSH server, with OpenFactory's own defaults. */
export const sshConfigSchema = z.strictObject({
	port: wholeNumber(1, 65_535).default(22),
	allow_root: truth.default(false),
	disable_password_auth: truth.default(false),
	timeout: wholeNumber(0, 86_400).default(120),
	client_alive_interval: wholeNumber(0, 86_400).default(60),
	max_auth_tries: wholeNumber(1, 1000).default(6),
	permit_empty_passwords: truth.default(false),
});

/** A service's name without the ending that its unit has: `nginx` of `nginx.service`. */
export const withoutEnding = (name: string): string => name.replace(/\.service$/, '');

const sshNames = ['ssh', 'sshd', 'openssh', 'openssh-server'];

/** Services by the names that OpenFactory and people have for them, where Debian's unit has another. */
const unitNames: Readonly<Record<string, string>> = {
	...Object.fromEntries(sshNames.map((name) => [name, 'ssh'])),
	firewall: 'nftables',
	monitoring: 'prometheus-node-exporter',
	redis: 'redis-server',
};

/** The unit of Debian that a service of a recipe is. */
export const unitOf = (name: string): string => {
	const known = withoutEnding(name);
	return Object.hasOwn(unitNames, known) ? (unitNames[known] ?? name) : name;
};

/** Whether a service is the SSH server, by any of its names. */
export const isSsh = ({ name }: Pick<ServiceDocument, 'name'>): boolean => sshNames.includes(withoutEnding(name));

/** Whether a service is OpenFactory's firewall. */
export const isFirewall = ({ name }: Pick<ServiceDocument, 'name'>): boolean => withoutEnding(name) === 'firewall';

/** Services of OpenFactory that are no unit of Debian, with what a rehearsal does of them. */
const notSetUp: Readonly<Record<string, string>> = {
	vpn: 'no VPN is set up',
	dns: 'no DNS server is set up',
	dhcp: 'no DHCP server is set up',
	git: 'it brings its package, and has no unit',
	headless: 'it brings nothing, and has no unit',
	python: 'it brings its package, and has no unit',
	nodejs: 'it brings its packages, and has no unit',
	'security-hardening': 'it brings its packages, and has no unit',
};

/** Why a service is left out altogether; undefined for one whose unit is enabled. */
export const whyNoUnit = (name: string): string | undefined => {
	const known = withoutEnding(name);
	return Object.hasOwn(notSetUp, known) ? notSetUp[known] : undefined;
};

/** systemd.unit(5): the characters of a unit's name. */
const unitName = /^[A-Za-z0-9_][A-Za-z0-9:_.@\\-]{0,250}$/;

/** Whether a text can be the name of a unit to enable. */
export const isUnit = (name: string): boolean => unitName.test(name);

/** Something wrong with a service's configuration. */
export interface ServiceProblem {
	/** From the service on: `['config', 'port']`. */
	readonly path: PlanPath;
	readonly message: string;
	readonly fix: string;
}

/** The settings of the SSH server that a service asks for; undefined for another service, or one without configuration. */
export function readSshSettings(service: ServiceDocument): { readonly settings?: SshSettings; readonly problems: readonly ServiceProblem[] } {
	if (!isSsh(service) || service.config === undefined) return { problems: [] };
	const { config } = service;
	const result = sshConfigSchema.safeParse(config);
	if (!result.success) return { problems: result.error.issues.flatMap((issue) => describeIssue(issue, config)) };
	const { data } = result;
	return {
		settings: {
			port: data.port,
			allowRoot: data.allow_root,
			passwords: !data.disable_password_auth,
			emptyPasswords: data.permit_empty_passwords,
			loginGraceSeconds: data.timeout,
			clientAliveSeconds: data.client_alive_interval,
			maxAuthTries: data.max_auth_tries,
		},
		problems: [],
	};
}

function describeIssue(issue: z.core.$ZodIssue, config: Readonly<Record<string, unknown>>): ServiceProblem[] {
	const known = Object.keys(sshConfigSchema.shape);
	if (issue.code === 'unrecognized_keys') {
		return issue.keys.map((key) => {
			const meant = closest(key, known);
			const fix = meant ? `did you mean "${meant}"?` : `remove it; known here: ${known.join(', ')}`;
			return { path: ['config', key], message: `unknown key "${key}"`, fix };
		});
	}
	const key = String(issue.path[0]);
	return [{ path: ['config', key], message: `expected ${issue.message}, got ${quote(config[key])}`, fix: `write ${issue.message}` }];
}
