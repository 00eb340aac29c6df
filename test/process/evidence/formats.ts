/** Tools of others that judge what an export is made of. Each resolves to what it finds wrong, as text; empty for nothing. */
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { dsse } from '@sigstore/core';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { preAuthenticationEncoding } from '../../../src/evidence/dsse.js';

/** It reads its schema once. */
const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);

/** What the schema of CycloneDX 1.6 finds in a bill of materials, by the validator of the CycloneDX project. */
export async function sbomErrors(text: string): Promise<string> {
	const errors = await validator.validate(text);
	return errors === null ? '' : JSON.stringify(errors);
}

const texts = { type: 'array', items: { type: 'string', minLength: 1 } } as const;

/** github.com/in-toto/attestation, spec/v1/resource_descriptor.md */
const descriptor = {
	type: 'object',
	anyOf: [{ required: ['uri'] }, { required: ['digest'] }, { required: ['content'] }],
	properties: {
		name: { type: 'string' },
		uri: { type: 'string' },
		digest: { type: 'object', minProperties: 1, properties: { sha256: { pattern: '^[0-9a-f]{64}$' } }, additionalProperties: { type: 'string' } },
		content: { type: 'string' },
		downloadLocation: { type: 'string' },
		mediaType: { type: 'string' },
		annotations: { type: 'object' },
	},
	additionalProperties: false,
} as const;

/** spec/v1/statement.md and spec/predicates/test-result.md of the same, strict: a key that neither has is an error. */
const statement = {
	type: 'object',
	required: ['_type', 'subject', 'predicateType', 'predicate'],
	properties: {
		_type: { const: 'https://in-toto.io/Statement/v1' },
		subject: { type: 'array', minItems: 1, uniqueItems: true, items: { allOf: [{ $ref: '#/$defs/descriptor' }, { required: ['digest'] }] } },
		predicateType: { const: 'https://in-toto.io/attestation/test-result/v0.1' },
		predicate: {
			type: 'object',
			required: ['result', 'configuration'],
			properties: {
				result: { enum: ['PASSED', 'WARNED', 'FAILED'] },
				configuration: { type: 'array', items: { $ref: '#/$defs/descriptor' } },
				url: { type: 'string' },
				...{ passedTests: texts, warnedTests: texts, failedTests: texts },
			},
			additionalProperties: false,
		},
	},
	additionalProperties: false,
	$defs: { descriptor },
} as const;

/** What the specification of in-toto finds in a statement on a test result. */
export function statementErrors(text: string): string {
	const ajv = new Ajv2020({ allErrors: true, strictTypes: false });
	return ajv.validate(statement, JSON.parse(text)) ? '' : ajv.errorsText();
}

/** Whether sigstore has the same bytes signed for a payload as this tool. */
export const agreesOnSigned = (type: string, payload: Buffer): boolean => dsse.preAuthEncoding(type, payload).equals(preAuthenticationEncoding(type, payload));
