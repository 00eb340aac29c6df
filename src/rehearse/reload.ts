import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { CleanupStack, withCleanup } from '../base/cleanup.js';
import { endOtherLeases } from '../checkpoint/inventory.js';
import { leaseCheckpoint } from '../checkpoint/lease.js';
import type { Emit } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';
import { masksOf, shownEvent } from '../lab/mask.js';
import { prepareLab } from '../prepare/prepare.js';
import type { CurrentLab } from '../protocol/requests.js';
import type { LiveLab } from '../runs/live-labs.js';
import type { Paths } from '../runs/paths.js';
import type { ReloadPlan } from './reload-plan.js';
import { replaceNodes } from './replace-nodes.js';

export interface ReloadOptions {
	readonly paths: Paths;
	/** Base URI of the Debian archive. The default is that of the host's apt. */
	readonly mirror?: string | undefined;
	readonly emit: Emit;
	readonly signal: AbortSignal;
}

/**
 * Replaces the changed nodes of a running lab by new ones, as `edited` describes them. The other nodes continue. Where none
 * has changed, only its scenario is another then.
 * @throws Failure when a node cannot be started. The nodes that were replaced before it keep running
 */
export async function reloadLab(
	live: LiveLab,
	current: CurrentLab,
	edited: Lab,
	plan: ReloadPlan,
	{ paths, mirror, signal, ...options }: ReloadOptions,
): Promise<void> {
	const mask = masksOf(edited, current.showSecrets).text;
	const emit: Emit = (event) => options.emit(shownEvent(event, mask));
	const names = plan.changed.map(({ node }) => node);
	// Nodes that are not replaced keep their old description.
	const lab: Lab = {
		...edited,
		nodes: edited.nodes.map((node) => (names.includes(node.name) ? node : (current.lab.nodes.find(({ name }) => name === node.name) ?? node))),
	};
	if (names.length === 0) {
		// Its machines are those that it has: what somebody has done to them is nothing to go back to.
		const { startedKey } = current;
		await replaceNodes(live, { lab, machines: [], ...(startedKey === undefined ? {} : { startedKey }) }, { seeds: live.runDirectory, emit, signal });
		return;
	}
	const goingOn = lab.nodes.map(({ name }) => name).filter((name) => !names.includes(name));
	const directory = { path: live.runDirectory, disks: path.join(live.runDirectory, 'disks'), sockets: live.sockets };
	// Leases and staging directories belong to the lab. They outlive this process, and are swept away once the lab has
	// ended.
	const ofTheLab = new CleanupStack();
	await withCleanup(async (cleanup) => {
		// The machines that run keep their seeds until the lab takes the new ones. Where this process is killed, these go with
		// the disks.
		let seedsIn: string | undefined;
		cleanup.defer('seeds', () => (seedsIn === undefined ? undefined : rm(seedsIn, { recursive: true, force: true })));
		seedsIn = await mkdtemp(path.join(directory.disks, 'seeds-'));
		const prepared = await prepareLab(
			lab,
			directory,
			{
				...{ paths, mirror, accelerator: current.accelerator, trace: current.trace, pid: live.pid },
				...{ checkpoints: { cold: current.isCold, started: [], goingOn }, seeded: names, seedsIn },
			},
			{ emit, cleanup: ofTheLab, signal },
		);
		const { machines, startedKey, saveStarted } = prepared.plan;
		const replacement = {
			lab,
			machines: machines.filter(({ spec }) => names.includes(spec.name)),
			...(startedKey === undefined ? {} : { startedKey }),
			...(saveStarted === undefined ? {} : { saveStarted }),
		};
		const inUse = await replaceNodes(live, replacement, { seeds: seedsIn, emit, signal });
		if (startedKey !== undefined) await leaseCheckpoint(path.join(paths.checkpoints, startedKey), live.pid, ofTheLab);
		// Nobody uses the checkpoints of earlier reloads any more.
		await endOtherLeases(paths.checkpoints, live.pid, inUse);
	});
}
