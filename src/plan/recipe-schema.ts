/**
 * The schema of recipes, as they are once the forms in which they may be written are one (forms.ts).
 *
 * A key is applied, or left out: what OpenFactory takes and a rehearsal does not do is here with what is missing
 * because of it, and left-out.ts reports it. A key that is neither is unknown.
 */
import { z } from 'zod';

/** A text that is not empty. */
export const text = z.string().min(1);
/** A list of texts, empty where it is missing. */
export const texts = z.array(text).default([]);
/** For people only. */
export const described = { description: z.string().optional() };

/** A number, which YAML or a form may have put into quotes. */
export const number = z.union([z.number(), z.string().regex(/^-?\d+(?:\.\d+)?$/).transform(Number)], { error: 'a number' });

/** What is missing from a rehearsal for each key that it leaves out. */
export const leftOutReasons = z.registry<{ readonly why: string }>();

/** A key that OpenFactory takes and a rehearsal does without. */
const leftOut = (why: string) =>
	z.unknown().optional().describe(`Left out of a rehearsal: ${why}`).register(leftOutReasons, { why });

/** A user of a node. */
export const userSchema = z.strictObject({
	username: text,
	password: text.max(512, { error: '512 characters at most, which is all that crypt(3) takes' }).optional().meta({ description: 'In clear; where it is missing, nobody logs in with one' }),
	groups: texts,
	shell: text.default('/bin/bash'),
	home: text.optional(),
	comment: z.string().optional().meta({ description: 'The full name (GECOS)' }),
	ssh_keys: z.array(z.string().trim().min(1)).optional().meta({ description: 'Public keys that may log in' }),
	vyatta_level: leftOut('only Elster OS has levels of access'),
});

/** What a time is, for a message. */
export const timeExpected = 'seconds above 0, 86400 at most';

/** A startup script: inline, or a file beside the plan. */
export const startupScriptSchema = z
	.strictObject({
		name: z.string(),
		...described,
		script: z.string().optional().meta({ description: 'The script itself' }),
		script_file: text.optional().meta({ description: "Path of a .sh file, relative to the plan, within the plan's folder" }),
		after: z
			.union([z.string(), z.array(z.string())], { error: 'the name of a unit' })
			.optional()
			.meta({ description: 'The unit it runs after' }),
		timeout: number
			.refine((value) => value > 0 && value <= 86_400, { error: timeExpected })
			.optional()
			.meta({ description: 'How long it may take, in seconds, on a host as fast as OpenFactory' }),
	})
	.refine((script) => (script.script === undefined) !== (script.script_file === undefined), {
		error: 'either "script" (inline) or "script_file" (a path)',
	});

/** A service: a unit to enable, or one of the services that OpenFactory configures. */
export const serviceSchema = z.strictObject({
	name: text,
	config: z.record(z.string(), z.unknown()).optional(),
});

/** A change to the packages that features and `packages` bring. */
export const packageOverrideSchema = z
	.strictObject({
		name: text,
		action: z.enum(['add', 'remove', 'replace']),
		replacement: text.optional(),
	})
	.refine(({ action, replacement }) => (action === 'replace') === (replacement !== undefined), {
		error: '"replacement" with the action "replace", and only with that',
	});

/** An assertion of any type; assertions.ts has the parameters of each. */
export const assertionSchema = z.looseObject({
	type: z.string(),
	on_vm: z.string().optional(),
	params: z.record(z.string(), z.unknown()).optional(),
});

/** A test: assertions under a name, or under a description that stands for one. */
export const testSchema = z
	.strictObject({
		name: text.optional(),
		...described,
		assertions: z.array(assertionSchema).default([]),
	})
	.refine(({ name, description }) => name !== undefined || (description ?? '') !== '', {
		error: 'a "name", or a "description" in its place',
	})
	.transform(({ name, ...rest }) => ({ name: name ?? rest.description ?? '', ...rest }));

const networkSchema = z.strictObject({ dhcp: z.boolean().optional(), dns: z.array(z.string()).default([]) });

const securitySchema = z.strictObject({
	ssh: z.boolean().optional(),
	firewall: z.boolean().optional(),
	hardening_level: leftOut('no hardening is done to the system'),
	audit_logging: leftOut('auditd is neither installed nor configured'),
	automatic_updates: leftOut('nothing is updated: a rehearsal has no archive to update from'),
});

/** What a node is made of, by the keys of a recipe of OpenFactory. */
export const recipeSchema = z.strictObject({
	name: z.string().optional(),
	...described,
	base_image: z.string().optional(),
	architecture: z.string().optional(),
	features: texts,
	packages: texts,
	package_overrides: z.array(packageOverrideSchema).optional(),
	services: z.array(serviceSchema).default([]),
	network: networkSchema.optional(),
	security: securitySchema.optional(),
	users: z.array(userSchema).default([]),
	startup_scripts: z.array(startupScriptSchema).default([]),
	tests: z.array(testSchema).default([]),
	test_config: z.strictObject({ enabled: z.boolean().optional(), tests: z.array(testSchema).optional() }).optional(),
	// Its keys are those of the recipe (forms.ts); what is left here is no mapping.
	os: z.strictObject({}).nullable().optional(),
	custom_packages: leftOut('they are built from Git on OpenFactory; here they are not installed'),
	custom_obs_packages: leftOut('they are built by the Open Build Service; here they are not installed'),
	extra_repos: leftOut("packages come from Debian's own archive only"),
	desktop: leftOut('there is no desktop'),
	security_level: leftOut('no hardening is done to the system'),
	category: leftOut("it is for OpenFactory's own lists"),
	use_case: leftOut("it is for OpenFactory's own lists"),
	hardware: leftOut('a node has the memory, disk and processors that the plan gives it'),
});

export type RecipeDocument = z.output<typeof recipeSchema>;
export type UserDocument = z.output<typeof userSchema>;
export type ServiceDocument = z.output<typeof serviceSchema>;
export type StartupScriptDocument = z.output<typeof startupScriptSchema>;
export type TestDocument = z.output<typeof testSchema>;
export type AssertionDocument = z.output<typeof assertionSchema>;
