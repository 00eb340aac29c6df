/** Runs the scenario: every assertion, each until it holds or its deadline passes, none hiding another. */
import { lastLines } from '../base/format.js';
import { poll, systemClock, type Clock, type PollOutcome } from '../base/waiting.js';
import type { AssertionOutcome, Emit, Status } from '../lab/events.js';
import type { Assertion, Scenario, ScenarioTest } from '../lab/lab.js';
import { isFinal, isSshFailure } from '../ssh/failures.js';
import type { SessionSource } from '../ssh/pool.js';
import type { SshSession } from '../ssh/session.js';
import type { Look } from './check.js';
import { checkOf } from './checks.js';

export interface ScenarioOptions {
	readonly scenarios: readonly Scenario[];
	readonly sessions: SessionSource;
	readonly emit: Emit;
	/** For each assertion, from its first try on; already scaled to the speed of the guests. */
	readonly deadlineMs: number;
	/** Between two tries: each costs an emulated guest a process or more. */
	readonly intervalMs?: number;
	/** How many times slower the guests are than what the plan was written for; stretches times that the plan states. */
	readonly slowdown?: number;
	readonly signal?: AbortSignal | undefined;
	readonly clock?: Clock;
}

/** A try may take as long as the deadline allows, and the last one, which begins at the deadline, at least this. */
const minimumTryMs = 15_000;

const keptLines = 20;

/** An assertion and its place in the plan. */
interface Task {
	readonly test: string;
	readonly index: number;
	readonly assertion: Assertion;
}

/** What one try saw. `giveUp`: no further try can see anything else. */
interface Sight extends Look {
	readonly status: Status;
	readonly giveUp?: boolean;
	/** The declared user did not get in. */
	readonly noLogin?: boolean;
}

/**
 * Resolves to the outcomes in the order of the plan; events are emitted as they come about. Nodes are looked at side
 * by side, the assertions of one node one after another, since a slow guest does not get faster by more to do.
 * A node whose SSH fails fails its own assertions only. Rejects with the signal's reason when it aborts.
 */
export async function runScenario(options: ScenarioOptions): Promise<AssertionOutcome[]> {
	const tasks = options.scenarios.flatMap(({ tests }) => tests.flatMap(tasksOf));
	const outcomes = new Map<Task, AssertionOutcome>();
	const nodes = new Set(tasks.map(({ assertion }) => assertion.onVm));
	const runs = Array.from(nodes, (node) =>
		runOnNode(tasks.filter(({ assertion }) => assertion.onVm === node), options, outcomes),
	);
	// All are waited for, so that nothing still runs when this rejects.
	for (const run of await Promise.allSettled(runs)) if (run.status === 'rejected') throw run.reason;
	return tasks.flatMap((task) => outcomes.get(task) ?? []);
}

const tasksOf = ({ name, assertions }: ScenarioTest): Task[] =>
	assertions.map((assertion, index) => ({ test: name, index, assertion }));

async function runOnNode(
	tasks: readonly Task[],
	options: ScenarioOptions,
	outcomes: Map<Task, AssertionOutcome>,
): Promise<void> {
	let { deadlineMs } = options;
	for (const task of tasks) {
		const { last, attempts, ms } = await pollTask(task, { ...options, deadlineMs });
		const outcome: AssertionOutcome = {
			test: task.test,
			index: task.index,
			assertion: checkOf(task.assertion).title(task.assertion),
			onVm: task.assertion.onVm,
			status: last.status,
			ms,
			attempts,
			...(!last.passed && { message: last.message, output: lastLines(last.output, keptLines) }),
		};
		outcomes.set(task, outcome);
		options.emit({ type: 'assertion-finished', ...outcome });
		// A login that was waited for in vain is not waited for again; one look still tells whether it works by now.
		deadlineMs = last.noLogin ? 0 : options.deadlineMs;
	}
}

function pollTask({ assertion }: Task, options: ScenarioOptions): Promise<PollOutcome<Sight>> {
	const { deadlineMs, intervalMs = 1000, clock = systemClock, signal } = options;
	const start = clock.now();
	return poll(
		() => look(assertion, Math.max(deadlineMs - (clock.now() - start), minimumTryMs), options),
		(sight) => sight.passed || sight.giveUp === true,
		{ deadlineMs, intervalMs, clock, signal },
	);
}

async function look(assertion: Assertion, timeoutMs: number, options: ScenarioOptions): Promise<Sight> {
	const { sessions, slowdown = 1, signal } = options;
	let session: SshSession | undefined;
	try {
		session = await sessions.session(assertion.onVm);
		const seen = await checkOf(assertion).look(assertion, { session, timeoutMs, slowdown, signal });
		return { ...seen, status: seen.passed ? 'passed' : 'failed' };
	} catch (error) {
		signal?.throwIfAborted();
		// That the declared user cannot get in is a fault of the lab; anything else thrown is one of the tool.
		if (!isSshFailure(error)) {
			const message = error instanceof Error ? error.message : String(error);
			return { passed: false, status: 'error', message, output: '', giveUp: true };
		}
		return {
			passed: false,
			status: 'failed',
			message: error.hint === undefined ? error.message : `${error.message} (${error.hint})`,
			output: error.detail ?? '',
			noLogin: session === undefined,
			giveUp: isFinal(error),
		};
	}
}
