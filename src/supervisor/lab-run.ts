/**
 * The part of a run that happens inside the lab's namespace, from an empty network to the last assertion:
 * network, machines, provisioning, startup scripts, scenario.
 */
import { withCleanup, type CleanupStack } from '../base/cleanup.js';
import { toFailure } from '../base/errors.js';
import { formatMs } from '../base/format.js';
import { quote } from '../base/shell.js';
import { untilAborted, withEither } from '../base/waiting.js';
import { serveControl } from '../control/server.js';
import type { Emit } from '../lab/events.js';
import { stage } from '../lab/stage.js';
import { memoryDirectory, mountMemory } from '../machine/memory.js';
import { startNetwork } from '../network/network.js';
import { watchOutbound } from '../network/watcher.js';
import { controlSocketIn } from '../protocol/requests.js';
import type { ExportRequest, LateMachines, RunSpec } from '../protocol/run-spec.js';
import { answersOf } from './answers.js';
import { watchHostSleep } from './host-sleep.js';
import { saveJournals } from './journals.js';
import { snapshotLab } from './checked-lab.js';
import { checkRobustness } from './check-robustness.js';
import type { Learn } from './lab-changes.js';
import { RunningLab } from './running-lab.js';
import type { RunningNode } from './running-node.js';

export interface LabRunContext {
	readonly emit: Emit;
	readonly learn: Learn;
	readonly signal: AbortSignal;
	/** Resolves when whoever keeps the lab lets it go. */
	readonly released: Promise<void>;
	/** Has `take` called with what becomes known of pending machines, and with what has by now. */
	onLateMachines(take: (late: LateMachines) => void): void;
	/** Ends the run before its end. */
	readonly stop: () => void;
}

/**
 * Runs the lab. Problems of the lab are reported as events; this rejects only when the rehearsal itself broke. Whatever
 * happens, no machine runs any more when it settles.
 */
export async function runLab(runSpec: RunSpec, context: LabRunContext): Promise<void> {
	const { emit } = context;
	// Whatever breaks first ends every other wait; its reason is what the run rejects with.
	const breaking = new AbortController();
	let teardownDone = () => {};
	try {
		await withEither([context.signal, breaking.signal], (signal) =>
			withCleanup(async (cleanup) => {
				try {
					await rehearseInside(runSpec, context, { signal, breaking, cleanup });
				} finally {
					teardownDone = beginTeardown(emit);
				}
			}),
		);
	} finally {
		teardownDone();
	}
}

/** What ends the waits of a run, and what ends the things it has started. */
interface Ends {
	readonly signal: AbortSignal;
	/** For whatever finds that the rehearsal broke. */
	readonly breaking: AbortController;
	readonly cleanup: CleanupStack;
}

async function rehearseInside(runSpec: RunSpec, context: LabRunContext, ends: Ends): Promise<void> {
	const { emit, learn } = context;
	await mountMemory(memoryDirectory(runSpec.sockets), runSpec.accelerator, ends.cleanup);
	const network = await stage(emit, 'network', () => startNetwork(runSpec.lab, runSpec.sockets, ends.cleanup));
	watchOutbound(runSpec.lab, emit, ends.cleanup);
	void network.broken.then((error) => ends.breaking.abort(error));
	const lab = new RunningLab(runSpec, { emit, learn, ...ends });
	context.onLateMachines((late) => lab.complete(late));
	void watchHostSleep((sleptMs) => setClocks(runSpec.machines.map(({ spec }) => lab.find(spec.name)), sleptMs, emit), ends.signal);
	const detach = new AbortController();
	const end = () => (lab.isReady ? detach.abort() : context.stop());
	await serveControl(controlSocketIn(runSpec.sockets), answersOf(lab, end), ends.cleanup);
	const nodes = await lab.bringUp();
	const startupPassed = nodes.every(({ startup }) => startup === 'passed');
	await lab.saveStarted(nodes);
	const scenarioPassed = runSpec.scenario
		? await stage(emit, 'scenario', () => judge(lab, emit), (passed) => (passed ? 'passed' : 'failed'))
		: true;
	const hasPassed = startupPassed && scenarioPassed && !lab.hasRefusedLogin && !lab.hasLostNode && (await checkRobustness(lab, lab.runSpec, emit, ends));
	// A node that has ended by itself meanwhile is reported as ended.
	ends.signal.throwIfAborted();
	// The machines of this moment: a restart has made others.
	const machines = () => runSpec.machines.flatMap(({ spec }) => lab.find(spec.name).started?.machine ?? []);
	if (!hasPassed) await saveJournals(machines(), runSpec, { emit, signal: ends.signal });
	if (runSpec.snapshots) await stage(emit, 'snapshot', () => snapshotLab(lab, runSpec, { emit, signal: ends.signal }));
	if (!hasPassed && runSpec.saveFailed) await saveFailed(lab, runSpec.saveFailed, { emit, signal: ends.signal });
	const staysUp = runSpec.keep === 'always' || (runSpec.keep === 'on-failure' && !hasPassed);
	if (staysUp) {
		// The state that it can be reset to is there before the lab is reported as kept running.
		await lab.finishSaving();
		lab.markReady();
		await stayUp(runSpec, { ...context, signal: ends.signal }, detach.signal);
	}
	await lab.finishSaving();
}

/** Runs the scenario, and looks beside it whether people get in. Resolves to whether every assertion passed. */
async function judge(lab: RunningLab, emit: Emit): Promise<boolean> {
	const logins = lab.checkLogins();
	const passed = await lab.runScenario(emit);
	await logins;
	return passed;
}

/** Sets the guests' clocks, which stopped with the host. A machine that is halted gets the time when it resumes. */
function setClocks(nodes: readonly RunningNode[], sleptMs: number, emit: Emit): void {
	for (const { started, paused } of nodes) if (!paused) started?.machine.guest.setClock();
	emit({ type: 'notice', message: `this host has slept for ${formatMs(sleptMs)}; the clocks of the lab's machines were set` });
}

/** Saves the machines of a run that has failed. The outcome is reported, and is no part of the verdict. */
async function saveFailed(
	lab: RunningLab,
	request: ExportRequest,
	{ emit, signal }: Pick<LabRunContext, 'emit' | 'signal'>,
): Promise<void> {
	try {
		await stage(emit, 'save', () => lab.saveForExport(request));
		emit({ type: 'notice', message: 'the machines were saved as they are: `rehearse bundle --with-checkpoints` packs them' });
	} catch (error) {
		signal.throwIfAborted();
		emit({ type: 'notice', message: `the machines were not saved: ${toFailure(error).message}` });
	}
}

/** Leaves the machines running until somebody detaches. */
async function stayUp(
	{ machines, access }: RunSpec,
	{ emit, released, signal }: LabRunContext,
	detach: AbortSignal,
): Promise<void> {
	const commands = machines.map(({ spec }) => ({
		node: spec.name,
		ssh: `ssh -F ${quote(access.sshConfigFile)} ${spec.name}`,
	}));
	emit({ type: 'detached', commands, end: access.end });
	const ended = new Promise<void>((resolve) => detach.addEventListener('abort', () => resolve(), { once: true }));
	await untilAborted(Promise.race([released, ended]), signal);
}

/** Reports that the teardown begins; the returned function reports that it is done. */
function beginTeardown(emit: Emit): () => void {
	const began = performance.now();
	emit({ type: 'stage-started', stage: 'teardown' });
	return () => emit({ type: 'stage-finished', stage: 'teardown', status: 'passed', ms: Math.round(performance.now() - began) });
}
