/**
 * The object of `rehearse run --json` as a schema, which tools publish with their answers. The types of ../outcome are the
 * original: a key that is missing here is an error of the compiler, or of the test that reads recorded results with it.
 */
import { z } from 'zod';
import type { RunResult } from '../outcome/result.js';

/** A list that nobody changes, without `readOnly` in its schema: clients have to send and to show all of a schema. */
export const list = <T extends z.ZodType>(item: T) => z.array(item) as unknown as z.ZodType<readonly z.output<T>[], readonly z.input<T>[]>;

const ms = z.number().describe('milliseconds');
const line = z.number().describe('1-based');
const reached = z.enum(['passed', 'failed', 'error', 'not run', 'not judged']);
const scriptStatus = z.enum(['passed', 'failed', 'timed-out']);

const failedSource = z.object({ file: z.string(), line: line.nullable() });

const difference = z.object({
	kind: z.string(),
	subject: z.string(),
	change: z.string(),
	sentence: z.string(),
	line: line.optional(),
});

const assertionsFailed = list(
	z.object({ test: z.string(), type: z.string(), on_vm: z.string(), status: reached, message: z.string().optional() }),
);

/** A failure that a startup script went on behind. */
export const swallowedSchema = z.object({
	line: line.nullable(),
	source: z.string().optional(),
	command: z.string(),
	exit_code: z.number().nullable(),
	message: z.string(),
});

/** A node's attempt to reach something that is not in the lab. */
export const outsideSchema = z.object({
	node: z.string(),
	protocol: z.string(),
	address: z.string(),
	port: z.number().optional(),
	name: z.string().optional(),
	query_types: list(z.string()).optional(),
	count: z.number(),
	first_at: z.string(),
	script: z.string().optional(),
	line: line.optional(),
	source: z.string().optional(),
	command: z.string().optional(),
	phase: z.string().optional(),
});

/** Something of a plan that a rehearsal leaves out. */
export const leftOutSchema = z.object({ path: z.string(), why: z.string() });

/** A finding that the plan's author has waived. */
export const waivedSchema = z.object({
	rule: z.string(),
	path: z.string(),
	file: z.string().optional(),
	line: z.number().optional(),
	message: z.string(),
	why: z.string(),
});

/** How one startup script of a node came out. */
const startupSchema = z.object({
	script: z.string(),
	status: z.enum([...scriptStatus.options, 'not run']),
	exit_code: z.number().nullable(),
	ms,
	failed_line: line.optional(),
	failed_source: failedSource.optional(),
	trace_ended_at: line.optional(),
	reasons: list(z.string()).optional(),
	swallowed: list(swallowedSchema).optional(),
});

const nodeSchema = z.object({
	name: z.string(),
	status: reached,
	origin: z
		.union([
			z.object({ from: z.literal('checkpoint'), kind: z.string(), saved_at: z.string() }),
			z.object({ from: z.literal('iso'), sha256: z.string(), firmware: z.enum(['bios', 'uefi']), persistence: z.literal(true).optional() }),
			z.object({ from: z.literal('power-on'), why: z.string().optional() }),
		])
		.optional(),
	login: z
		.object({ user: z.string(), port: z.number(), status: z.enum(['passed', 'failed', 'closed']), message: z.string().optional() })
		.optional(),
	ended: z
		.object({ how: z.string(), script: z.string().optional(), line: line.optional(), command: z.string().optional(), message: z.string() })
		.optional()
		.describe('how what runs in it has rebooted its machine or powered it off, with no way back'),
	startup: list(startupSchema),
});

const testSchema = z.object({
	name: z.string(),
	status: reached,
	assertions: list(
		z.object({
			...{ type: z.string(), on_vm: z.string(), status: reached, ms, attempts: z.number(), message: z.string().optional() },
			decided_by: z.object({ by: z.enum(['timeout', 'settle']), seconds: z.number() }).optional(),
		}),
	),
});

const twiceSchema = z.object({
	status: reached,
	scripts: list(
		z.object({
			node: z.string(),
			script: z.string(),
			status: scriptStatus,
			exit_code: z.number().nullable(),
			ms,
			failed_line: line.optional(),
			failed_source: failedSource.optional(),
			trace_ended_at: line.optional(),
			differences: list(difference),
		}),
	),
	assertions_failed: assertionsFailed,
});

const rebootSchema = z.object({
	status: reached,
	machines: list(
		z.object({
			...{ node: z.string(), ms, missing: list(difference) },
			startup: list(z.object({ script: z.string(), status: z.enum(['passed', 'failed', 'timed-out']), exit_code: z.number().nullable(), ms }))
				.optional()
				.describe('of a live medium: the startup scripts that ran again'),
			forgotten: list(difference).optional().describe('what a live medium forgot; no failure'),
		}),
	),
	assertions_failed: assertionsFailed,
});

const shuffleSchema = z.object({
	status: reached,
	seed: z.number(),
	orders: list(
		z.object({
			order: list(z.object({ node: z.string(), delay_ms: ms })),
			verdict: z.enum(['passed', 'failed', 'error', 'not run']),
			failures: list(z.string()),
			run_directory: z.string(),
		}),
	),
});

/** The verdict of a run. */
export const verdictSchema = z.enum(['passed', 'failed', 'error', 'not run']);

/** What kept a rehearsal from its end. */
export const errorSchema = z.object({
	code: z.string(),
	message: z.string(),
	exit_code: z.number(),
	hint: z.string().optional(),
	node: z.string().optional(),
	detail: z.string().optional(),
});

/** The whole result. */
export const runResultSchema = z.object({
	schema: z.literal(1),
	lab: z.string(),
	plan_sha256: z.string(),
	verdict: verdictSchema,
	accelerator: z.object({ name: z.enum(['kvm', 'tcg']), reason: z.string() }).nullable(),
	cold: z.boolean(),
	ms,
	stages: list(z.object({ name: z.string(), node: z.string().optional(), status: reached, ms })),
	nodes: list(nodeSchema),
	tests: list(testSchema),
	outside: list(outsideSchema).optional(),
	warnings: list(z.string()),
	left_out: list(leftOutSchema),
	waived: list(waivedSchema).optional(),
	twice: twiceSchema.optional(),
	reboot: rebootSchema.optional(),
	shuffle: shuffleSchema.optional(),
	error: errorSchema.optional(),
});

/** Checks by its types that the schema takes every result. */
export const asResult = (result: RunResult): z.input<typeof runResultSchema> => result;

type Member<B, K> = B extends unknown ? (K extends keyof B ? B[K] : never) : never;
type KeyOf<B> = B extends unknown ? keyof B : never;

/** The names of keys, however deep, that objects of one type may have and those of another have not. */
type MissingKeys<A, B> = A extends readonly (infer I)[]
	? B extends readonly (infer J)[]
		? MissingKeys<I, J>
		: never
	: A extends object
		? { [K in keyof A]-?: K extends KeyOf<B> ? MissingKeys<NonNullable<A[K]>, NonNullable<Member<B, K>>> : K }[keyof A]
		: never;

type Missing = MissingKeys<RunResult, z.output<typeof runResultSchema>>;

/** A key that the result has and the schema has not is an error of the compiler here, which names it. */
export const isWhole: [Missing] extends [never] ? true : Missing = true;
