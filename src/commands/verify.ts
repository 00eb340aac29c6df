/** `rehearse verify`: looks an export over, offline. */
import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ExitCode, reasonOf, usageFailure } from '../base/errors.js';
import { washed } from '../base/wash.js';
import { oneLine, plural } from '../base/format.js';
import { names, staysWithin } from '../evidence/layout.js';
import {
	checkEnvelope,
	checkStatement,
	checkSums,
	checkVerdict,
	isSignatureArmour,
	keysIn,
	signatureIn,
	stateOf,
	type EvidenceProblem,
	type ExportedFiles,
} from '../evidence/verify.js';
import { readPlan, readPlanAlone, startupScriptEntries } from '../plan/read.js';
import type { PlanSource } from '../plan/types.js';
import { run } from '../process/run.js';
import { readPublicKey } from '../ssh/signing.js';
import type { Terminal } from './terminal.js';

export interface VerifyOptions {
	readonly directory: string;
	/** File of allowed signers, as ssh-keygen(1) has it. */
	readonly allowedSigners: string | undefined;
	readonly json: boolean;
	readonly terminal: Pick<Terminal, 'stdout'>;
}

/** How large an export may be, in bytes, and how many files it may have: all of it is read into memory. */
const maximum = { bytes: 512 * 2 ** 20, files: 2000 };

/** Exit status 0 when everything is as it was exported and the verdict holds, 1 otherwise. */
export async function verifyCommand({ directory, allowedSigners, json, terminal }: VerifyOptions): Promise<ExitCode> {
	const signers = allowedSigners === undefined ? undefined : await readSigners(allowedSigners);
	const files = await readExport(directory);
	const state = stateOf(files);
	const plan = await planIn(directory, files);
	const sums = await checkSumsSignature(files, signers);
	// Names and signers are a stranger's.
	const problems = washed([
		...checkSums(files),
		...sums.problems,
		// By the same key: an export has one signer.
		...checkEnvelope(files, signers === undefined ? undefined : keysIn(signers).filter((key) => sums.key === undefined || readPublicKey(key)?.fingerprint === sums.key)),
		...checkVerdict(files, state),
		...checkStatement(files, state, plan),
	]);
	const signature = washed(signatureIn(files));
	const isSigned = files.has(names.sumsSignature);
	if (json) {
		terminal.stdout.write(`${JSON.stringify({ schema: 1, directory: path.resolve(directory), valid: problems.length === 0, signed: isSigned, signed_by: sums.principal ?? null, signature: signature ?? null, problems }, undefined, '\t')}\n`);
	} else if (problems.length > 0) {
		terminal.stdout.write(`${problems.map(({ file, problem }) => `✖ ${oneLine(file)}: ${oneLine(problem)}\n`).join('')}${directory}: ${plural(problems.length, 'problem')}\n`);
	} else {
		const who = signature ? `${signature['signer'] ?? ''}, ${signature['meaning'] ?? ''}, ${signature['signedAt'] ?? ''}` : '';
		const signed = !isSigned ? 'not signed' : sums.principal !== undefined ? `signed by ${oneLine(sums.principal)}, an allowed signer (as ${oneLine(who)})` : `signed (${oneLine(who)}); by whom only --allowed-signers shows`;
		terminal.stdout.write(`✔ ${directory}: ${plural(files.size, 'file')} as exported, the verdict is that of the events: passed; ${signed}\n`);
	}
	return problems.length === 0 ? ExitCode.passed : ExitCode.labFailed;
}

const readSigners = (file: string): Promise<string> =>
	readFile(file, 'utf8').catch((error: unknown) => {
		throw usageFailure(`the allowed signers ${file} cannot be read: ${reasonOf(error)}`, { cause: error });
	});

/** @throws Failure `usage` for what is no export */
async function readExport(directory: string): Promise<ExportedFiles> {
	const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
		throw usageFailure(`${directory} cannot be read: ${reasonOf(error)}`, { cause: error });
	});
	const paths = entries.filter((entry) => !entry.isDirectory()).map((entry) => path.join(entry.parentPath, entry.name)).sort();
	if (paths.length > maximum.files) throw usageFailure(`${directory} has ${paths.length} files: it is no export`);
	const files = new Map<string, Uint8Array>();
	let left = maximum.bytes;
	for (const file of paths) {
		const found = await lstat(file);
		const { size } = found;
		left -= size;
		if (!found.isFile() || left < 0) throw usageFailure(`${file} is no file of an export: it is no regular file, or too large`);
		files.set(path.relative(directory, file), size === 0 ? Buffer.alloc(0) : await readFile(file));
	}
	if (!files.has(names.sums)) throw usageFailure(`${directory} is no export: it has no ${names.sums}`, { hint: '`rehearse export` makes one' });
	return files;
}

/** The plan of an export with its scripts, of which none may lie anywhere else. */
async function planIn(directory: string, files: ExportedFiles): Promise<PlanSource | undefined> {
	const name = [...files.keys()].find((file) => /^build-plan\.(?:json|ya?ml)$/.test(file));
	if (name === undefined) return undefined;
	try {
		const file = path.join(directory, name);
		const { document } = await readPlanAlone(file);
		const scripts = document ? startupScriptEntries(document).flatMap(({ entry }) => entry.script_file ?? []) : [];
		const areHere = scripts.every((script) => staysWithin(path.normalize(script)) && files.has(path.normalize(script)));
		return document && areHere ? await readPlan(file) : undefined;
	} catch {
		return undefined;
	}
}

/** What is known of the signature over the list of sums. */
interface CheckedSignature {
	readonly problems: readonly EvidenceProblem[];
	/** Who has made it, by the file of allowed signers: what an export has of its signer's name is what that has written. */
	readonly principal?: string;
	/** The fingerprint of the key that has made it. */
	readonly key?: string | undefined;
}

/** Checks the signature over the list of sums, by ssh-keygen(1). */
async function checkSumsSignature(files: ExportedFiles, signers: string | undefined): Promise<CheckedSignature> {
	const file = names.sumsSignature;
	const signature = files.get(file);
	const refused = (problem: string): CheckedSignature => ({ problems: [{ file, problem }] });
	if (!signature) return signers === undefined ? { problems: [] } : refused('it is missing, so that nobody has signed the files');
	if (!isSignatureArmour(Buffer.from(signature).toString('latin1'))) return refused('it is no signature of ssh-keygen(1)');
	const scratch = await mkdtemp(path.join(os.tmpdir(), 'rehearse-verify-'));
	try {
		const place = (name: string) => path.join(scratch, name);
		await writeFile(place(file), signature);
		const options = { input: files.get(names.sums) ?? '', allowFailure: true, timeoutMs: 30_000 };
		const common = ['-n', 'file', '-s', place(file)] as const;
		const checked = await run(['ssh-keygen', '-Y', 'check-novalidate', ...common], options);
		if (checked.exitCode !== 0) return refused(`it is not a signature over ${names.sums}`);
		const key = /\bkey (SHA256:\S+)/.exec(checked.stdout)?.[1];
		if (signers === undefined) return { problems: [], key };
		await writeFile(place('signers'), signers);
		const found = await run(['ssh-keygen', '-Y', 'find-principals', '-f', place('signers'), '-s', place(file)], { allowFailure: true, timeoutMs: 30_000 });
		const principal = found.exitCode === 0 ? found.stdout.split('\n')[0] : undefined;
		if (principal === undefined || principal === '') return refused('none of the allowed signers has made it');
		const valid = await run(['ssh-keygen', '-Y', 'verify', '-f', place('signers'), '-I', principal, ...common], options);
		return valid.exitCode === 0 ? { problems: [], principal, key } : refused('it is not valid for any of the allowed signers');
	} finally {
		await rm(scratch, { recursive: true, force: true });
	}
}
