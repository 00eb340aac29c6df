/** `rehearse open`: imports a run of another machine, shows its report, and starts its lab. */
import { existsSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { keepTouched } from '../base/alive.js';
import { ExitCode, Failure, toFailure, toReported, usageFailure } from '../base/errors.js';
import { makeDirectory, readRegular } from '../base/files.js';
import { withCleanup } from '../base/cleanup.js';
import { manifestName, maximumManifestBytes, parseBundleManifest, type BundleManifest } from '../bundle/manifest.js';
import { badArchive } from '../bundle/tar.js';
import { unpackBundle } from '../bundle/unpack.js';
import type { SavedLab } from '../saved-lab/saved-lab.js';
import { ensureDirectory, type Paths } from '../runs/paths.js';
import { importedObject, renderImported, type ImportedBundle } from '../report/bundle.js';
import { foldEvents } from '../outcome/fold.js';
import { resultOf } from '../outcome/result.js';
import { readyText } from '../report/lab-status.js';
import type { RunState } from '../outcome/state.js';
import { summary } from '../report/summary.js';
import { bringUpImported, readImportedLab } from './live/bring-up-imported.js';
import { stopOnSignals } from './stop.js';
import { isFromElsewhere, readEvents, readPlanCopy } from '../runs/stored-runs.js';
import { holderFile, isStaging, writeHolder } from '../runs/run-directory.js';
import type { Terminal } from './terminal.js';

export interface OpenOptions {
	/** The bundle, or the directory or name of a run that was imported before. */
	readonly bundle: string;
	readonly paths: Paths;
	/** Whether its lab is started, if it came with machines. */
	readonly lab: boolean;
	/** Time limit for the start, in milliseconds. */
	readonly timeLimitMs: number;
	readonly json: boolean;
	readonly terminal: Terminal;
}

/** An imported run. */
interface Imported extends ImportedBundle {
	readonly state: RunState;
	readonly saved: SavedLab | undefined;
}

/**
 * Imports a bundle, shows its report, and starts its lab. A damaged or hostile bundle leaves no files. A run whose lab does
 * not start on this host is still imported and shown.
 */
export async function openCommand(options: OpenOptions): Promise<ExitCode> {
	const { paths, json, terminal } = options;
	const { stdout, stdoutColor: color, width } = terminal;
	const imported = await open(options);
	if (!json) stdout.write(`${summary(imported.state, { color, width })}\n${renderImported(imported, { color })}`);
	const { directory, saved, state } = imported;
	const isWanted = options.lab && saved !== undefined;
	try {
		const lab = isWanted ? await bringUpImported(saved, { directory, paths, timeLimitMs: options.timeLimitMs, terminal }) : undefined;
		if (json) stdout.write(importedObject(imported, resultOf(state), lab && { name: lab.lab, up: true }));
		else if (lab) stdout.write(`\n${readyText(lab, { color, width })}`);
	} catch (error) {
		if (json) stdout.write(importedObject(imported, resultOf(state), { up: false, error: toReported(toFailure(error)) }));
		throw error;
	}
	// A lab without some of its machines is not the one that failed. Notices have named the missing ones.
	return isWanted && saved.absent.length > 0 ? ExitCode.broken : ExitCode.passed;
}

async function open({ bundle, paths, terminal }: OpenOptions): Promise<Imported> {
	const before = await findImported(bundle, paths.runs);
	if (before !== undefined) return look(before, parseBundleManifest(await readRegular(path.join(before, manifestName), maximumManifestBytes)));
	await ensureDirectory(paths, 'state');
	const stopping = stopOnSignals();
	try {
		return await unpack(path.resolve(bundle), paths.runs, terminal, stopping.signal);
	} finally {
		stopping.done();
	}
}

/**
 * Finds a run that was imported before, by its name or directory. Only those in the directory of runs are: there every file was
 * checked when it was unpacked. What somebody unpacked elsewhere by other means may have links in it, to files of this host
 * that would be written to, or become a machine's disk.
 * @throws Failure `usage` for another directory
 */
async function findImported(bundle: string, runs: string): Promise<string | undefined> {
	const home = await realpath(runs).catch(() => undefined);
	const candidates = [path.resolve(bundle), path.join(runs, bundle)];
	for (const candidate of candidates) {
		const parent = await realpath(path.dirname(candidate)).catch(() => undefined);
		const [name, directory] = [path.basename(candidate), path.join(runs, path.basename(candidate))];
		if (parent !== undefined && parent === home && !isStaging(name) && isFromElsewhere(directory)) return directory;
	}
	for (const candidate of candidates) {
		if (!(await stat(candidate).catch(() => undefined))?.isDirectory()) continue;
		throw usageFailure(`${candidate} is no run that was imported here`, {
			hint: '`rehearse open FILE.tar.gz` imports a bundle from its file; `rehearse report DIRECTORY` shows any run',
		});
	}
	return undefined;
}

function unpack(file: string, runs: string, { stderr }: Pick<Terminal, 'stderr'>, signal: AbortSignal): Promise<Imported> {
	return withCleanup(async (cleanup) => {
		const stamp = new Date().toISOString().replace(/[-:]|\..*/g, '');
		// Hidden until it is complete. If this process is killed, the next run removes it: see pruneRuns.
		const own = randomBytes(4).toString('hex');
		const staging = path.join(runs, `.${stamp}-${own}-opened`);
		cleanup.defer('unpacked bundle', () => rm(staging, { recursive: true, force: true }));
		await makeDirectory(staging, 0o700);
		await writeHolder(staging);
		keepTouched(holderFile(staging), cleanup);
		const manifest = await unpackBundle(file, staging, { signal, onMachines: () => stderr.write('unpacking the machines\n') });
		// Check its contents before it is kept.
		await look(staging, manifest);
		const named = path.join(runs, `${stamp}-opened-${manifest.run}`);
		// The same bundle may have been imported in the same second.
		const directory = existsSync(named) ? `${named}-${own}` : named;
		await rm(holderFile(staging));
		await rename(staging, directory);
		return look(directory, manifest);
	});
}

/** Reads an unpacked run. @throws Failure `usage` for one whose files rehearse did not write */
async function look(directory: string, manifest: BundleManifest): Promise<Imported> {
	const plan = (await readPlanCopy(directory))?.path;
	const saved = await readImportedLab(directory);
	try {
		const state = foldEvents(await readEvents(directory));
		// Rendering must not fail later.
		summary(state, { color: false, width: 80 });
		resultOf(state);
		return { directory, manifest, plan, state, saved };
	} catch (error) {
		if (error instanceof Failure && error.code !== 'usage') throw error;
		throw badArchive(`no report can be made from its events (${String(error)})`);
	}
}
