/**
 * `rehearse prune`: empties the caches and removes finished runs. It keeps what a running rehearsal needs, and lists it as
 * kept.
 */
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { isHeld, lifeOf, processToken } from '../base/alive.js';
import { diskUsage } from '../base/disk-usage.js';
import { ExitCode } from '../base/errors.js';
import { listStagingDirectories, listCheckpoints, type StoredCheckpoint } from '../checkpoint/inventory.js';
import { removeUnleased } from '../checkpoint/lease.js';
import { acquireLock } from '../process/lock.js';
import type { Paths } from '../runs/paths.js';
import { isStaging, readHolder } from '../runs/run-directory.js';
import { pruneObject, renderPrune, type KeptItem, type PrunedCheckpoint, type PrunedItem } from '../report/prune.js';
import type { Terminal } from './terminal.js';

export interface PruneOptions {
	readonly paths: Paths;
	/** Whether only to print what would be removed. */
	readonly list: boolean;
	readonly json: boolean;
	readonly terminal: Pick<Terminal, 'stdout' | 'stdoutColor'>;
}

/** What was removed and kept, in the order of the output. */
interface Outcome {
	readonly removed: PrunedItem[];
	readonly kept: KeptItem[];
}

/** Empties the caches and removes finished runs. It leaves files of other programs in these directories alone. */
export async function pruneCommand({ paths, list, json, terminal }: PruneOptions): Promise<ExitCode> {
	const outcome: Outcome = { removed: [], kept: [] };
	// Runs first: images may only be removed when no run needs them.
	const runs = await pruneRuns(paths.runs, list, outcome);
	await pruneCheckpoints(paths.checkpoints, list, outcome);
	const images = await pruneBuilt('image', paths.images, list, runs.goOn, outcome);
	const layers = await pruneBuilt('layer', paths.layers, list, false, outcome);
	const bases = await pruneBuilt('iso-base', paths.isoBases, list, false, outcome);
	await pruneBuilt('iso', paths.isos, list, runs.goOn, outcome);
	const cached = ['packages', 'accelerator', 'host-keys'] as const;
	for (const kind of cached) {
		const directory = path.join(paths.cache, kind);
		const why = kind === 'packages' && [images, layers, bases].some(({ areBuilt }) => areBuilt) ? 'an image is being built' : undefined;
		await prune({ kind, path: directory }, why, list, outcome);
	}
	const { stdout, stdoutColor: color } = terminal;
	stdout.write(
		json
			? `${JSON.stringify(pruneObject(outcome, list), undefined, '\t')}\n`
			: renderPrune(outcome, { list, color, now: Date.now() }),
	);
	return ExitCode.passed;
}

/** Removes one item, or keeps it when there is a reason. It does not report missing items. */
async function prune(
	item: Pick<PrunedItem, 'kind' | 'path'>,
	whyKept: string | undefined,
	list: boolean,
	{ removed, kept }: Outcome,
): Promise<void> {
	const bytes = await diskUsage(item.path);
	if (bytes === 0) return;
	if (whyKept !== undefined) return void kept.push({ ...item, bytes, reason: whyKept });
	if (!list) await rm(item.path, { recursive: true, force: true });
	removed.push({ ...item, bytes });
}

async function pruneRuns(runs: string, list: boolean, outcome: Outcome): Promise<{ goOn: boolean }> {
	let goOn = false;
	for (const name of (await readdir(runs).catch(() => [])).sort()) {
		const run = path.join(runs, name);
		const holder = await readHolder(run);
		const goesOn = holder?.isHeld ?? isStaging(name);
		goOn ||= goesOn;
		const where = holder && lifeOf(holder.token) === 'unknown' ? ' of another container or host' : '';
		const why = `process ${holder?.pid ?? 'that is only starting'}${where} rehearses it`;
		await prune({ kind: 'run', path: run }, goesOn ? why : undefined, list, outcome);
	}
	return { goOn };
}

async function pruneCheckpoints(store: string, list: boolean, outcome: Outcome): Promise<void> {
	for (const stored of await listCheckpoints(store)) {
		const item = { kind: 'checkpoint', path: stored.directory, bytes: stored.bytes, checkpoint: describe(stored) } as const;
		const goes = list ? !stored.leased : await removeUnleased(stored.directory);
		if (goes) outcome.removed.push(item);
		else outcome.kept.push({ ...item, reason: 'a rehearsal runs from it' });
	}
	for (const { path: staging, isWritten } of await listStagingDirectories(store)) {
		await prune({ kind: 'checkpoint', path: staging }, isWritten ? 'a rehearsal saves it' : undefined, list, outcome);
	}
}

function describe({ found, usedAt }: StoredCheckpoint): PrunedCheckpoint {
	const used_at = new Date(usedAt).toISOString();
	if ('damaged' in found) return { used_at, damaged: found.damaged };
	const { kind, lab, machines, savedAt } = found.checkpoint.manifest;
	return { kind, lab, nodes: machines.map(({ node }) => node), saved_at: new Date(savedAt).toISOString(), used_at };
}

/** How the directories of what was built and of builds that were killed are named, and the locks beside them. */
const builtEntry = /^([0-9a-f]{16})(?:\.(?:partial(?:-.*)?|lock))?$/;

/** Removes images, their layers, ISOs, or base layers of them. It keeps all images while a run is active: only the run itself knows which images its machines read. */
async function pruneBuilt(
	kind: 'image' | 'layer' | 'iso-base' | 'iso',
	directory: string,
	list: boolean,
	runsGoOn: boolean,
	outcome: Outcome,
): Promise<{ areBuilt: boolean }> {
	const names = await readdir(directory).catch(() => []);
	const keys = new Set(names.flatMap((name) => builtEntry.exec(name)?.[1] ?? []));
	let areBuilt = false;
	for (const key of [...keys].sort()) {
		const built = path.join(directory, key);
		// The lock is held during the removal: a run that wants it now waits, finds nothing and builds it.
		const lock = await acquireLock(built, { timeoutMs: 0 }).catch(() => undefined);
		const why = !lock ? 'it is being built' : runsGoOn ? 'a rehearsal goes on' : undefined;
		areBuilt ||= !lock;
		try {
			await prune({ kind, path: built }, why, list, outcome);
			for (const name of names.filter((one) => one.startsWith(`${key}.partial`))) {
				const partial = path.join(directory, name);
				// A builder that lost its lock, as on a laptop that slept, is a builder all the same.
				const isBuilt = await isHeld(processToken.exec(name)?.[0] ?? '', partial);
				await prune({ kind, path: partial }, why ?? (isBuilt ? 'it is being built' : undefined), list, outcome);
			}
		} finally {
			await lock?.release();
		}
	}
	return { areBuilt };
}
