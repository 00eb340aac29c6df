import path from 'node:path';
import { CleanupStack } from '../base/cleanup.js';
import { endOtherLeases } from '../checkpoint/inventory.js';
import { leaseCheckpoint } from '../checkpoint/lease.js';
import { ask } from '../control/client.js';
import type { Emit, RunEventBody } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';
import { prepareLab } from '../prepare/prepare.js';
import type { CurrentLab, LabRequest } from '../protocol/requests.js';
import type { LiveLab } from '../runs/live-labs.js';
import type { Paths } from '../runs/paths.js';
import type { ReloadPlan } from './reload-plan.js';

export interface ReloadOptions {
	readonly paths: Paths;
	/** Base URI of the Debian archive; the one of the host's apt otherwise. */
	readonly mirror?: string | undefined;
	readonly emit: Emit;
	readonly signal: AbortSignal;
}

/**
 * Makes the nodes of a lab that runs anew that `plan` says have changed, as `edited` has them; the others go on.
 * @throws Failure when a node cannot be made, with the lab as far as it came
 */
export async function reloadLab(
	live: LiveLab,
	current: CurrentLab,
	edited: Lab,
	plan: ReloadPlan,
	{ paths, mirror, emit, signal }: ReloadOptions,
): Promise<void> {
	const names = plan.changed.map(({ node }) => node);
	// What was not named stays as it is, also in what the lab is from now on.
	const lab: Lab = {
		...edited,
		nodes: edited.nodes.map((node) => (names.includes(node.name) ? node : (current.lab.nodes.find(({ name }) => name === node.name) ?? node))),
	};
	const goingOn = lab.nodes.map(({ name }) => name).filter((name) => !names.includes(name));
	const directory = { path: live.runDirectory, disks: path.join(live.runDirectory, 'disks'), sockets: live.sockets };
	// What is leased and begun is the lab's: it outlives this process, and is swept away once the lab is gone.
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
	// What earlier reloads have saved is of no more use to anybody, and takes room.
	await endOtherLeases(paths.checkpoints, live.pid, inUse);
}
