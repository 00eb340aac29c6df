/**
 * The part of a run that happens inside the lab's namespace, from an empty network to the last assertion:
 * network, machines, provisioning, startup scripts, scenario.
 */
import os from 'node:os';
import { withCleanup, type CleanupStack } from '../base/cleanup.js';
import { quote } from '../base/shell.js';
import { Turns } from '../base/turns.js';
import { untilAborted } from '../base/waiting.js';
import type { Emit } from '../lab/events.js';
import { startNetwork } from '../network/network.js';
import { watchOutside } from '../network/watcher.js';
import { runScenario } from '../scenario/run.js';
import { SshPool } from '../ssh/pool.js';
import { bringUpNode, Gate, type NodeOutcome } from './node-run.js';
import { Saver } from './saver.js';
import { stage } from './stage.js';
import type { SupervisedRun } from './supervised.js';

export interface LabRunContext {
	readonly emit: Emit;
	readonly signal: AbortSignal;
	/** Resolves when whoever keeps the lab lets it go. */
	readonly released: Promise<void>;
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
	const network = await stage(emit, 'network', () => startNetwork(supervised.lab, supervised.sockets, ends.cleanup));
	watchOutside(supervised.lab, emit, ends.cleanup);
	void network.broken.then((error) => ends.breaking.abort(error));
	const saver = new Saver({ ...supervised, signal: ends.signal }, emit);
	const nodes = await bringUpAll(supervised, emit, ends, saver);
	const startupPassed = nodes.every(({ startup }) => startup === 'passed');
	// A machine with a failed unit would not be taken for sound when it is restored.
	if (startupPassed && nodes.every(({ isSound }) => isSound)) await saver.saveLab(nodes.map(({ arrived }) => arrived), supervised.saveStarted);
	const scenarioPassed = await stage(
		emit,
		'scenario',
		() => rehearseScenario(supervised, emit, ends),
		(passed) => (passed ? 'passed' : 'failed'),
	);
	await saver.finish();
	const failed = !scenarioPassed || !startupPassed;
	if (supervised.keep === 'always' || (supervised.keep === 'on-failure' && failed)) {
		await keepLab(supervised, context, ends.signal);
	}
}

/** Restores or boots every node, side by side. The first that breaks ends the others. */
async function bringUpAll(
	supervised: SupervisedRun,
	emit: Emit,
	{ signal, breaking, cleanup }: Ends,
	saver: Saver,
): Promise<readonly NodeOutcome[]> {
	const gate = new Gate(supervised.machines.length);
	const boots = new Turns(os.availableParallelism());
	const context = { lab: supervised, emit, signal, cleanup, gate, saver, boots };
	const lives = supervised.machines.map(async (machine) => {
		try {
			const outcome = await bringUpNode(machine, context);
			// A machine that breaks later, during the scenario, ends that too.
			outcome.arrived.machine.broken.catch((error: unknown) => breaking.abort(error));
			return outcome;
		} catch (error) {
			breaking.abort(error);
			throw error;
		}
	});
	// All are waited for, so that nothing is still being started when the clean-up begins.
	const settled = await Promise.allSettled(lives);
	signal.throwIfAborted();
	return settled.flatMap((life) => (life.status === 'fulfilled' ? [life.value] : []));
}

/** Resolves to whether every assertion passed. */
async function rehearseScenario(
	{ lab, machines, deadlines, slowdown }: SupervisedRun,
	emit: Emit,
	{ signal, cleanup }: Ends,
): Promise<boolean> {
	const targets = machines.map(({ spec, address, username, password, hostKey }) => ({
		node: spec.name,
		host: address,
		port: 22,
		username,
		password,
		hostKey,
	}));
	const pool = new SshPool(targets, { readyTimeoutMs: deadlines.loginMs, signal });
	cleanup.defer('SSH sessions', () => pool.close());
	const outcomes = await runScenario({
		scenarios: lab.scenarios,
		sessions: pool,
		emit,
		deadlineMs: deadlines.assertionMs,
		slowdown,
		signal,
	});
	return outcomes.every(({ status }) => status === 'passed');
}

/** Leaves the machines running until they are let go. */
async function keepLab({ machines, access }: SupervisedRun, context: LabRunContext, signal: AbortSignal): Promise<void> {
	const commands = machines.map(({ spec }) => ({
		node: spec.name,
		ssh: `ssh -F ${quote(access.sshConfigFile)} ${spec.name}`,
	}));
	context.emit({ type: 'kept', commands, end: access.end });
	await untilAborted(context.released, signal);
}

/** Says that the teardown begins; the returned function says that it is done. */
function beginTeardown(emit: Emit): () => void {
	const began = performance.now();
	emit({ type: 'stage-started', stage: 'teardown' });
	return () => emit({ type: 'stage-finished', stage: 'teardown', status: 'passed', ms: Math.round(performance.now() - began) });
}
