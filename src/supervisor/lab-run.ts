/**
 * The part of a run that happens inside the lab's namespace, from an empty network to the last assertion:
 * network, machines, provisioning, startup scripts, scenario.
 */
import { withCleanup, type CleanupStack } from '../base/cleanup.js';
import { toFailure } from '../base/errors.js';
import { quote } from '../base/shell.js';
import { untilAborted } from '../base/waiting.js';
import { serveControl } from '../control/server.js';
import type { Emit } from '../lab/events.js';
import { stage } from '../lab/stage.js';
import { memoryDirectory, mountMemory } from '../machine/memory.js';
import { startNetwork } from '../network/network.js';
import { watchOutside } from '../network/watcher.js';
import { controlSocketIn } from '../protocol/requests.js';
import type { HandoverOrder, SupervisedRun } from '../protocol/run-spec.js';
import { answersOf } from './answers.js';
import { saveJournals } from './journals.js';
import { surveyLab } from './provable.js';
import { proveAll } from './prove.js';
import { RunningLab } from './running-lab.js';

export interface LabRunContext {
	readonly emit: Emit;
	readonly signal: AbortSignal;
	/** Resolves when whoever keeps the lab lets it go. */
	readonly released: Promise<void>;
	/** Ends the run before its end. */
	readonly stop: () => void;
}

/**
 * Runs the lab. What is wrong with the lab is told by events; this rejects only when the rehearsal itself broke.
 * Whatever happens, no machine runs any more when it settles.
 */
export async function runLab(supervised: SupervisedRun, context: LabRunContext): Promise<void> {
	const { emit } = context;
	// Whatever breaks first ends every other wait; its reason is what the run rejects with.
	const breaking = new AbortController();
	const signal = AbortSignal.any([context.signal, breaking.signal]);
	let teardownDone = () => {};
	try {
		await withCleanup(async (cleanup) => {
			try {
				await rehearseInside(supervised, context, { signal, breaking, cleanup });
			} finally {
				teardownDone = beginTeardown(emit);
			}
		});
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

async function rehearseInside(supervised: SupervisedRun, context: LabRunContext, ends: Ends): Promise<void> {
	const { emit } = context;
	await mountMemory(memoryDirectory(supervised.sockets), supervised.accelerator, ends.cleanup);
	const network = await stage(emit, 'network', () => startNetwork(supervised.lab, supervised.sockets, ends.cleanup));
	watchOutside(supervised.lab, emit, ends.cleanup);
	void network.broken.then((error) => ends.breaking.abort(error));
	const lab = new RunningLab(supervised, { emit, ...ends });
	const letGo = new AbortController();
	const end = () => (lab.stands ? letGo.abort() : context.stop());
	await serveControl(controlSocketIn(supervised.sockets), answersOf(lab, end), ends.cleanup);
	const nodes = await lab.bringUp();
	const startupPassed = nodes.every(({ startup }) => startup === 'passed');
	await lab.saveStarted(nodes);
	const scenarioPassed = supervised.scenario
		? await stage(emit, 'scenario', () => judge(lab, emit), (passed) => (passed ? 'passed' : 'failed'))
		: true;
	const hasPassed = startupPassed && scenarioPassed && (await proveAll(lab, supervised, emit, ends));
	// One that has ended by itself meanwhile is told as what it is.
	ends.signal.throwIfAborted();
	// The machines of this moment: a restart has made others.
	const machines = () => supervised.machines.map(({ spec }) => lab.find(spec.name).machine);
	if (!hasPassed) await saveJournals(machines(), supervised, { emit, signal: ends.signal });
	if (supervised.surveys) await stage(emit, 'survey', () => surveyLab(lab, supervised, ends.signal));
	if (!hasPassed && supervised.saveFailed) await saveFailed(lab, supervised.saveFailed, { emit, signal: ends.signal });
	const isKept = supervised.keep === 'always' || (supervised.keep === 'on-failure' && !hasPassed);
	if (isKept) {
		// What it goes back to is there from the moment at which it is said to stay.
		await lab.finishSaving();
		lab.stand();
		await keepLab(supervised, { ...context, signal: ends.signal }, letGo.signal);
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

/** Saves the machines of a run that has failed. What comes of that is told, and is no part of the verdict. */
async function saveFailed(
	lab: RunningLab,
	order: HandoverOrder,
	{ emit, signal }: Pick<LabRunContext, 'emit' | 'signal'>,
): Promise<void> {
	try {
		await stage(emit, 'save', () => lab.saveForHandover(order));
		emit({ type: 'notice', message: 'the machines were saved as they are: `rehearse bundle --with-checkpoints` hands them over' });
	} catch (error) {
		signal.throwIfAborted();
		emit({ type: 'notice', message: `the machines were not saved: ${toFailure(error).message}` });
	}
}

/** Leaves the machines running until they are let go. */
async function keepLab(
	{ machines, access }: SupervisedRun,
	{ emit, released, signal }: LabRunContext,
	letGo: AbortSignal,
): Promise<void> {
	const commands = machines.map(({ spec }) => ({
		node: spec.name,
		ssh: `ssh -F ${quote(access.sshConfigFile)} ${spec.name}`,
	}));
	emit({ type: 'kept', commands, end: access.end });
	const ended = new Promise<void>((resolve) => letGo.addEventListener('abort', () => resolve(), { once: true }));
	await untilAborted(Promise.race([released, ended]), signal);
}

/** Says that the teardown begins; the returned function says that it is done. */
function beginTeardown(emit: Emit): () => void {
	const began = performance.now();
	emit({ type: 'stage-started', stage: 'teardown' });
	return () => emit({ type: 'stage-finished', stage: 'teardown', status: 'passed', ms: Math.round(performance.now() - began) });
}
