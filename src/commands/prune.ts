/**
 * `rehearse prune`: empties the caches and removes finished runs. It keeps what a running rehearsal needs, and lists it as
 * kept.
 */
import { readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { isHeld, lifeOf, processToken, tokenOf } from '../base/alive.js';
import { diskUsage } from '../base/disk-usage.js';
import { ExitCode } from '../base/errors.js';
import { listStagingDirectories, listCheckpoints, type StoredCheckpoint } from '../checkpoint/inventory.js';
import { removeUnleased } from '../checkpoint/lease.js';
import { acquireLock, type HeldLock } from '../process/lock.js';
import type { Paths } from '../runs/paths.js';
import { isBeingMade, readHolder } from '../runs/run-directory.js';
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
	await pruneRuns(paths.runs, list, outcome);
	await pruneCheckpoints(paths.checkpoints, list, outcome);
	const whileRunsGoOn = async () => ((await doRunsGoOn(paths.runs)) ? 'a rehearsal goes on' : undefined);
	await pruneBuilt('image', paths.images, list, whileRunsGoOn, outcome);
	// A build has the files of its layer for itself.
	await pruneBuilt('layer', paths.layers, list, never, outcome);
	await pruneBuilt('iso-base', paths.isoBases, list, whileRunsGoOn, outcome);
	await pruneBuilt('iso', paths.isos, list, whileRunsGoOn, outcome);
	const whileBuilt = async () => ((await areAnyBuilt([paths.images, paths.layers, paths.isoBases])) ? 'an image is being built' : undefined);
	await prune({ kind: 'packages', path: path.join(paths.cache, 'packages') }, whileBuilt, list, outcome);
	await prune({ kind: 'accelerator', path: path.join(paths.cache, 'accelerator') }, never, list, outcome);
	// With another key, a node that a reload replaces would be a stranger to whoever knows the lab's hosts.
	await prune({ kind: 'host-keys', path: paths.hostKeys }, whileRunsGoOn, list, outcome);
	const { stdout, stdoutColor: color } = terminal;
	stdout.write(
		json
			? `${JSON.stringify(pruneObject(outcome, list), undefined, '\t')}\n`
			: renderPrune(outcome, { list, color, now: Date.now() }),
	);
	return ExitCode.passed;
}

/**
 * Tells why something is kept; nothing where it may go. It is asked for each item when that is about to be removed: what was
 * true before gigabytes of others went need not be true any more.
 */
type WhyKept = () => Promise<string | undefined>;

const never: WhyKept = () => Promise.resolve(undefined);

/**
 * Removes one item, or keeps it when there is a reason. It does not report missing items.
 * @param remove resolves to the reason where it has kept the item all the same
 */
async function prune(
	item: Pick<PrunedItem, 'kind' | 'path'>,
	whyKept: WhyKept,
	list: boolean,
	{ removed, kept }: Outcome,
	remove: (file: string) => Promise<string | undefined> = removeAtOnce,
): Promise<void> {
	const bytes = await diskUsage(item.path);
	if (bytes === 0) return;
	const reason = (await whyKept()) ?? (list ? undefined : await remove(item.path));
	if (reason !== undefined) return void kept.push({ ...item, bytes, reason });
	removed.push({ ...item, bytes });
}

async function removeAtOnce(file: string): Promise<undefined> {
	await rm(file, { recursive: true, force: true });
}

/**
 * Removes what was built, unless somebody has begun to need it since that was looked for. Here it is put out of sight before
 * that is looked for again; a run is to be seen before it looks for what it needs. So one of the two always notices the other.
 */
const removeUnlessNeeded =
	(whyKept: WhyKept) =>
	async (built: string): Promise<string | undefined> => {
		// As the directory of a build: what is left of it after a kill goes with those.
		const aside = `${built}.partial-${tokenOf()}-gone`;
		await rename(built, aside);
		const reason = await whyKept();
		if (reason === undefined) await rm(aside, { recursive: true, force: true });
		else await rename(aside, built);
		return reason;
	};

async function pruneRuns(runs: string, list: boolean, outcome: Outcome): Promise<void> {
	for (const name of (await readdir(runs).catch(() => [])).sort()) {
		const run = path.join(runs, name);
		await prune({ kind: 'run', path: run }, () => whyRunGoesOn(run), list, outcome);
	}
}

/** Why a run is taken to go on; nothing for one that is over. */
async function whyRunGoesOn(run: string): Promise<string | undefined> {
	const holder = await readHolder(run);
	if (!(holder?.isHeld ?? (await isBeingMade(run)))) return undefined;
	const where = holder && lifeOf(holder.token) === 'unknown' ? ' of another container or host' : '';
	return `process ${holder?.pid ?? 'that is only starting'}${where} rehearses it`;
}

/** Whether any run goes on at this moment. */
async function doRunsGoOn(runs: string): Promise<boolean> {
	for (const name of await readdir(runs).catch(() => [])) if ((await whyRunGoesOn(path.join(runs, name))) !== undefined) return true;
	return false;
}

async function pruneCheckpoints(store: string, list: boolean, outcome: Outcome): Promise<void> {
	for (const stored of await listCheckpoints(store)) {
		const item = { kind: 'checkpoint', path: stored.directory, bytes: stored.bytes, checkpoint: describe(stored) } as const;
		const goes = list ? !stored.leased : await removeUnleased(stored.directory);
		if (goes) outcome.removed.push(item);
		else outcome.kept.push({ ...item, reason: 'a rehearsal runs from it' });
	}
	for (const { path: staging, isWritten } of await listStagingDirectories(store)) {
		await prune({ kind: 'checkpoint', path: staging }, () => Promise.resolve(isWritten ? 'a rehearsal saves it' : undefined), list, outcome);
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

/** Takes the lock of something that is built; nothing while somebody else has it, who builds it. */
const takeLock = (built: string): Promise<HeldLock | undefined> => acquireLock(built, { timeoutMs: 0 }).catch(() => undefined);

/**
 * Removes images, their layers, ISOs, or base layers of them. What runs read is kept as a whole while a run is active: only
 * the run itself knows which its machines read.
 */
async function pruneBuilt(
	kind: 'image' | 'layer' | 'iso-base' | 'iso',
	directory: string,
	list: boolean,
	whyKept: WhyKept,
	outcome: Outcome,
): Promise<void> {
	const names = await readdir(directory).catch(() => []);
	const keys = new Set(names.flatMap((name) => builtEntry.exec(name)?.[1] ?? []));
	for (const key of [...keys].sort()) {
		const built = path.join(directory, key);
		// The lock is held during the removal: a run that wants it now waits, finds nothing and builds it.
		const lock = await takeLock(built);
		const why: WhyKept = lock ? whyKept : () => Promise.resolve('it is being built');
		try {
			await prune({ kind, path: built }, why, list, outcome, removeUnlessNeeded(why));
			for (const name of names.filter((one) => one.startsWith(`${key}.partial`))) {
				const partial = path.join(directory, name);
				// A builder that lost its lock, as on a laptop that slept, is a builder all the same.
				const isBuilt = () => isHeld(processToken.exec(name)?.[0] ?? '', partial);
				await prune({ kind, path: partial }, async () => (await why()) ?? ((await isBuilt()) ? 'it is being built' : undefined), list, outcome);
			}
		} finally {
			await lock?.release();
		}
	}
}

/** Whether something is being built in one of these directories at this moment. */
async function areAnyBuilt(directories: readonly string[]): Promise<boolean> {
	for (const directory of directories) {
		for (const name of (await readdir(directory).catch(() => [])).filter((one) => one.endsWith('.lock'))) {
			const lock = await takeLock(path.join(directory, name.slice(0, -'.lock'.length)));
			if (!lock) return true;
			await lock.release();
		}
	}
	return false;
}
