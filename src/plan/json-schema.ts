/** The published JSON Schema of plans (`rehearse check --schema`), made from the schema that reads them. */
import { z } from 'zod';
import { assertionParameters, assertionTypes } from './assertions.js';
import { assertionSchema, planSchema } from './schema.js';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * JSON Schema, draft 2020-12, of a plan in snake_case; plans in camelCase are read too, but not described. Besides
 * the plan's shape it knows each assertion type's parameters.
 */
export function publishedSchema(): JsonSchema {
	const { $schema, ...schema } = z.toJSONSchema(planSchema, {
		io: 'input',
		override: ({ zodSchema, jsonSchema }) => {
			if (zodSchema === assertionSchema) Object.assign(jsonSchema, { allOf: assertionTypes.map(parametersOf) });
		},
	});
	return { $schema, title: 'A lab plan of rehearse', ...schema } as JsonSchema;
}

/** The rule for one type: its parameters stand in `params`, where there is one, or beside `type`. */
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
