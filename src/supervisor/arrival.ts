/** How a node's machine comes to stand before its startup scripts: restored from a checkpoint, or booted. */
import { rm } from 'node:fs/promises';
import { CleanupStack } from '../base/cleanup.js';
import { brokenFailure, toFailure, type Failure } from '../base/errors.js';
import { withdrawCheckpoint } from '../checkpoint/lease.js';
import { wasHandedOver, wasStarted, type Emit } from '../lab/events.js';
import { stage } from '../lab/stage.js';
import type { AgentMessage } from '../machine/agent-message.js';
import { cloudInitComplaints } from '../machine/cloud-init.js';
import { startMachine, type RunningMachine } from '../machine/machine.js';
import { loadMachine } from '../machine/memory.js';
import { proceed } from '../machine/migration.js';
import { createOverlay } from '../machine/qcow2.js';
import { findUnsound } from '../machine/soundness.js';
import { machineId, type MachineSpec, type Start } from '../machine/spec.js';
import type { SupervisedMachine, SupervisedRun } from '../protocol/run-spec.js';
import type { LiveMachine } from './saving.js';

export interface ArrivalContext {
	readonly lab: SupervisedRun;
	readonly emit: Emit;
	readonly signal: AbortSignal;
	readonly cleanup: CleanupStack;
	readonly onMessage: (message: AgentMessage) => void;
	/** Called with every machine that is started for the node, long before it has arrived. */
	readonly onStart: (arrived: Arrived) => void;
}

/** A machine that was restored or booted, and how it is ended before the others. */
export interface Arrived extends LiveMachine {
	readonly isRestored: boolean;
	end(): Promise<void>;
}

/** Restores a node's machine, which stands still then; nothing when it cannot be: the reader is told why. */
export async function restoreNode(supervised: SupervisedMachine, context: ArrivalContext): Promise<Arrived | undefined> {
	const { restore, spec, origin } = supervised;
	if (!restore) return undefined;
	const { emit, signal } = context;
	const own = ownStack(context.cleanup, spec);
	emit({ type: 'origin', node: spec.name, origin });
	let isLoading = false;
	try {
		return await stage(
			emit,
			'restore',
			async () => {
				const arrived = await startFor({ ...spec, layers: restore.layers }, restore.ramFile, supervised, context, own);
				const options = { deadlineMs: context.lab.deadlines.stateMs, signal };
				isLoading = true;
				await Promise.race([loadMachine(arrived.machine, restore, options), arrived.machine.broken]);
				return arrived;
			},
			undefined,
			spec.name,
		);
	} catch (error) {
		signal.throwIfAborted();
		await own.run();
		if (wasHandedOver(supervised)) throw notRestored(supervised, error);
		await giveUp(supervised, toFailure(error).message, context, isLoading);
		return undefined;
	}
}

/** Has a restored machine go on, and asks it whether it is sound. Resolves to whether it is; it is ended if not. */
export async function wakeNode(arrived: Arrived, supervised: SupervisedMachine, context: ArrivalContext): Promise<boolean> {
	const { machine } = arrived;
	const { signal, lab } = context;
	const isOnlyRestored = wasHandedOver(supervised);
	const complaints = await answer().catch((error: unknown) => {
		signal.throwIfAborted();
		const { code, message } = toFailure(error);
		if (isOnlyRestored && code !== 'machine-deadline') throw notRestored(supervised, error);
		return [message];
	});
	if (complaints.length === 0) return true;
	if (isOnlyRestored) {
		// A lab that has failed may well be so: it is there to be looked at.
		context.emit({ type: 'notice', node: machine.name, message: `is not as it should be since it was restored: ${complaints.join('; ')}` });
		return true;
	}
	await arrived.end();
	await giveUp(supervised, complaints.join('; '), context, true);
	return false;

	async function answer(): Promise<string[]> {
		await proceed(machine.qmp, signal);
		machine.tell('wake');
		const awake = await machine.waitFor('awake', {
			deadlineMs: lab.deadlines.wakeMs,
			signal,
			what: 'its first word after the restore was',
		});
		// What has failed in it is why it was handed over.
		const told = isOnlyRestored ? { ...awake, failedUnits: '' } : awake;
		return findUnsound(told, { machineId: machineId(machine.name), hostKey: supervised.hostKey });
	}
}

/** Why a machine that was handed over is not there: booted it would be another. */
function notRestored({ spec: { name } }: SupervisedMachine, cause: unknown): Failure {
	const { message, detail } = toFailure(cause);
	return brokenFailure('not-restored', `${name} could not be restored as it was handed over: ${message}`, {
		node: name,
		cause,
		detail,
		hint: 'it takes the QEMU and the accelerator that it was saved by; `rehearse report` shows the run all the same',
	});
}

/**
 * Says that a node is booted, as its checkpoint was of no use, and throws that away.
 * @param isAtFault whether it may be the checkpoint's fault; a QEMU that did not even start is the host's
 */
async function giveUp(
	supervised: SupervisedMachine,
	why: string,
	{ emit, cleanup }: ArrivalContext,
	isAtFault: boolean,
): Promise<void> {
	const { restore, spec: { name: node } } = supervised;
	const discard = async () => {
		if (restore) await withdrawCheckpoint(restore.checkpoint).catch(() => undefined);
	};
	if (isAtFault) {
		// The started lab's is everybody's: the others may still be opening it.
		if (wasStarted(supervised)) cleanup.defer('useless checkpoint', discard);
		else await discard();
	}
	const fate = isAtFault ? ', its checkpoint thrown away' : '';
	emit({ type: 'notice', node, message: `could not be restored and is booted${fate}: ${why}` });
	emit({ type: 'origin', node, origin: { from: 'power-on', why: 'its checkpoint was of no use' } });
}

/** Boots a node's machine; it is provisioned then. */
export function bootNode(supervised: SupervisedMachine, context: ArrivalContext): Promise<Arrived> {
	const { spec, origin } = supervised;
	const { emit, signal, lab } = context;
	if (!supervised.restore) emit({ type: 'origin', node: spec.name, origin });
	const boot = async () => {
		signal.throwIfAborted();
		const own = ownStack(context.cleanup, spec);
		const arrived = await startFor({ ...spec, layers: [] }, undefined, supervised, context, own);
		await provisioned(arrived.machine, lab.deadlines.provisioningMs, signal);
		return arrived;
	};
	return stage(emit, 'boot', boot, undefined, spec.name);
}

/**
 * Starts a node's machine anew from its own disk, as its last one, which has ended, left it. It is there when the agent
 * says so again; no startup script runs.
 */
export async function bootAgain(
	last: Pick<Arrived, 'layers'>,
	supervised: SupervisedMachine,
	context: Omit<ArrivalContext, 'onMessage'>,
): Promise<Arrived> {
	const { signal, lab, cleanup } = context;
	const own = ownStack(cleanup, supervised.spec);
	const [overlayFile = '', ...layers] = last.layers;
	const spec = { ...supervised.spec, overlayFile, layers };
	const arrived = await startWith(spec, 'restart', supervised, { ...context, onMessage: () => undefined }, own);
	// What has failed is the lab's doing, and told by whoever restarted it.
	await arrived.machine.waitFor('provisioned', { deadlineMs: lab.deadlines.provisioningMs, signal, what: 'the end of its boot was' });
	return arrived;
}

/** A stack for one machine, which may end before the lab does, and its memory with it. */
export function ownStack(cleanup: CleanupStack, { name, memory }: MachineSpec): CleanupStack {
	const own = new CleanupStack();
	own.defer(`memory of ${name}`, () => rm(memory.file, { force: true }));
	const end = async () => {
		const [error] = await own.run();
		if (error) throw error;
	};
	cleanup.defer(`machine ${name}`, end, 'machines');
	return own;
}

/** Starts a machine with a disk of its own, empty but for what is below it; with a saved memory it waits for its state then. */
export async function startFor(
	spec: MachineSpec,
	ramFile: string | undefined,
	supervised: SupervisedMachine,
	context: ArrivalContext,
	own: CleanupStack,
): Promise<Arrived> {
	await createOverlay(spec.overlayFile, supervised.diskMiB);
	if (ramFile === undefined) return startWith(spec, 'power-on', supervised, context, own);
	return startWith({ ...spec, memory: { file: ramFile, isShared: false } }, 'incoming', supervised, context, own);
}

async function startWith(
	spec: MachineSpec,
	how: Start,
	{ diskMiB, consoleFile, niceness = 0 }: SupervisedMachine,
	{ lab, emit, signal, onMessage, onStart }: ArrivalContext,
	own: CleanupStack,
): Promise<Arrived> {
	const machine = await startMachine(spec, {
		accelerator: lab.accelerator,
		start: how,
		// Whoever works in a lab that stays waits for one node as for another.
		niceness: lab.scenario ? niceness : 0,
		consoleFile,
		cleanup: own,
		onMessage,
		onNotice: (message) => emit({ type: 'notice', node: spec.name, message }),
		signal,
	});
	const layers = [spec.overlayFile, ...spec.layers];
	const end = async () => void (await own.run());
	const arrived: Arrived = { machine, diskMiB, layers, frozen: 0, isRestored: how === 'incoming', end };
	onStart(arrived);
	return arrived;
}

async function provisioned(machine: RunningMachine, deadlineMs: number, signal: AbortSignal): Promise<void> {
	const node = machine.name;
	const { cloudInit, failedUnits } = await machine.waitFor('provisioned', {
		deadlineMs,
		signal,
		what: 'the end of cloud-init was',
	});
	const complaints = cloudInitComplaints(cloudInit);
	if (complaints.length > 0) {
		const detail = [...complaints, failedUnits, machine.consoleTail()].filter(Boolean).join('\n');
		throw brokenFailure('cloud-init', `${node}: cloud-init did not end well`, { node, detail });
	}
	if (failedUnits !== '') {
		throw brokenFailure('units-failed', `${node}: units failed while it booted`, { node, detail: failedUnits });
	}
}
