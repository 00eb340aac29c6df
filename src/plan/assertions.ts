/**
 * The assertion vocabulary: the parameters of each type, written once, from which an assertion of a plan becomes one
 * of the lab. The lint rules and resolving both read assertions through here, so they cannot disagree.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import type { Assertion, AssertionType, CommandExpectation } from '../lab/lab.js';
import { expressionOf } from '../lab/pattern.js';
import { closest } from './keys.js';
import { quote } from './problems.js';
import type { AssertionDocument } from './schema.js';
import type { PlanPath } from './types.js';

type Parameters<T extends AssertionType> = Omit<Extract<Assertion, { type: T }>, 'type' | 'onVm' | 'notJudged'>;

const text = z.string({ error: 'a text' }).min(1, { error: 'a text that is not empty' });
/**
 * What YAML may have read as a number or a truth, though it is meant as text: `version: 17`, `expected: true`. Where such a
 * one is written in another way, as `1.10` is, it comes here as it is written (tree.ts).
 */
const scalarText = z.union([z.string(), z.number(), z.boolean()], { error: 'a text' }).transform(String);
const filledText = scalarText.pipe(text);
const integer = (minimum: number, maximum: number) => {
	const error = `a whole number from ${minimum} to ${maximum}`;
	return z
		.union([z.number(), z.string().regex(/^\d+$/).transform(Number)], { error })
		.pipe(z.int({ error }).min(minimum, { error }).max(maximum, { error }));
};
const port = integer(1, 65_535);
const optional = z.exactOptional;

const regularExpression = filledText.refine(isRegularExpression, { error: 'a regular expression, such as ^active$' });
const httpUrl = text.refine(isHttpUrl, { error: 'a URL such as http://localhost:8080/' });
const hostName = text.refine(isHost, { error: 'the name or address of a host by itself, such as 10.71.0.20' });
const boundAddress = text.refine((address) => isIP(address) !== 0 || /^(?:any|localhost|\*)$/.test(address), { error: 'an address such as 127.0.0.1, "localhost" or "any"' });
const absolutePath = text.startsWith('/', { error: 'an absolute path' });
/** Octal digits, four of them; YAML reads `0750` as a number and drops the zero. */
const fileMode = scalarText
	.pipe(z.string().regex(/^(?:0o)?[0-7]{3,4}$/, { error: 'octal digits such as "0750"' }))
	.transform((mode) => mode.replace('0o', '').padStart(4, '0'));

const seconds = z
	.union([z.number(), z.string().regex(/^\d+(?:\.\d+)?$/).transform(Number)], { error: 'seconds' })
	.pipe(z.number().positive({ error: 'seconds above 0' }).max(86_400, { error: 'seconds, a day at most' }));

/** Every type has a time of its own. */
const parameters = <Shape extends z.core.$ZodShape>(shape: Shape) =>
	z.strictObject({ ...shape, timeout: optional(seconds) });

const commandParameters = parameters({
	command: text,
	expected: optional(filledText),
	expected_output: optional(filledText),
	contains: optional(filledText),
	equals: optional(scalarText),
	matches: optional(regularExpression),
	exit_code: optional(integer(0, 255)),
});

/** The parameters of every type. The `satisfies` proves them to be those of the lab's types. */
export const assertionParameters = {
	port_listening: parameters({
		port,
		protocol: z.enum(['tcp', 'udp'], { error: '"tcp" or "udp"' }).default('tcp'),
		address: optional(boundAddress),
	}),
	command_output: commandParameters.transform(({ command, timeout, ...expected }) => ({
		command,
		expect: commandExpectation(expected),
		...(timeout === undefined ? {} : { timeout }),
	})),
	http_responds: parameters({
		url: httpUrl,
		status: integer(100, 599).default(200),
		contains: optional(filledText),
		method: text.regex(/^[A-Za-z-]+$/, { error: 'a method such as GET' }).default('GET'),
	}),
	user_exists: parameters({
		username: text,
		groups: optional(z.array(text, { error: 'a list of groups' })),
		shell: optional(text),
		home: optional(text),
	}),
	group_exists: parameters({ name: text, gid: optional(integer(0, 2 ** 32 - 2)) }),
	service_running: parameters({ service: text }),
	service_enabled: parameters({ service: text }),
	process_running: parameters({ name: text, user: optional(text), count: optional(integer(0, 1_000_000)) }),
	package_installed: parameters({ package: text, version: optional(filledText) }),
	package_not_installed: parameters({ package: text }),
	file_exists: parameters({
		path: absolutePath,
		mode: optional(fileMode),
		owner: optional(text),
		group: optional(text),
		contains: optional(filledText),
	}),
	network_reachable: parameters({ host: hostName, port: optional(port) }),
	vm_boots: parameters({}),
} satisfies { readonly [T in AssertionType]: z.ZodType<Parameters<T>> };

/** The types, in the order of the table. */
export const assertionTypes = Object.keys(assertionParameters) as readonly AssertionType[];

/** Something wrong with one assertion. */
export interface AssertionProblem {
	readonly kind: 'unknown-type' | 'unknown-parameter' | 'missing-parameter' | 'bad-parameter' | 'expects-nothing';
	/** From the assertion on: `['params', 'port']`. */
	readonly path: PlanPath;
	readonly message: string;
	readonly fix: string;
}

export type AssertionReading =
	| { readonly assertion: Assertion; readonly problems: readonly [] }
	| { readonly assertion?: undefined; readonly problems: readonly AssertionProblem[] };

/**
 * Reads one assertion; parameters are in `params`, beside `type`, or some here and some there. A missing `on_vm` is
 * not judged here: `onVm` is then empty.
 */
export function readAssertion(document: AssertionDocument): AssertionReading {
	const type = assertionTypes.find((known) => known === document.type);
	if (type === undefined) return { problems: [unknownType(document.type)] };
	const { type: _type, on_vm: onVm = '', params = {}, description: _description, ...beside } = document;
	const twice = Object.keys(params).filter((key) => Object.hasOwn(beside, key));
	if (twice.length > 0) return { problems: twice.map((key) => givenTwice(key)) };

	const given = { ...beside, ...params };
	const result = assertionParameters[type].safeParse(given);
	const pathOf = (path: PlanPath): PlanPath => (Object.hasOwn(beside, path[0] ?? '') ? path : ['params', ...path]);
	if (!result.success) {
		return { problems: result.error.issues.flatMap((issue) => describeIssue(type, issue, given, pathOf)) };
	}
	const nothing = type === 'command_output' ? expectsNothing(commandParameters.parse(given)) : undefined;
	if (nothing) return { problems: [nothing] };
	// The union cannot follow `type` through the table; the table's `satisfies` has checked each entry.
	return { assertion: { onVm, type, ...result.data } as Assertion, problems: [] };
}

/** The three names for a substring; OpenFactory's documentation and its group builder differ. */
const SUBSTRING_NAMES = ['expected', 'expected_output', 'contains'] as const;

type CommandJudgement = Omit<z.output<typeof commandParameters>, 'command' | 'timeout'>;

function commandExpectation(judgement: CommandJudgement): CommandExpectation {
	const contains = SUBSTRING_NAMES.map((name) => judgement[name]).find((value) => value !== undefined);
	return {
		...(contains === undefined ? {} : { contains }),
		...(judgement.equals === undefined ? {} : { equals: judgement.equals.trim() }),
		...(judgement.matches === undefined ? {} : { matches: judgement.matches }),
		exitCode: judgement.exit_code ?? 0,
	};
}

function expectsNothing(judgement: CommandJudgement): AssertionProblem | undefined {
	const named = SUBSTRING_NAMES.filter((name) => judgement[name] !== undefined);
	if (named.length > 1) {
		const message = `${named.join(' and ')} all mean a substring of the output`;
		return { kind: 'bad-parameter', path: [], message, fix: `keep one of them, such as "${named[0]}"` };
	}
	const { equals, matches, exit_code: exitCode } = judgement;
	if (named.length > 0 || equals !== undefined || matches !== undefined || exitCode !== undefined) return undefined;
	return {
		kind: 'expects-nothing',
		path: [],
		message: 'command_output expects nothing, so it asserts nothing',
		fix: 'add "expected" (a substring of the output), "equals", "matches" or "exit_code"',
	};
}

function unknownType(type: string): AssertionProblem {
	const meant = closest(type, assertionTypes);
	const fix = meant ? `did you mean "${meant}"?` : `use one of ${assertionTypes.join(', ')}`;
	return { kind: 'unknown-type', path: ['type'], message: `unknown assertion type ${quote(type)}`, fix };
}

const givenTwice = (key: string): AssertionProblem => ({
	kind: 'bad-parameter',
	path: [key],
	message: `"${key}" is in "params" and beside "type"`,
	fix: 'keep one of them',
});

function describeIssue(
	type: AssertionType,
	issue: z.core.$ZodIssue,
	given: Readonly<Record<string, unknown>>,
	pathOf: (path: PlanPath) => PlanPath,
): AssertionProblem[] {
	if (issue.code === 'unrecognized_keys') {
		return issue.keys.map((key) => {
			const known = parameterNames(type);
			const meant = closest(key, known);
			const others = `${type} takes ${known.join(', ')}`;
			const message = `unknown parameter "${key}"`;
			const fix = meant ? `did you mean "${meant}"?` : `remove it; ${others}`;
			return { kind: 'unknown-parameter', path: pathOf([key]), message, fix };
		});
	}
	const path = issue.path as PlanPath;
	const name = String(path[0]);
	if (given[name] === undefined) {
		const message = `${type} needs "${name}"`;
		return [{ kind: 'missing-parameter', path: pathOf(path), message, fix: `add "${name}"` }];
	}
	const value = path.slice(1).reduce<unknown>((inner, key) => (inner as Readonly<Record<string | number, unknown>> | undefined)?.[key], given[name]);
	const message = `"${name}": expected ${issue.message}, got ${quote(value)}`;
	return [{ kind: 'bad-parameter', path: pathOf(path), message, fix: fixOf(name, value, issue.message) }];
}

/** What to write in the place of a value. YAML takes `command: true` for a truth, and `equals: null` for nothing. */
function fixOf(name: string, value: unknown, expected: string): string {
	if (value === null) return `write ${expected}, in quotes where it is the word null, or take "${name}" away`;
	return expected === 'a text' && (typeof value === 'number' || typeof value === 'boolean') ? 'put it in quotes' : `write ${expected}`;
}

/** The names of the parameters that a type takes, in the order of the documentation. */
export function parameterNames(type: AssertionType): string[] {
	const schema = assertionParameters[type];
	return Object.keys(schema instanceof z.ZodPipe ? commandParameters.shape : schema.shape);
}

function isRegularExpression(pattern: string): boolean {
	try {
		return expressionOf(pattern) instanceof RegExp;
	} catch {
		return false;
	}
}

/** A prefix length, a port or a scheme belongs to no host, and what is only numbers is an address or nothing. */
function isHost(host: string): boolean {
	return isIP(host) !== 0 || (/^[\p{L}\p{N}_-]+(?:\.[\p{L}\p{N}_-]+)*\.?$/u.test(host) && !/^[\d.]+$/.test(host));
}

function isHttpUrl(url: string): boolean {
	if (!URL.canParse(url)) return false;
	const { protocol, port } = new URL(url);
	return /^https?:$/.test(protocol) && port !== '0';
}
