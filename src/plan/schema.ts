/**
 * The plan's schema: the one source of the plan's types and of the published JSON Schema (json-schema.ts).
 *
 * It is read after all keys were brought to snake_case (keys.ts). Objects are strict, so that a misspelt key is a
 * finding and not a silent default. Where a lint rule has more to say than a type error, the schema is deliberately
 * loose and the rule speaks instead:
 *
 * - every `name`, `from`, `to`, `on_vm`: any string; the rules on names, connections and scenarios judge it
 * - `alias`, `network.subnet`, `network.gateway`, `dns`: any string; the rules on addresses judge it
 * - `base_image`, `architecture`: any string, or missing; the rules on recipes know the supported ones
 * - `connections[].port`: any number; the rules on connections judge its range
 * - `after`: a string or a list of them; the rules on scripts ask for a string
 * - `test_config`: may be missing, and may enable tests; the rules on recipes ask for the disabled one
 * - scenarios: any number and any `type`; the rules on scenarios ask for what a profile permits
 * - `tests` of recipes, `test_config` and scenarios: anything; the tool runs only `custom_tests`, so the rules (and
 *   resolving) refuse a filled one rather than pass over it
 * - assertions: any `type`, `on_vm` may be missing, any parameters, in `params` or beside `type`; assertions.ts has
 *   their types, the rules on scenarios report what it says
 */
import { z } from 'zod';
import { parseSize } from './sizes.js';

const text = z.string().min(1);
const texts = z.array(text).default([]);
const described = { description: z.string().optional() };

/** Messages say what is expected, no more: problems.ts makes a sentence of it. */
const sizeExpected = 'MiB or a size such as "4 GB"';
const size = z
	.union([z.string(), z.number()], { error: sizeExpected })
	.refine((value) => parseSize(value) !== undefined, { error: sizeExpected })
	.meta({ description: 'MiB, or a size such as "4 GB", "4G", "512 MB"; GB and GiB both mean 1024 MiB' });

/** A user of a node. */
export const userSchema = z.strictObject({
	username: text,
	password: text.optional(),
	groups: texts,
	shell: text.default('/bin/bash'),
});

/** A startup script: inline, or a file beside the plan. */
export const startupScriptSchema = z
	.strictObject({
		name: z.string(),
		script: z.string().optional().meta({ description: 'The script itself' }),
		script_file: text.optional().meta({ description: 'Path of a .sh file, relative to the plan' }),
		after: z
			.union([z.string(), z.array(z.string())], { error: 'the name of a unit' })
			.optional()
			.meta({ description: 'The unit it runs after' }),
	})
	.refine((script) => (script.script === undefined) !== (script.script_file === undefined), {
		error: 'either "script" (inline) or "script_file" (a path)',
	});

/** What a node is made of, in the words of a recipe of OpenFactory. */
export const recipeSchema = z.strictObject({
	name: z.string().optional(),
	...described,
	base_image: z.string().optional(),
	architecture: z.string().optional(),
	features: texts,
	packages: texts,
	services: texts,
	network: z.strictObject({ dhcp: z.boolean().optional(), dns: z.array(z.string()).default([]) }).optional(),
	security: z.strictObject({ ssh: z.boolean().optional(), firewall: z.boolean().optional() }).optional(),
	users: z.array(userSchema).default([]),
	os: z.strictObject({ startup_scripts: z.array(startupScriptSchema).default([]) }).optional(),
	startup_scripts: z.array(startupScriptSchema).default([]),
	tests: z.array(z.unknown()).default([]),
	test_config: z.strictObject({ enabled: z.boolean().optional(), tests: z.array(z.unknown()).optional() }).optional(),
});

/** A node: its place on the canvas, its size, its lab address, its recipe. */
export const nodeSchema = z.strictObject({
	name: z.string(),
	...described,
	role: text,
	x: z.number(),
	y: z.number(),
	memory: size,
	disk: size,
	alias: z.string().meta({ description: 'Lab address with prefix length, such as 10.71.0.10/24' }),
	recipe: recipeSchema,
});

/** A connection that one node makes to a port of another. */
export const connectionSchema = z.strictObject({
	from: z.string(),
	to: z.string(),
	port: z.number(),
	protocol: z.enum(['tcp', 'udp']).optional(),
	intent: z.string().optional(),
});

/** An assertion of any type; assertions.ts has the parameters of each. */
export const assertionSchema = z.looseObject({
	type: z.string(),
	on_vm: z.string().optional(),
	params: z.record(z.string(), z.unknown()).optional(),
});

/** A test: assertions under one name. */
export const customTestSchema = z.strictObject({
	name: text,
	...described,
	assertions: z.array(assertionSchema).default([]),
});

/** A scenario: tests that are run on the booted lab. */
export const scenarioSchema = z.strictObject({
	name: z.string(),
	...described,
	type: z.string().optional(),
	tests: z.array(z.unknown()).default([]),
	custom_tests: z.array(customTestSchema).default([]),
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
	warnings: texts.meta({ description: 'What is left to deployment time; every report repeats it' }),
});

/** A plan as a person wrote it, keys in snake_case and absent lists as empty ones. */
export type PlanDocument = z.output<typeof planSchema>;
export type NodeDocument = z.output<typeof nodeSchema>;
export type RecipeDocument = z.output<typeof recipeSchema>;
export type UserDocument = z.output<typeof userSchema>;
export type StartupScriptDocument = z.output<typeof startupScriptSchema>;
export type ConnectionDocument = z.output<typeof connectionSchema>;
export type ScenarioDocument = z.output<typeof scenarioSchema>;
export type CustomTestDocument = z.output<typeof customTestSchema>;
export type AssertionDocument = z.output<typeof assertionSchema>;
