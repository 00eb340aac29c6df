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
import { makePlace, type Paths } from '../runs/paths.js';
import { openedObject, renderOpened, type OpenedBundle } from '../report/bundle.js';
import { foldEvents } from '../outcome/fold.js';
import { resultOf } from '../outcome/result.js';
import { standingText } from '../report/standing.js';
import type { RunState } from '../outcome/state.js';
import { summary } from '../report/summary.js';
import { land, readOpenedLab } from './live/land.js';
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
interface Opened extends OpenedBundle {
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
	const opened = await open(options);
	if (!json) stdout.write(`${summary(opened.state, { color, width })}\n${renderOpened(opened, { color })}`);
	const { directory, saved, state } = opened;
	const isWanted = options.lab && saved !== undefined;
	try {
		const lab = isWanted ? await land(saved, { directory, paths, timeLimitMs: options.timeLimitMs, terminal }) : undefined;
		if (json) stdout.write(openedObject(opened, resultOf(state), lab && { name: lab.lab, up: true }));
		else if (lab) stdout.write(`\n${standingText(lab, { color, width })}`);
	} catch (error) {
		if (json) stdout.write(openedObject(opened, resultOf(state), { up: false, error: toReported(toFailure(error)) }));
		throw error;
	}
	// A lab that came up without some of its machines is not the one that failed; which they are was told.
	return isWanted && saved.absent.length > 0 ? ExitCode.broken : ExitCode.passed;
}

async function open({ bundle, paths, terminal }: OpenOptions): Promise<Opened> {
	const before = [path.resolve(bundle), path.join(paths.runs, bundle)].find((directory) => existsSync(path.join(directory, manifestName)));
	if (before !== undefined) return look(before, parseBundleManifest(await readFile(path.join(before, manifestName), 'utf8')));
	await makePlace(paths, 'state');
	const stopping = stopOnSignals();
	try {
		return await unpack(path.resolve(bundle), paths.runs, terminal, stopping.signal);
	} finally {
		stopping.done();
	}
}

function unpack(file: string, runs: string, { stderr }: Pick<Terminal, 'stderr'>, signal: AbortSignal): Promise<Opened> {
	return withCleanup(async (cleanup) => {
		const stamp = new Date().toISOString().replace(/[-:]|\..*/g, '');
		// Hidden until it is whole, and removed by the next run should this process be killed: see pruneRuns.
		const aside = path.join(runs, `.${stamp}-${process.pid}-opened`);
		cleanup.defer('unpacked bundle', () => rm(aside, { recursive: true, force: true }));
		await mkdir(aside, { recursive: true, mode: 0o700 });
		await writeHolder(aside);
		const manifest = await unpackBundle(file, aside, { signal, onMachines: () => stderr.write('unpacking the machines\n') });
		// Whatever is wrong with what it says is found out before it is kept.
		await look(aside, manifest);
		const named = path.join(runs, `${stamp}-opened-${manifest.run}`);
		// The same bundle may have been opened in this very second.
		const directory = existsSync(named) ? `${named}-${process.pid}` : named;
		await rm(holderFile(aside));
		await rename(aside, directory);
		return look(directory, manifest);
	});
}

/** Reads a run that is unpacked. @throws Failure `usage` for one that nobody honest packed */
async function look(directory: string, manifest: BundleManifest): Promise<Opened> {
	const plan = (await readPlanCopy(directory))?.path;
	const saved = await readOpenedLab(directory);
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
