/** `rehearse export`: a passed run as evidence, in a directory of its own. */
import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ExitCode, reasonOf, toFailure, usageFailure } from '../base/errors.js';
import { makeDirectory, stagingName } from '../base/files.js';
import { composeExport } from '../evidence/compose.js';
import { signEnvelope } from '../evidence/dsse.js';
import { names, staysWithin, type ExportedFile, type Signature } from '../evidence/layout.js';
import { runRefusals } from '../evidence/refusals.js';
import { sumsOf } from '../evidence/sums.js';
import { foldEvents } from '../outcome/fold.js';
import type { RunState } from '../outcome/state.js';
import { readPlan } from '../plan/read.js';
import type { PlanSource } from '../plan/types.js';
import { run as runProgram } from '../process/run.js';
import { junitXml } from '../report/junit.js';
import { eventLogPath, machinesPath } from '../runs/run-files.js';
import { findRun, isFromElsewhere, readEvents } from '../runs/stored-runs.js';
import { readSigningKey } from '../ssh/signing.js';
import { readIsos } from './export-isos.js';
import type { Terminal } from './terminal.js';

export interface ExportOptions {
	/** A run directory, or the name of one in `runs`; the last run otherwise. */
	readonly run: string | undefined;
	readonly runs: string;
	/** A directory that is not there yet. */
	readonly out: string;
	/** File of a private SSH key. */
	readonly sign: string | undefined;
	readonly signer: string | undefined;
	readonly meaning: string | undefined;
	/** A directory that `rehearse iso` wrote to. */
	readonly isos: string | undefined;
	readonly json: boolean;
	readonly terminal: Pick<Terminal, 'stdout'>;
}

/** Writes the export. Exit status 2, with each reason, for a run that is no evidence. */
export async function exportCommand(options: ExportOptions): Promise<ExitCode> {
	const { out, terminal, json } = options;
	const directory = findRun(options.run, options.runs);
	const state = foldEvents(await readEvents(directory));
	const source = await readPlan(state.planPath).catch((error: unknown) => toFailure(error).message);
	const reasons = [...runRefusals(state), ...(isFromElsewhere(directory) ? ['it was rehearsed elsewhere'] : []), ...planRefusals(state, source)];
	if (reasons.length > 0 || typeof source === 'string') {
		throw usageFailure(`the run ${path.basename(directory)} is no evidence`, {
			detail: reasons.join('\n'),
			hint: `rehearse it whole and cold: rehearse run ${state.labArgument} --cold`,
		});
	}
	const isos = options.isos === undefined ? [] : await readIsos(options.isos, source, state);
	if (existsSync(out)) throw usageFailure(`${out} is there already`, { hint: 'name a directory that is not' });
	const signature = signatureOf(options);
	const files = await filesOf({ ...state, runDirectory: directory }, source, isos, signature, options.sign);
	await writeAll(out, files, options.sign);
	const written = [...files.map((file) => file.path), ...(options.sign === undefined ? [] : [names.sumsSignature])].sort();
	terminal.stdout.write(
		json
			? `${JSON.stringify({ schema: 1, directory: path.resolve(out), signed: options.sign !== undefined, files: written }, undefined, '\t')}\n`
			: `${out}: ${written.length} files${options.sign === undefined ? ', not signed' : `, signed by ${signature?.signer ?? 'the key'}`}\n` +
					`${names.plan(source.path)} is the plan as it is, with the passwords that it declares\n`,
	);
	return ExitCode.passed;
}

function planRefusals(state: RunState, source: PlanSource | string): string[] {
	if (state.planPath === '') return [];
	if (typeof source === 'string') return [`its plan cannot be read any more: ${source}`];
	const home = path.dirname(source.path);
	const outside = source.scripts.filter(({ file }) => file !== undefined && !staysWithin(path.relative(home, file)));
	return [
		...(source.sha256 === state.planSha256 ? [] : ['its plan or one of its scripts was edited since']),
		...outside.map(({ file }) => `a script lies outside the directory of the plan: ${file ?? ''}`),
	];
}

function signatureOf({ sign, signer, meaning }: ExportOptions): Signature | undefined {
	const isAny = sign !== undefined || signer !== undefined || meaning !== undefined;
	if (!isAny) return undefined;
	if (sign === undefined || signer === undefined || meaning === undefined) {
		throw usageFailure('a signature takes a key, a name and a meaning', { hint: '--sign KEY --signer NAME --meaning WORD, such as "reviewed"' });
	}
	return { signer, meaning, signedAt: new Date().toISOString() };
}

async function filesOf(
	state: RunState,
	source: PlanSource,
	isos: readonly ExportedFile[],
	signature: Signature | undefined,
	keyFile: string | undefined,
): Promise<readonly ExportedFile[]> {
	const { renderReportPage } = await import('../page/write.js');
	const textFile = (name: string, text: string): ExportedFile => ({ path: name, contents: Buffer.from(text) });
	const { files, statement } = composeExport({
		state,
		plan: source,
		reports: [
			{ path: names.events, contents: await readFile(eventLogPath(state.runDirectory)) },
			textFile(names.page, await renderReportPage(state, signature ? { signature } : {})),
			textFile(names.junit, junitXml(state)),
		],
		machines: await readFile(machinesPath(state.runDirectory), 'utf8'),
		isos,
		...(signature ? { signature } : {}),
	});
	const key = keyFile === undefined ? undefined : readSigningKey(await readKey(keyFile), keyFile);
	const all = [...files, ...(key ? [textFile(names.envelope, signEnvelope(statement, key))] : [])];
	return [...all, textFile(names.sums, sumsOf(all))];
}

const readKey = (file: string): Promise<string> =>
	readFile(file, 'utf8').catch((error: unknown) => {
		throw usageFailure(`the key ${file} cannot be read: ${reasonOf(error)}`, { cause: error });
	});

/** All files in a staging directory, which then gets its name. */
async function writeAll(out: string, files: readonly ExportedFile[], keyFile: string | undefined): Promise<void> {
	const staging = stagingName(path.resolve(out));
	try {
		for (const { path: name, contents } of files) {
			const file = path.join(staging, name);
			await makeDirectory(path.dirname(file), 0o700);
			await writeFile(file, contents, { mode: 0o600, flag: 'wx' });
		}
		if (keyFile !== undefined) {
			await runProgram(['ssh-keygen', '-Y', 'sign', '-f', path.resolve(keyFile), '-n', 'file', names.sums], { cwd: staging, timeoutMs: 30_000 });
		}
		await rename(staging, out);
	} catch (error) {
		await rm(staging, { recursive: true, force: true });
		if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
		throw usageFailure(`${out} cannot be written: ${reasonOf(error)}`, { cause: error });
	}
}
