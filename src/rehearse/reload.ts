import path from 'node:path';
import { CleanupStack } from '../base/cleanup.js';
import { endOtherLeases } from '../checkpoint/inventory.js';
import { leaseCheckpoint } from '../checkpoint/lease.js';
import { ask } from '../control/client.js';
import type { Emit, RunEventBody } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';
import { masksOf, shownEvent } from '../lab/mask.js';
import { prepareLab } from '../prepare/prepare.js';
import type { CurrentLab, LabRequest } from '../protocol/requests.js';
import type { LiveLab } from '../runs/live-labs.js';
import type { Paths } from '../runs/paths.js';
import type { ReloadPlan } from './reload-plan.js';

export interface ReloadOptions {
	readonly paths: Paths;
	/** Base URI of the Debian archive. The default is that of the host's apt. */
	readonly mirror?: string | undefined;
	readonly emit: Emit;
	readonly signal: AbortSignal;
}

/**
 * Replaces the changed nodes of a running lab by new ones, as `edited` describes them. The other nodes continue.
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
	const goingOn = lab.nodes.map(({ name }) => name).filter((name) => !names.includes(name));
	const directory = { path: live.runDirectory, disks: path.join(live.runDirectory, 'disks'), sockets: live.sockets };
	// Leases and staging directories belong to the lab. They outlive this process, and are swept away once the lab has
	// ended.
	const ofTheLab = new CleanupStack();
	const prepared = await prepareLab(
		lab,
		directory,
		{
			...{ paths, mirror, accelerator: current.accelerator, trace: current.trace, pid: live.pid },
			...{ checkpoints: { cold: current.isCold, started: [], goingOn }, seeded: names },
		},
		{ emit, cleanup: ofTheLab, signal },
	);
	const { machines, startedKey, saveStarted } = prepared.plan;
	const request: LabRequest = {
		op: 'replace',
		lab,
		machines: machines.filter(({ spec }) => names.includes(spec.name)),
		...(startedKey === undefined ? {} : { startedKey }),
		...(saveStarted === undefined ? {} : { saveStarted }),
	};
	const inUse = (await ask(live.controlSocket, request, { signal, onEvent: (event) => emit(event as RunEventBody) })) as readonly string[];
	if (startedKey !== undefined) await leaseCheckpoint(path.join(paths.checkpoints, startedKey), live.pid, ofTheLab);
	// Nobody uses the checkpoints of earlier reloads any more.
	await endOtherLeases(paths.checkpoints, live.pid, inUse);
}
