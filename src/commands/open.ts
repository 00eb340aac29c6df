/** `rehearse open`: a run of another machine, unpacked among those of this one, its report, and its lab. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { ExitCode, Failure, toFailure, toReported } from '../base/errors.js';
import { withCleanup } from '../base/cleanup.js';
import { manifestName, parseBundleManifest, type BundleManifest } from '../bundle/manifest.js';
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
import { readEvents, readPlanCopy } from '../runs/stored-runs.js';
import { holderFile, writeHolder } from '../runs/run-directory.js';
import type { Terminal } from './terminal.js';

export interface OpenOptions {
	/** The archive, or the directory or the name of a run that was opened before. */
	readonly bundle: string;
	readonly paths: Paths;
	/** Whether its lab is brought up, where it came with machines. */
	readonly lab: boolean;
	/** For bringing it up. */
	readonly timeLimitMs: number;
	readonly json: boolean;
	readonly terminal: Terminal;
}

/** A run that was opened, as it is shown. */
interface Imported extends ImportedBundle {
	readonly state: RunState;
	readonly saved: SavedLab | undefined;
}

/**
 * Unpacks a bundle, shows its run, and brings its lab up. A bundle that is damaged or hostile leaves nothing; one whose lab
 * does not come up here is shown all the same.
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
	// A lab that came up without some of its machines is not the one that failed; which they are was told.
	return isWanted && saved.absent.length > 0 ? ExitCode.broken : ExitCode.passed;
}

async function open({ bundle, paths, terminal }: OpenOptions): Promise<Imported> {
	const before = [path.resolve(bundle), path.join(paths.runs, bundle)].find((directory) => existsSync(path.join(directory, manifestName)));
	if (before !== undefined) return look(before, parseBundleManifest(await readFile(path.join(before, manifestName), 'utf8')));
	await ensureDirectory(paths, 'state');
	const stopping = stopOnSignals();
	try {
		return await unpack(path.resolve(bundle), paths.runs, terminal, stopping.signal);
	} finally {
		stopping.done();
	}
}

function unpack(file: string, runs: string, { stderr }: Pick<Terminal, 'stderr'>, signal: AbortSignal): Promise<Imported> {
	return withCleanup(async (cleanup) => {
		const stamp = new Date().toISOString().replace(/[-:]|\..*/g, '');
		// Hidden until it is whole, and removed by the next run should this process be killed: see pruneRuns.
		const staging = path.join(runs, `.${stamp}-${process.pid}-opened`);
		cleanup.defer('unpacked bundle', () => rm(staging, { recursive: true, force: true }));
		await mkdir(staging, { recursive: true, mode: 0o700 });
		await writeHolder(staging);
		const manifest = await unpackBundle(file, staging, { signal, onMachines: () => stderr.write('unpacking the machines\n') });
		// Whatever is wrong with what it says is found out before it is kept.
		await look(staging, manifest);
		const named = path.join(runs, `${stamp}-opened-${manifest.run}`);
		// The same bundle may have been opened in this very second.
		const directory = existsSync(named) ? `${named}-${process.pid}` : named;
		await rm(holderFile(staging));
		await rename(staging, directory);
		return look(directory, manifest);
	});
}

/** Reads a run that is unpacked. @throws Failure `usage` for one that nobody honest packed */
async function look(directory: string, manifest: BundleManifest): Promise<Imported> {
	const plan = (await readPlanCopy(directory))?.path;
	const saved = await readImportedLab(directory);
	try {
		const state = foldEvents(await readEvents(directory));
		// All of it that is shown can be shown.
		summary(state, { color: false, width: 80 });
		resultOf(state);
		return { directory, manifest, plan, state, saved };
	} catch (error) {
		throw error instanceof Failure && error.code !== 'usage' ? error : badArchive(`its events make no report (${String(error)})`);
	}
}
