/**
 * The plan's schema: the one source of the plan's types and of the published JSON Schema (json-schema.ts).
 *
 * It is read after all keys were brought to snake_case and to the one place that each has (forms.ts). Objects are strict,
 * so that a misspelt key is a finding and not a silent default. Where a lint rule explains more than a type error, the
 * schema is deliberately loose and the rule reports instead:
 *
 * - every `name`, `from`, `to`, `on_vm`: any string; the rules on names, connections and scenarios judge it
 * - `alias`, `network.subnet`, `network.gateway`, `dns`: any string; the rules on addresses judge it
 * - `base_image`, `architecture`: any string, or missing; the rules on recipes know the supported ones
 * - `connections[].port`: any number; the rules on connections judge its range
 * - `after`: a string or a list of them; the rules on scripts ask for a string
 * - `test_config`: may be missing, and may enable tests; the rules on recipes ask for the disabled one in a compact lab
 * - scenarios: any number and any `type`; the rules on scenarios ask for what a profile permits
 * - `tests` of scenarios: anything; the tool runs only `custom_tests`, so the rules (and resolving) refuse a filled one
 *   rather than pass over it
 * - `services[].config`: any keys; services.ts has those of each service
 * - assertions: any `type`, `on_vm` may be missing, any parameters, in `params` or beside `type`; assertions.ts has
 *   their types, the rules on scenarios report what it finds
 */
import { z } from 'zod';
import { described, number, recipeSchema, testSchema, text, texts, timeExpected } from './recipe-schema.js';
import { parseSize } from './sizes.js';

/** Messages have what is expected, no more: problems.ts makes a sentence of it. */
const sizeExpected = 'MiB or a size such as "4 GB"';
const size = z
	.union([z.string(), z.number()], { error: sizeExpected })
	.refine((value) => parseSize(value) !== undefined, { error: sizeExpected })
	.meta({ description: 'MiB, or a size such as "4 GB", "4G", "512 MB"; GB and GiB both mean 1024 MiB' });

/** Rules of `check` whose findings are known and accepted. */
const waive = z
	.array(z.union([z.string(), z.strictObject({ rule: z.string(), why: z.string().optional() })], { error: 'the id of a rule, or { rule, why }' }))
	.optional()
	.meta({ description: 'Rules of `check` whose findings are known and accepted; every report repeats them' });

/** A node: its place on the canvas, its size, its lab addresses, its recipe. */
export const nodeSchema = z.strictObject({
	name: z.string(),
	...described,
	role: text.default('node'),
	x: number.optional(),
	y: number.optional(),
	memory: size,
	disk: size,
	vcpus: number.optional().meta({ description: 'Processors; one where it is missing' }),
	alias: z.array(z.string()).default([]).meta({ description: 'Lab addresses with prefix length, such as 10.71.0.10/24' }),
	recipe: recipeSchema,
	waive,
});

/** A connection that one node makes to a port of another. */
export const connectionSchema = z.strictObject({
	from: z.string(),
	to: z.string(),
	port: number,
	protocol: z.enum(['tcp', 'udp']).optional(),
	intent: z.string().optional(),
});

/** A scenario: tests that are run on the booted lab. */
export const scenarioSchema = z.strictObject({
	name: z.string(),
	...described,
	type: z.string().optional(),
	settle: number
		.refine((value) => value > 0 && value <= 86_400, { error: timeExpected })
		.optional()
		.meta({ description: 'Seconds from its beginning in which services may come up: until then no assertion fails' }),
	tests: z.array(z.unknown()).default([]),
	custom_tests: z.array(testSchema).default([]),
});

/** The whole plan. */
export const planSchema = z.strictObject({
	$schema: z.string().optional(),
	name: z.string(),
	...described,
	profile: z
		.enum(['general', 'compact'])
		.default('general')
		.meta({ description: 'compact: the rules of the compact-lab prompt apply too' }),
	network: z.strictObject({ subnet: z.string().optional(), gateway: z.string().optional() }).optional(),
	nodes: z.array(nodeSchema).min(1),
	connections: z.array(connectionSchema).default([]),
	scenarios: z.array(scenarioSchema).default([]),
	waive,
	warnings: texts.meta({ description: 'What is left to deployment time; every report repeats it' }),
});

/** A plan as a person wrote it, every key in its one place and absent lists as empty ones. */
export type PlanDocument = z.output<typeof planSchema>;
export type NodeDocument = z.output<typeof nodeSchema>;
export type ConnectionDocument = z.output<typeof connectionSchema>;
export type ScenarioDocument = z.output<typeof scenarioSchema>;
export type { AssertionDocument, RecipeDocument, ServiceDocument, StartupScriptDocument, TestDocument, UserDocument } from './recipe-schema.js';
