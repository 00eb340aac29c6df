/** Verifies an export offline: compares every byte with its digest, and computes the verdict again from the events. */
import { sha256 } from '../base/hash.js';
import { isText } from '../base/untrusted.js';
import { foldEvents } from '../outcome/fold.js';
import { resultJson, resultOf, verdictOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import type { PlanSource } from '../plan/types.js';
import { parseEventLog } from '../runs/event-log.js';
import { scriptFiles, subjectsOf } from './compose.js';
import { parseEnvelope, signedBy } from './dsse.js';
import { isoProblems } from './isos.js';
import { names } from './layout.js';
import { runRefusals } from './refusals.js';
import { parseSums } from './sums.js';
import { predicateType, statementOn, testResultOf, statementType, type Statement, type Subject } from './statement.js';

/** Something that is not as it was exported. */
export interface EvidenceProblem {
	readonly file: string;
	readonly problem: string;
}

/** The files of an export by their names. */
export type ExportedFiles = ReadonlyMap<string, Uint8Array>;

const textOf = (contents: Uint8Array): string => Buffer.from(contents).toString('utf8');

/** Compares the files with the list of sums. Finds files that are missing, changed, or on no list. */
export function checkSums(files: ExportedFiles): EvidenceProblem[] {
	const list = files.get(names.sums);
	if (!list) return [{ file: names.sums, problem: 'it is missing' }];
	const sums = parseSums(textOf(list));
	if (typeof sums === 'string') return [{ file: names.sums, problem: sums }];
	const spokenOf = digestsIn(readStatement(files));
	const onNoList = [...files.keys()].filter((file) => file !== names.sums && file !== names.sumsSignature && !sums.has(file));
	return [
		...[...sums].flatMap(([file, sum]) => {
			const contents = files.get(file);
			if (!contents) return [{ file, problem: 'it is missing' }];
			const actual = sha256(contents);
			if (actual === sum) return [];
			// Where the statement knows the bytes as they are, it is the list that was changed.
			return spokenOf.get(file) === actual
				? [{ file: names.sums, problem: `its sum of ${file} is not that of the bytes that ${names.statement} speaks of` }]
				: [{ file, problem: `its bytes are not those that ${names.sums} is of` }];
		}),
		...onNoList.map((file) => ({ file, problem: `it is not in ${names.sums}` })),
	];
}

/** The digests that a statement has of files, by their names. */
const digestsIn = (statement: Statement | undefined): ReadonlyMap<string, string> =>
	new Map([...(statement?.subject ?? []), ...(statement?.predicate.configuration ?? [])].map(({ name, digest }) => [name, digest.sha256]));

/** Folds the events of an export to a state; nothing where they cannot be read. */
export function stateOf(files: ExportedFiles): RunState | undefined {
	try {
		return foldEvents(parseEventLog(textOf(files.get(names.events) ?? Buffer.alloc(0)), names.events));
	} catch {
		return undefined;
	}
}

/** Compares the result with the events. Finds another verdict, and a run that is no evidence. */
export function checkVerdict(files: ExportedFiles, state: RunState | undefined): EvidenceProblem[] {
	if (!state) return [{ file: names.events, problem: 'it is no event log' }];
	const refusals = runRefusals(state).map((reason) => ({ file: names.events, problem: `the run is no evidence: ${reason}` }));
	const reported = files.get(names.result);
	const computed = resultJson(resultOf(state));
	// The result of another version of the tool may have more of a run; the verdict is the same.
	const isSame = reported !== undefined && (textOf(reported) === computed || verdictIn(textOf(reported)) === verdictIn(computed));
	return [...refusals, ...(isSame ? [] : [{ file: names.result, problem: `it does not have the verdict of the events: ${verdictOf(state)}` }])];
}

function verdictIn(text: string): string | undefined {
	try {
		const { lab, plan_sha256: plan, verdict, cold } = JSON.parse(text) as Record<string, unknown>;
		return JSON.stringify([lab, plan, verdict, cold]);
	} catch {
		return undefined;
	}
}

/** Compares the statement with the files. Finds another result, other subjects, other evidence. */
export function checkStatement(files: ExportedFiles, state: RunState | undefined, plan: PlanSource | undefined): EvidenceProblem[] {
	const file = names.statement;
	const statement = readStatement(files);
	if (!statement) return [{ file, problem: 'it is no statement on a test result' }];
	const { subject, predicate } = statement;
	const problems = predicate.configuration
		.filter(({ name, digest }) => name !== 'signature' && sha256(files.get(name) ?? '') !== digest.sha256)
		.map(({ name }) => ({ file: name, problem: `its bytes are not those that ${file} has the digest of` }));
	if (state && predicate.result !== testResultOf(state)) {
		problems.push({ file, problem: `it has the result ${predicate.result}, and the events come to ${testResultOf(state)}` });
	}
	if (state && testsOf(statementOn(state, [], [])) !== testsOf(statement)) problems.push({ file, problem: 'its tests are not those of the events' });
	const named = new Set(predicate.configuration.map(({ name }) => name));
	problems.push(...[names.events, names.result, names.machines].filter((name) => !named.has(name)).map((name) => ({ file, problem: `it does not have the digest of ${name}` })));
	if (named.has('signature') && !(files.has(names.sumsSignature) && files.has(names.envelope))) problems.push({ file, problem: 'it names a signer, and a signature is missing' });
	if (!plan) return [...problems, { file: 'build-plan.json', problem: 'it cannot be read as a plan with its scripts' }];
	if (state && plan.sha256 !== state.planSha256) problems.push({ file: names.plan(plan.path), problem: 'it is not the plan, with its scripts, that the events are of' });
	const contents = files.get(names.plan(plan.path)) ?? Buffer.alloc(0);
	problems.push(...isoProblems(files, plan, state));
	const all = [...files].map(([name, bytes]) => ({ path: name, contents: bytes }));
	const expected = subjectsOf(plan, { path: names.plan(plan.path), contents }, scriptFiles(plan), all);
	const isSame = JSON.stringify(expected) === JSON.stringify(subject);
	return isSame ? problems : [...problems, { file, problem: 'its subjects are not the plan, the recipes, the scripts and the ISOs of this export' }];
}

const testsOf = ({ predicate: { passedTests, warnedTests, failedTests } }: Statement): string => JSON.stringify([passedTests, warnedTests, failedTests]);

function readStatement(files: ExportedFiles): Statement | undefined {
	try {
		const statement = JSON.parse(textOf(files.get(names.statement) ?? Buffer.alloc(0))) as Partial<Statement>;
		const isOne = statement._type === statementType && statement.predicateType === predicateType;
		return isOne && isListOfDigests(statement.subject) && isListOfDigests(statement.predicate?.configuration) ? (statement as Statement) : undefined;
	} catch {
		return undefined;
	}
}

const isListOfDigests = (value: unknown): boolean =>
	Array.isArray(value) && value.every((one: Partial<Subject> | null) => isText(one?.name) && isText(one.digest?.sha256));

/** Who signed, by the statement. */
export const signatureIn = (files: ExportedFiles): Readonly<Record<string, string>> | undefined =>
	readStatement(files)?.predicate.configuration.find(({ name }) => name === 'signature')?.annotations;

/**
 * Checks the signature of the envelope, where there is one.
 * @param trusted public keys, of which one has to have signed
 */
export function checkEnvelope(files: ExportedFiles, trusted: readonly string[] | undefined): EvidenceProblem[] {
	const file = names.envelope;
	const contents = files.get(file);
	if (!contents) return trusted ? [{ file, problem: 'it is missing, so that nobody has signed the result' }] : [];
	const envelope = parseEnvelope(textOf(contents));
	if (typeof envelope === 'string') return [{ file, problem: envelope }];
	const isOfStatement = Buffer.from(envelope.payload, 'base64').equals(files.get(names.statement) ?? Buffer.alloc(0));
	return [
		...(isOfStatement ? [] : [{ file, problem: `it is around another statement than ${names.statement}` }]),
		...(trusted && signedBy(envelope, trusted) === undefined ? [{ file, problem: 'none of the allowed signers has signed it' }] : []),
	];
}

/** The public keys of a file of allowed signers (ssh-keygen(1)): principals, options, then the key. */
export const keysIn = (allowedSigners: string): readonly string[] =>
	allowedSigners.split('\n').flatMap((line) => /\b((?:ssh|ecdsa|sk)-[\w@.-]+ [A-Za-z0-9+/]+=*)/.exec(line.replace(/^\s*#.*/, ''))?.[1] ?? []);

/** Whether a text is a signature in the exact form that ssh-keygen(1) writes. */
export function isSignatureArmour(text: string): boolean {
	const [, body] = /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)\n-----END SSH SIGNATURE-----\n$/.exec(text) ?? [];
	if (body === undefined) return false;
	const again = Buffer.from(body, 'base64').toString('base64').replaceAll(/.{70}(?=.)/g, '$&\n');
	return again === body;
}
