/** `rehearse bundle`: packs a run into one file, for a person who looks at it on another machine. */
import { existsSync } from 'node:fs';
import { lstat, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { withCleanup, type CleanupStack } from '../base/cleanup.js';
import { orDiskFull, requireSpace } from '../base/disk-usage.js';
import { brokenFailure, ExitCode, Failure, reasonOf, usageFailure } from '../base/errors.js';
import { stagingName } from '../base/files.js';
import { formatBytes } from '../base/format.js';
import { toolVersion } from '../base/package-root.js';
import { patiently } from '../base/patience.js';
import type { DeclaredPassword } from '../base/secrets.js';
import {
	isBundled,
	parseBundleManifest,
	unpackedBytes,
	type BundleManifest,
	type HeldSecrets,
} from '../bundle/manifest.js';
import { describeFile, writeBundle, type PackedFile } from '../bundle/pack.js';
import { findSecrets, redact } from '../bundle/secrets.js';
import { wasExported } from '../lab/events.js';
import { foldEvents } from '../outcome/fold.js';
import { verdictOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import { validatePlan } from '../plan/problems.js';
import { passwordsIn } from '../plan/read.js';
import { parsePlanTree } from '../plan/tree.js';
import type { LabStatus } from '../protocol/requests.js';
import { bundleObject, renderBundle } from '../report/bundle.js';
import { parseEventLog } from '../runs/event-log.js';
import { findLiveLabs } from '../runs/live-labs.js';
import type { Paths } from '../runs/paths.js';
import { readHolder } from '../runs/run-directory.js';
import { findRun, isFromElsewhere, isPlanName, readEvents, runsNewestFirst } from '../runs/stored-runs.js';
import { gatherMachines } from './bundle-machines.js';
import { declaredPasswords } from './bundle-passwords.js';
import { askLab } from './live/resolve-lab.js';
import { stopOnSignals } from './stop.js';
import type { Terminal } from './terminal.js';

export interface BundleOptions {
	/** A run directory, or the name of one in `runs`; by default the newest run that did not pass. */
	readonly run: string | undefined;
	readonly paths: Pick<Paths, 'runs' | 'checkpoints' | 'images'>;
	/** Whether its machines are packed as well. */
	readonly withCheckpoints: boolean;
	/** The file to write; by default one in the working directory, named like the run. */
	readonly out: string | undefined;
	readonly redact: boolean;
	readonly json: boolean;
	readonly terminal: Pick<Terminal, 'stdout' | 'stderr' | 'stdoutColor'>;
}

/** The entry for machines in the list of secrets: their contents are not searched. */
const machineSecrets: HeldSecrets = { path: 'checkpoint', holds: ['everything in the memory and on the disks of the machines'] };

/** Writes the bundle, and prints what it contains. */
export async function bundleCommand(options: BundleOptions): Promise<ExitCode> {
	if (options.redact && options.withCheckpoints) {
		throw usageFailure('passwords and keys cannot be removed from machines: their memory contains them', {
			hint: 'give either --redact or --with-checkpoints',
		});
	}
	const stopping = stopOnSignals();
	try {
		return await withCleanup((cleanup) => bundle(options, cleanup, stopping.signal));
	} catch (error) {
		stopping.signal.throwIfAborted();
		throw error;
	} finally {
		stopping.done();
	}
}

async function bundle(
	{ run, paths, withCheckpoints, out, redact: isRedacted, json, terminal }: BundleOptions,
	cleanup: CleanupStack,
	signal: AbortSignal,
): Promise<ExitCode> {
	const { runs } = paths;
	const directory = run === undefined ? await findFailedRun(runs, withCheckpoints) : await findNamedRun(run, runs);
	const machines = withCheckpoints ? await gatherMachines(directory, { paths, cleanup, signal }) : undefined;
	const found = await readRunFiles(directory);
	const passwords = await declaredPasswords(directory, foldLog(found, false), isRedacted);
	const files = isRedacted ? redact(found, passwords) : found;
	const state = foldLog(files, isRedacted);
	const secrets = findSecrets(files, passwords);
	const [left] = secrets;
	if (isRedacted && left) throw brokenFailure('redact', `${left.path} still contains: ${left.holds.join(', ')}`);
	if (isRedacted) requireNoneLeft(files, passwords);
	const manifest: BundleManifest = {
		schema: machines ? 2 : 1,
		kind: 'rehearse bundle',
		tool: toolVersion(),
		run: path.basename(directory),
		lab: state.lab,
		verdict: verdictOf(state),
		made_at: new Date().toISOString(),
		redacted: isRedacted,
		secrets: machines ? [...secrets, machineSecrets] : secrets,
		files: files.map(describeFile),
		...(machines ? { machines: machines.manifest } : {}),
	};
	// Check the manifest as `open` will: do not write a bundle that nobody can open.
	parseBundleManifest(JSON.stringify(manifest));
	const file = path.resolve(out ?? `${manifest.run}.tar.gz`);
	await writeStaged(file, async (staging) => {
		if (machines) {
			await requireSpace(path.dirname(file), unpackedBytes(manifest));
			terminal.stderr.write(`packing the machines: ${formatBytes(unpackedBytes(manifest))} before compression\n`);
		}
		await writeBundle(staging, manifest, files, machines?.sources, signal);
	});
	const { size } = await lstat(file);
	const reported = { file, bytes: size, manifest };
	terminal.stdout.write(json ? bundleObject(reported) : renderBundle(reported, { color: terminal.stdoutColor }));
	return ExitCode.passed;
}

/** Finds a run by its name or directory, or by the name of its running lab. */
async function findNamedRun(run: string, runs: string): Promise<string> {
	const live = (await findLiveLabs(runs)).find(({ name }) => name === run);
	return live?.runDirectory ?? findRun(run, runs);
}

/**
 * Finds the newest run of this machine that has ended and did not pass. With `mayBeUp` its lab may also be running and
 * ready.
 */
async function findFailedRun(runs: string, mayBeUp: boolean): Promise<string> {
	const live = mayBeUp ? await findReadyRuns(runs) : [];
	for (const directory of runsNewestFirst(runs)) {
		const goesOn = (await readHolder(directory))?.isHeld ?? false;
		if (isFromElsewhere(directory) || (goesOn && !live.includes(directory))) continue;
		const state = foldEvents(await readEvents(directory).catch(() => []));
		// Skip imported labs: they failed elsewhere.
		if (state.nodes.length > 0 && !state.nodes.some(wasExported) && (goesOn || verdictOf(state) !== 'passed')) return directory;
	}
	throw usageFailure(`no run in ${runs} has failed`, { hint: '`rehearse bundle RUN` takes any run, by its name or its directory' });
}

/** How long a lab may take to answer, in milliseconds. */
const answerMs = 5000;

/** The runs whose labs are ready. A lab that is still starting cannot be exported. */
async function findReadyRuns(runs: string): Promise<readonly string[]> {
	const looks = (await findLiveLabs(runs)).map(async (lab) => {
		const status = (await askLab(lab, { op: 'status' }, { deadlineMs: patiently(answerMs) }).catch(() => undefined)) as LabStatus | undefined;
		return status?.isReady ? [lab.runDirectory] : [];
	});
	return (await Promise.all(looks)).flat();
}

/** Reads the files of a run directory that belong into a bundle, sorted by path. */
async function readRunFiles(directory: string): Promise<PackedFile[]> {
	const entries = await readdir(directory, { recursive: true, withFileTypes: true });
	const paths = entries
		.filter((entry) => entry.isFile())
		.map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
		.filter(isBundled)
		.sort();
	return Promise.all(paths.map(async (file) => ({ path: file, contents: await readFile(path.join(directory, file)) })));
}

/**
 * Parses the redacted plan again, and checks that no password is left: a plan can spell a password in more ways than
 * `redact` searches for.
 * @throws Failure `redact`
 */
function requireNoneLeft(files: readonly PackedFile[], passwords: readonly DeclaredPassword[]): void {
	for (const { path: file, contents } of files.filter((candidate) => candidate.path.startsWith('plan/') && isPlanName(candidate.path))) {
		const left = passwordsIfPlan(Buffer.from(contents).toString('utf8'), file).find(({ password }) =>
			passwords.some((declared) => declared.password === password),
		);
		if (!left) continue;
		throw brokenFailure('redact', `${file} still contains: password of ${left.user}`, {
			hint: 'write the password in the plan literally, without escapes, rehearse the lab again and bundle that run',
		});
	}
}

function passwordsIfPlan(text: string, file: string): readonly DeclaredPassword[] {
	try {
		const { document } = validatePlan(parsePlanTree(text, file));
		return document ? passwordsIn(document) : [];
	} catch {
		return [];
	}
}

/** Folds the event log. @throws Failure `usage` when redaction has made the log unreadable */
function foldLog(files: readonly PackedFile[], isRedacted: boolean): RunState {
	const { path: file, contents } = files.find((candidate) => candidate.path === 'events.ndjson') ?? { path: '', contents: Buffer.alloc(0) };
	try {
		return foldEvents(parseEventLog(Buffer.from(contents).toString('utf8'), file));
	} catch (error) {
		if (!isRedacted) throw error;
		throw usageFailure('a password of this lab is also a word of the format of its event log, so it cannot be removed', {
			hint: 'give the lab other passwords, rehearse it again and bundle that run',
			cause: error,
		});
	}
}

/** Writes a file completely or not at all. */
async function writeStaged(file: string, write: (staging: string) => Promise<void>): Promise<void> {
	if (existsSync(file)) throw usageFailure(`${file} exists already`, { hint: 'name another file with --out' });
	const staging = stagingName(file);
	try {
		await orDiskFull(write(staging), path.dirname(file));
		await rename(staging, file);
	} catch (error) {
		await rm(staging, { force: true });
		// A failure has a code as well, of its own.
		if (error instanceof Failure || (error as NodeJS.ErrnoException).code === undefined) throw error;
		throw usageFailure(`${file} cannot be written: ${reasonOf(error)}`, { cause: error });
	}
}
