/** Brings a node's machine to the point before its startup scripts: restored from a checkpoint, or booted. */
import { rm } from 'node:fs/promises';
import { CleanupStack } from '../base/cleanup.js';
import { brokenFailure, toFailure, type Failure } from '../base/errors.js';
import { clearFailures, countFailure } from '../checkpoint/failures.js';
import { withdrawCheckpoint } from '../checkpoint/lease.js';
import { wasExported, wasStarted, type Emit } from '../lab/events.js';
import type { StartupScript } from '../lab/lab.js';
import { stage } from '../lab/stage.js';
import type { AgentMessage } from '../machine/agent-message.js';
import { findHealthProblems } from '../machine/health-check.js';
import type { ScriptMessage } from '../machine/guest.js';
import { startLiveMachine } from '../machine/live/live-machine.js';
import { startMachine } from '../machine/machine.js';
import { bytesOf, deadlineFor } from '../machine/memory.js';
import { stateLate } from '../machine/migration.js';
import { createOverlay } from '../machine/qcow2.js';
import { qmpSilent } from '../machine/qmp.js';
import { machineLate } from '../machine/running-machine.js';
import { machineId, type LiveMedium, type MachineSpec, type Start } from '../machine/spec.js';
import { startupDeadlineMs, type MachineRunSpec, type RunSpec } from '../protocol/run-spec.js';
import type { LiveMachine } from './saving.js';

export interface StartContext {
	readonly lab: RunSpec;
	readonly emit: Emit;
	readonly signal: AbortSignal;
	readonly cleanup: CleanupStack;
	readonly onMessage: (message: AgentMessage) => void;
	/** Called with every machine that is started for the node, long before its guest is up. */
	readonly onStart: (started: StartedMachine) => void;
}

/** A machine that was restored or booted, and how it is ended before the others. */
export interface StartedMachine extends LiveMachine {
	readonly isRestored: boolean;
	end(): Promise<void>;
}

/** Restores a node's machine, which is halted then. Resolves to nothing when that fails, and reports why. */
export async function restoreNode(runSpec: MachineRunSpec, context: StartContext): Promise<StartedMachine | undefined> {
	const { restore, spec, origin } = runSpec;
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
				const started = await startFor({ ...spec, layers: restore.layers }, restore.ramFile, runSpec, context, own);
				const options = { deadlineMs: context.lab.deadlines.stateMs, signal };
				isLoading = true;
				await Promise.race([started.machine.load(restore, options), started.machine.broken]);
				return started;
			},
			undefined,
			spec.name,
		);
	} catch (error) {
		signal.throwIfAborted();
		await own.run();
		if (wasExported(runSpec)) throw notRestored(runSpec, error);
		await giveUp(runSpec, toFailure(error).message, context, isLoading ? faultOf(error) : 'none');
		return undefined;
	}
}

/** Has a restored machine go on, and checks its health. Resolves to whether it is healthy; it is ended if not. */
export async function wakeNode(started: StartedMachine, runSpec: MachineRunSpec, context: StartContext): Promise<boolean> {
	const { machine } = started;
	const { signal, lab } = context;
	const isOnlyRestored = wasExported(runSpec);
	let fault: Fault = 'wrong';
	const complaints = await answer().catch((error: unknown) => {
		signal.throwIfAborted();
		fault = faultOf(error);
		if (isOnlyRestored && fault !== 'late') throw notRestored(runSpec, error);
		return [toFailure(error).message];
	});
	if (complaints.length === 0) {
		if (runSpec.restore) await clearFailures(runSpec.restore.checkpoint, machine.name);
		return true;
	}
	if (isOnlyRestored) {
		// A lab that has failed may well be so: it is there to be looked at.
		context.emit({ type: 'notice', node: machine.name, message: `is not as it should be since it was restored: ${complaints.join('; ')}` });
		return true;
	}
	await started.end();
	await giveUp(runSpec, complaints.join('; '), context, fault);
	return false;

	async function answer(): Promise<string[]> {
		await machine.proceed(signal);
		machine.agent.send('wake');
		const { restore } = runSpec;
		const awake = await machine.agent.waitFor('awake', {
			// The guest reads its memory from the disk, page by page, where the host has not got it in memory.
			deadlineMs: deadlineFor(lab.deadlines.wakeMs, restore ? await bytesOf([restore.ramFile]) : 0),
			signal,
			what: 'its first message after the restore was',
		});
		// What has failed in it is why it was exported.
		const reported = isOnlyRestored ? { ...awake, failedUnits: '' } : awake;
		return findHealthProblems(reported, wasStarted(runSpec) ? undefined : { machineId: machineId(machine.name), hostKey: runSpec.hostKey });
	}
}

/** Why an imported machine is not there: booted it would be another. */
function notRestored({ spec: { name } }: MachineRunSpec, cause: unknown): Failure {
	const { message, detail } = toFailure(cause);
	return brokenFailure('not-restored', `${name} could not be restored as it was exported: ${message}`, {
		node: name,
		cause,
		detail,
		hint: 'it takes the QEMU and the accelerator that it was saved by; `rehearse report` shows the run all the same',
	});
}

/**
 * What a failed restore means for the checkpoint: nothing, where QEMU did not even start; nothing, where the machine was
 * only late; otherwise that it may be of no use.
 */
type Fault = 'none' | 'late' | 'wrong';

const lateCodes: readonly string[] = [stateLate, qmpSilent, machineLate];

const faultOf = (error: unknown): Fault => (lateCodes.includes(toFailure(error).code) ? 'late' : 'wrong');

const fates = {
	none: '',
	late: ', its checkpoint kept, as it was only late',
	kept: ', its checkpoint kept for one more try',
	discarded: ', its checkpoint thrown away, as that was so the last time too',
};

/**
 * Reports that a node is booted instead. Its checkpoint goes when it was of no use twice, one time after the other: its files
 * are as they were written, and once may be the host's doing.
 */
async function giveUp(runSpec: MachineRunSpec, why: string, { emit, cleanup }: StartContext, fault: Fault): Promise<void> {
	const { restore, spec: { name: node } } = runSpec;
	let fate: keyof typeof fates = fault === 'wrong' ? 'kept' : fault;
	if (restore && fault === 'wrong' && (await countFailure(restore.checkpoint, node)) > 1) {
		fate = 'discarded';
		const discard = () => withdrawCheckpoint(restore.checkpoint).catch(() => undefined);
		// The started lab's is everybody's: the others may still be opening it.
		if (wasStarted(runSpec)) cleanup.defer('useless checkpoint', discard);
		else await discard();
	}
	emit({ type: 'notice', node, message: `could not be restored and is booted${fates[fate]}: ${why}` });
	emit({ type: 'origin', node, origin: { from: 'power-on', why: fault === 'late' ? 'its checkpoint was too slow to restore' : 'its checkpoint was of no use' } });
}

/** Boots a node's machine; it is provisioned then. */
export function bootNode(runSpec: MachineRunSpec, context: StartContext): Promise<StartedMachine> {
	const { spec, origin } = runSpec;
	const { emit, signal, lab } = context;
	if (!runSpec.restore) emit({ type: 'origin', node: spec.name, origin });
	const boot = async () => {
		signal.throwIfAborted();
		const own = ownStack(context.cleanup, spec);
		const started = await startFor({ ...spec, layers: [] }, undefined, runSpec, context, own);
		await started.machine.guest.untilUp({ deadlineMs: lab.deadlines.provisioningMs, signal });
		return started;
	};
	return stage(emit, 'boot', boot, undefined, spec.name);
}

/** A machine that was started from its own disk, with the ends of the startup scripts that ran again: none, but on a live medium. */
export interface BootedAgain {
	readonly started: StartedMachine;
	readonly scripts: readonly ScriptMessage[];
}

/**
 * Starts a node's machine anew from its own disk, as its last one, which has ended, left it. It is ready when the agent
 * reports that again; startup scripts run when the agent is asked to run them.
 */
export async function bootAgain(
	last: Pick<StartedMachine, 'layers'>,
	runSpec: MachineRunSpec,
	context: Omit<StartContext, 'onMessage'> & Partial<Pick<StartContext, 'onMessage'>>,
): Promise<BootedAgain> {
	const { signal, lab, cleanup, onMessage = () => undefined } = context;
	const own = ownStack(cleanup, runSpec.spec);
	const [overlayFile = '', ...layers] = last.layers;
	const spec = { ...runSpec.spec, overlayFile, layers };
	const started = await startWith(spec, 'restart', runSpec, { ...context, onMessage }, own);
	const scriptsMs = startupDeadlineMs(scriptsOf(spec.name, lab), lab.deadlines, lab.slowdown);
	return { started, scripts: await started.machine.guest.untilBack({ deadlineMs: lab.deadlines.provisioningMs, signal }, scriptsMs) };
}

/** A stack for one machine, which may end before the lab does, and its memory with it. */
export function ownStack(cleanup: CleanupStack, { name, memory }: MachineSpec): CleanupStack {
	const own = new MachineStack();
	own.defer(`memory of ${name}`, () => rm(memory.file, { force: true }));
	const end = async () => {
		const [error] = await own.run();
		if (error) throw error;
	};
	own.withdraw = cleanup.defer(`machine ${name}`, end, 'machines');
	return own;
}

/** The stack of a machine. Once it was run, and nothing of it failed, the lab's has no step for it any more. */
class MachineStack extends CleanupStack {
	withdraw: () => void = () => undefined;

	override async run(): Promise<unknown[]> {
		const errors = await super.run();
		if (errors.length === 0) this.withdraw();
		return errors;
	}
}

/** Starts a machine with a disk of its own, empty but for what is below it; with a saved memory it waits for its state then. */
export async function startFor(
	spec: MachineSpec,
	ramFile: string | undefined,
	runSpec: MachineRunSpec,
	context: StartContext,
	own: CleanupStack,
): Promise<StartedMachine> {
	await createOverlay(spec.overlayFile, runSpec.diskMiB);
	if (ramFile === undefined) return startWith(spec, 'power-on', runSpec, context, own);
	return startWith({ ...spec, memory: { file: ramFile, isShared: false } }, 'incoming', runSpec, context, own);
}

async function startWith(
	spec: MachineSpec,
	how: Start,
	runSpec: MachineRunSpec,
	{ lab, emit, signal, onMessage, onStart }: StartContext,
	own: CleanupStack,
): Promise<StartedMachine> {
	const { diskMiB, consoleFile, niceness = 0 } = runSpec;
	const options = {
		accelerator: lab.accelerator,
		// Whoever works in a lab that is kept running waits for one node as for another.
		niceness: lab.scenario ? niceness : 0,
		consoleFile,
		cleanup: own,
		onMessage,
		onNotice: (message: string) => emit({ type: 'notice', node: spec.name, message }),
		signal,
	};
	const machine = await (spec.live ? startLiveMachine(spec, { ...options, ...liveNode(spec.live, runSpec, lab) }) : startMachine(spec, { ...options, start: how }));
	const layers = [spec.overlayFile, ...spec.layers];
	const end = async () => void (await own.run());
	const started: StartedMachine = { machine, diskMiB, layers, frozen: 0, isRestored: how === 'incoming', end };
	onStart(started);
	return started;
}

/** What whoever controls a live medium has to know of its node. */
const liveNode = ({ login }: LiveMedium, { spec, address, sshPort = 22, username, password }: MachineRunSpec, run: RunSpec) => ({
	ssh: { host: address, port: sshPort, isPasswordTaken: password !== undefined && username === login?.username },
	scripts: scriptsOf(spec.name, run).map(({ name }) => name),
});

/** The startup scripts of a node by its name. */
export const scriptsOf = (node: string, { lab }: Pick<RunSpec, 'lab'>): readonly StartupScript[] => lab.nodes.find(({ name }) => name === node)?.startupScripts ?? [];
