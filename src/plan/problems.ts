/** Validation against the schema, in the terms of a plan's author: every problem at once, each with its place. */
import { z } from 'zod';
import { oneLine, plural } from '../base/format.js';
import { maximumNodes } from '../lab/addressing.js';
import { formAt } from './forms.js';
import { closest, toCamelCase } from './keys.js';
import { planSchema, type PlanDocument } from './schema.js';
import { maximumItems } from './syntax.js';
import type { PlanTree } from './tree.js';
import type { PlanPath, Problem } from './types.js';

type Issue = z.core.$ZodIssue;

export interface Validation {
	readonly document?: PlanDocument;
	readonly problems: readonly Problem[];
}

/**
 * The document of a tree and what is wrong with its shape. Unknown keys alone do not cost the document, so that all
 * other findings are reported together with them.
 */
export function validatePlan(tree: PlanTree): Validation {
	const duplicates = tree.duplicates.map(({ path, line, first }): Problem => ({
		code: 'duplicate-key',
		path,
		...(line === undefined ? {} : { line }),
		message: path === first.path ? `appears twice; the first is on line ${first.line}` : oneLine(`means the same as ${first.path} on line ${first.line}`),
		fix: 'keep one of them',
	}));
	const tooLong = tree.tooLong.map(describeTooLong);
	if (tooLong.length > 0) return { problems: bounded([...duplicates, ...tooLong]) };
	const first = planSchema.safeParse(tree.normalised);
	if (first.success) return { document: first.data, problems: bounded(duplicates) };
	const problems = [...duplicates, ...first.error.issues.slice(0, maximumIssues).flatMap((issue) => describeIssue(issue, tree))];
	problems.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
	const isUnknownOnly = first.error.issues.every(({ code }) => code === 'unrecognized_keys');
	const second = isUnknownOnly ? planSchema.safeParse(withoutUnknownKeys(tree.normalised, first.error.issues)) : undefined;
	return second?.success ? { document: second.data, problems: bounded(problems) } : { problems: bounded(problems) };
}

/** How many problems are reported at once: nobody reads more, and a plan of a megabyte can have 100,000. */
const maximumProblems = 200;

/** How many are described at all; an object has no more than 2000 keys by now. */
const maximumIssues = 2000;

function bounded(problems: readonly Problem[]): readonly Problem[] {
	if (problems.length <= maximumProblems) return problems;
	const more = problems.length - maximumProblems;
	const rest: Problem = { code: 'schema', path: '', message: `${plural(more, 'more problem')} of the same kinds`, fix: 'correct those above and check again' };
	return [...problems.slice(0, maximumProblems), rest];
}

const describeTooLong = ({ path, line, count }: PlanTree['tooLong'][number]): Problem => ({
	code: 'schema',
	path,
	...(line === undefined ? {} : { line }),
	...(path === 'nodes'
		? { message: `${count} nodes are more than the ${maximumNodes} leases of the uplink`, fix: 'split the lab' }
		: { message: `${count} entries are more than the ${maximumItems} that are read`, fix: 'a plan needs fewer; is this the right file?' }),
});

function describeIssue(issue: Issue, tree: PlanTree): Problem[] {
	const path = issue.path as PlanPath;
	if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => describeUnknownKey(path, key, tree));
	const found = valueAt(tree.normalised, path);
	if (found === undefined && path.length > 0) {
		const key = spellAs(tree, String(path.at(-1)));
		return [problem('missing-key', tree, path, 'is missing', `add ${JSON.stringify(key)}`)];
	}
	if (path.length === 0 && (found === null || found === undefined)) return [problem('schema', tree, path, 'there is nothing in the file', '`rehearse init` writes a plan to begin with')];
	const expected = expectation(issue);
	const isUnquoted = issue.code === 'invalid_type' && issue.expected === 'string' && (typeof found === 'number' || typeof found === 'boolean');
	// A key of YAML with nothing behind it.
	const isEmpty = found === null && path.length > 0;
	const fix = isUnquoted ? 'put it in quotes' : isEmpty ? `write ${expected}, or take the key away` : `write ${expected}`;
	// What breaks a rule between keys is the object as a whole, of which there is nothing to quote.
	const isSecret = path.at(-1) === 'password';
	const got = issue.code === 'custom' && typeof found === 'object' ? '' : isSecret ? '' : `, got ${quote(found)}`;
	return [problem('schema', tree, path, `expected ${expected}${got}`, fix)];
}

function describeUnknownKey(path: PlanPath, key: string, tree: PlanTree): Problem {
	const known = knownKeys(planSchema, path);
	const meant = closest(key, [...known, ...otherNames(path, key)]);
	const written = oneLine(tree.locate([...path, key]).path.split('.').at(-1) ?? key).slice(0, 100);
	const fix = meant
		? `did you mean "${spellAs(tree, meant)}"?`
		: `remove it; known here: ${known.map((name) => spellAs(tree, name)).join(', ')}`;
	return problem('unknown-key', tree, [...path, key], `unknown key "${written}"`, fix);
}

/** The other names that keys have at a path. One with a unit is not meant by a key with another unit, which has another number. */
const otherNames = (path: PlanPath, key: string): readonly string[] =>
	Object.keys(formAt(path).renamed ?? {}).filter((name) => !(unit.test(name) && unit.test(key)));

const unit = /_[kmgt]i?b$/;

/** A key of the schema in the plan's own spelling. */
const spellAs = (tree: PlanTree, key: string): string => (tree.isCamelCase ? toCamelCase(key) : key);

function problem(code: Problem['code'], tree: PlanTree, path: PlanPath, message: string, fix: string): Problem {
	return { code, ...tree.locate(path), message: oneLine(message), fix: oneLine(fix) };
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
	string: 'a text',
	number: 'a number',
	boolean: 'true or false',
	array: 'a list',
	object: 'an object',
	record: 'an object',
};

/** What the schema wanted; its own messages are just that, zod's are translated. */
function expectation(issue: Issue): string {
	switch (issue.code) {
		case 'invalid_type':
			return TYPE_NAMES[issue.expected] ?? issue.expected;
		case 'invalid_value':
			return issue.values.map((value) => JSON.stringify(value)).join(' or ');
		case 'too_small':
			return issue.origin === 'string' ? 'a text that is not empty' : 'at least one';
		default:
			return issue.message;
	}
}

/** A value as far as a message has room for it. */
export function quote(value: unknown): string {
	if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
	if (value !== null && typeof value === 'object') return 'an object';
	// JSON has no number such as .inf, and would make a null of it.
	const text = oneLine(typeof value === 'number' ? String(value) : (JSON.stringify(typeof value === 'string' ? value.slice(0, 100) : value) ?? 'nothing'));
	return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function valueAt(value: unknown, path: PlanPath): unknown {
	return path.reduce<unknown>((inner, key) => {
		if (inner === null || typeof inner !== 'object' || !Object.hasOwn(inner, key)) return undefined;
		return (inner as Record<string | number, unknown>)[key];
	}, value);
}

/** The keys that the schema knows at a path. */
function knownKeys(schema: z.core.$ZodType, path: PlanPath): string[] {
	if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodNullable) return knownKeys(schema.unwrap(), path);
	if (schema instanceof z.ZodPipe) return knownKeys(schema.in, path);
	const [key, ...rest] = path;
	if (schema instanceof z.ZodArray) return knownKeys(schema.element, rest);
	if (!(schema instanceof z.ZodObject)) return [];
	const shape: Readonly<Record<string, z.core.$ZodType>> = schema.shape;
	if (key === undefined) return Object.keys(shape);
	const inner = shape[key];
	return inner ? knownKeys(inner, rest) : [];
}

function withoutUnknownKeys(value: unknown, issues: readonly Issue[]): unknown {
	const copy: unknown = structuredClone(value);
	for (const issue of issues) {
		if (issue.code !== 'unrecognized_keys') continue;
		const object = valueAt(copy, issue.path as PlanPath) as Record<string, unknown>;
		for (const key of issue.keys) delete object[key];
	}
	return copy;
}
