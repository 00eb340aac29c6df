/** The published JSON Schema of plans (`rehearse check --schema`), made from the schema that reads them. */
import { z } from 'zod';
import { assertionParameters, assertionTypes } from './assertions.js';
import { formTable, type Form } from './forms.js';
import { assertionSchema, recipeSchema, serviceSchema, userSchema } from './recipe-schema.js';
import { nodeSchema, planSchema } from './schema.js';
import { sshConfigSchema } from './services.js';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The schemas whose mappings may be written in several forms. */
const written = new Map<unknown, Form | undefined>([
	[nodeSchema, formTable['nodes.[]']],
	[recipeSchema, formTable['nodes.[].recipe']],
	[userSchema, formTable['nodes.[].recipe.users.[]']],
]);

/**
 * JSON Schema, draft 2020-12, of a plan in snake_case; plans in camelCase are read too, but not described. Besides
 * the plan's shape it knows the forms in which it may be written, and each assertion type's parameters.
 */
export function publishedSchema(): JsonSchema {
	const { $schema, ...schema } = z.toJSONSchema(planSchema, {
		io: 'input',
		override: ({ zodSchema, jsonSchema }) => {
			if ((zodSchema as unknown) === assertionSchema) Object.assign(jsonSchema, { allOf: assertionTypes.map(parametersOf) });
			if ((zodSchema as unknown) === serviceSchema) describeService(jsonSchema);
			const form = written.get(zodSchema);
			if (form) describeForm(jsonSchema, form);
		},
	});
	// What carries anchors of YAML for the rest.
	return { $schema, title: 'A lab plan of rehearse', ...schema, patternProperties: { '^(?:x-|\\.)': {} } } as JsonSchema;
}

/** Every name that a key may have, in every place. One of several names is enough, so none of them is required. */
function describeForm(schema: JsonSchema, { renamed = {}, lifted = [], lists = [], gigabytes = [] }: Form): void {
	const { properties = {}, required = [] } = schema;
	for (const key of lists) properties[key] = either({ type: 'string' }, properties[key]);
	for (const [other, key] of Object.entries(renamed)) {
		const unit = gigabytes.includes(other) ? { description: `In gigabytes; another name of ${key}` } : { description: `Another name of ${key}` };
		properties[other] = { ...asSchema(properties[key]), ...unit };
	}
	for (const key of lifted) {
		const { [key]: _, ...inner } = properties;
		const description = 'Keys of the recipe may be here as well, each in one of the two places';
		properties[key] = { description, type: 'object', properties: inner, additionalProperties: false };
	}
	const others = Object.values(renamed);
	const names = (key: string): string[] => [key, ...Object.keys(renamed).filter((other) => renamed[other] === key)];
	const several = required.filter((key) => others.includes(key));
	Object.assign(schema, {
		properties,
		required: required.filter((key) => !others.includes(key)),
		...(several.length > 0 ? { allOf: several.map((key) => ({ anyOf: names(key).map((name) => ({ required: [name] })) })) } : {}),
	});
}

/** A name alone, or a name with a configuration. */
function describeService(schema: JsonSchema): void {
	const { $schema: _, ...config } = z.toJSONSchema(sshConfigSchema, { io: 'input' });
	const inner = { ...schema };
	for (const key of Object.keys(schema)) delete (schema as Record<string, unknown>)[key];
	const ssh = { if: { properties: { name: { const: 'ssh' } }, required: ['name'] }, then: { properties: { config } } };
	Object.assign(schema, either({ type: 'string' }, { ...inner, ...ssh } as JsonSchema));
}

const asSchema = (schema: boolean | JsonSchema | undefined): JsonSchema => (typeof schema === 'object' ? schema : {});

const either = (one: JsonSchema, other: boolean | JsonSchema | undefined): JsonSchema => ({ anyOf: [one, asSchema(other)] });

/** The rule for one type: its parameters are in `params`, where there is one, or beside `type`. */
function parametersOf(type: keyof typeof assertionParameters): JsonSchema {
	const { $schema: _, ...parameters } = z.toJSONSchema(assertionParameters[type], { io: 'input' });
	const { properties = {}, required = [] } = parameters;
	return {
		if: { properties: { type: { const: type } }, required: ['type'] },
		then: {
			if: { required: ['params'] },
			then: { properties: { params: parameters } },
			else: { properties, ...(required.length > 0 ? { required } : {}) },
		},
	} as JsonSchema;
}
