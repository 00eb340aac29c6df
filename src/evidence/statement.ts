/**
 * The outcome of a run as an in-toto statement with the predicate for test results (both of
 * github.com/in-toto/attestation).
 */
import { sha256 } from '../base/hash.js';
import { swallowedSteps } from '../lab/trace.js';
import { verdictOf } from '../outcome/result.js';
import { allScripts, assertionStatus, type AssertionRecord, type RunState } from '../outcome/state.js';
import type { Signature } from './layout.js';

/** The type by which readers know a statement. */
export const statementType = 'https://in-toto.io/Statement/v1';

/** The same of its predicate. */
export const predicateType = 'https://in-toto.io/attestation/test-result/v0.1';

/** Something by its name and its digest. */
export interface Subject {
	readonly name: string;
	readonly digest: { readonly sha256: string };
}

/** What a result depends on: a file of the export, or a value of its own. */
export interface Descriptor {
	readonly name: string;
	readonly digest: { readonly sha256: string };
	readonly annotations?: Readonly<Record<string, string>>;
}

export type TestResult = 'PASSED' | 'WARNED' | 'FAILED';

export interface Statement {
	readonly _type: typeof statementType;
	readonly subject: readonly Subject[];
	readonly predicateType: typeof predicateType;
	readonly predicate: {
		readonly result: TestResult;
		readonly configuration: readonly Descriptor[];
		readonly passedTests: readonly string[];
		readonly warnedTests: readonly string[];
		readonly failedTests: readonly string[];
	};
}

/** The result of a run for the statement: a passed run with warnings is `WARNED`. */
export function testResultOf(state: RunState): TestResult {
	if (verdictOf(state) !== 'passed') return 'FAILED';
	return warnedTests(state).length > 0 ? 'WARNED' : 'PASSED';
}

/** Names of checks: `script redis/redis`, `test Stack ports listen/redis: port 6379/tcp listens`. */
const scriptName = (node: string, script: string): string => `script ${node}/${script}`;

const assertionName = (test: string, { onVm, title }: Pick<AssertionRecord, 'onVm' | 'title'>): string => `test ${test}/${onVm}: ${title}`;

/** Startup scripts that went on behind a failure, and assertions that no rehearsal can judge. */
const warnedTests = (state: RunState): string[] => [
	...allScripts(state).flatMap(({ outcome }) =>
		outcome && outcome.status === 'passed' && swallowedSteps(outcome.trace).length > 0 ? [scriptName(outcome.node, outcome.script)] : [],
	),
	...state.tests.flatMap(({ name, assertions }) =>
		assertions.flatMap((assertion) => (assertionStatus(assertion) === 'not judged' ? [assertionName(name, assertion)] : [])),
	),
];

/** The statement on a run. */
export function statementOn(state: RunState, subject: readonly Subject[], configuration: readonly Descriptor[]): Statement {
	const checks = [
		...allScripts(state).flatMap(({ outcome }) => (outcome ? [{ name: scriptName(outcome.node, outcome.script), status: outcome.status as string }] : [])),
		...state.tests.flatMap(({ name, assertions }) =>
			assertions.map((assertion) => ({ name: assertionName(name, assertion), status: assertionStatus(assertion) as string })),
		),
	];
	const warned = warnedTests(state);
	const namesOf = (isWanted: (check: { name: string; status: string }) => boolean) => checks.filter(isWanted).map(({ name }) => name);
	return {
		_type: statementType,
		subject,
		predicateType,
		predicate: {
			result: testResultOf(state),
			configuration,
			passedTests: namesOf(({ name, status }) => status === 'passed' && !warned.includes(name)),
			warnedTests: warned,
			failedTests: namesOf(({ status }) => status !== 'passed' && status !== 'not judged'),
		},
	};
}

/** Who signed and what that means, as a descriptor of the statement. */
export const signatureDescriptor = ({ signer, meaning, signedAt }: Signature): Descriptor => ({
	name: 'signature',
	digest: { sha256: sha256(JSON.stringify([signer, meaning, signedAt])) },
	annotations: { signer, meaning, signedAt },
});
