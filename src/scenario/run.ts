/** Runs the scenario: every assertion, each until it holds or its deadline passes, none hiding another. */
import { lastLines } from '../base/format.js';
import { systemClock, type Clock } from '../base/waiting.js';
import type { AssertionOutcome, Emit, Status } from '../lab/events.js';
import type { Assertion, Scenario, ScenarioTest } from '../lab/lab.js';
import { Failure } from '../base/errors.js';
import type { GuestCommands } from '../machine/command-channel.js';
import type { Look } from './check.js';
import { checkOf } from './checks.js';
import { restartsOn } from './holding.js';
import { Rounds, type OwnTimes, type TryResult, type Turn } from './rounds.js';

export interface ScenarioOptions {
	readonly scenarios: readonly Scenario[];
	/** A node's way to run commands. Throws a Failure where no machine of it runs. */
	readonly guests: (node: string) => GuestCommands;
	readonly emit: Emit;
	/** Finds out what a failure of an assertion is put down to, where something is known of it. */
	readonly explain?: (assertion: Assertion) => Promise<string | undefined>;
	/** For each assertion, from its first try on; already scaled to the speed of the guests. */
	readonly deadlineMs: number;
	/** Between two tries: each costs an emulated guest a process or more. */
	readonly intervalMs?: number;
	/** How many times slower the guests are than what the plan was written for; stretches times that the plan states. */
	readonly slowdown?: number;
	/** Whether `deadlineMs` is all that counts, whatever times the plan has. */
	readonly ignoresPlanTimes?: boolean;
	readonly signal?: AbortSignal | undefined;
	readonly clock?: Clock;
}

/** A try may take as long as the deadline allows, and the last one, which begins at the deadline, at least this. */
const minimumTryMs = 15_000;

const keptLines = 20;

/** An assertion, and how events name it. */
interface Task {
	readonly assertion: Assertion;
	/** The time in which its scenario's services may come up, in seconds. */
	readonly settleSeconds: number | undefined;
	readonly named: Pick<AssertionOutcome, 'test' | 'index' | 'assertion' | 'onVm'>;
}

/** What one try saw. */
interface Sight extends Look, TryResult {
	readonly passed: boolean;
	readonly status: Status;
	/** The node did not answer at all. */
	readonly isSilent?: boolean;
}

/**
 * Resolves to the outcomes in the order of the plan; events are emitted as they come about. Nodes are looked at side
 * by side, the assertions of one node one at a time, since a slow guest does not get faster by more to do.
 * A node that does not answer fails its own assertions only. Rejects with the signal's reason when it aborts.
 */
export async function runScenario(options: ScenarioOptions): Promise<AssertionOutcome[]> {
	const tasks = options.scenarios
		.flatMap(({ tests, settleSeconds }) => tests.flatMap((test) => tasksOf(test, settleSeconds)))
		// Announced as such, and nobody has anything to wait for.
		.filter(({ assertion }) => assertion.notJudged === undefined);
	const outcomes = new Map<Task, AssertionOutcome>();
	const nodes = new Set(tasks.map(({ assertion }) => assertion.onVm));
	const runs = Array.from(nodes, (node) =>
		runOnNode(tasks.filter(({ assertion }) => assertion.onVm === node), options, outcomes),
	);
	// All are waited for, so that nothing still runs when this rejects.
	for (const run of await Promise.allSettled(runs)) if (run.status === 'rejected') throw run.reason;
	return tasks.flatMap((task) => outcomes.get(task) ?? []);
}

const tasksOf = ({ name, assertions }: ScenarioTest, settleSeconds: number | undefined): Task[] =>
	assertions.map((assertion, index) => ({
		...{ assertion, settleSeconds },
		named: { test: name, index, assertion: checkOf(assertion).title(assertion), onVm: assertion.onVm },
	}));

async function runOnNode(
	tasks: readonly Task[],
	options: ScenarioOptions,
	outcomes: Map<Task, AssertionOutcome>,
): Promise<void> {
	const { deadlineMs, intervalMs = 1000, clock = systemClock, signal, emit } = options;
	const rounds = new Rounds(tasks, { deadlineMs, intervalMs, timesOf: timesOf(options, clock.now()) });
	const news = new News(emit);
	let silence: Sight | undefined;
	for (let turn = rounds.next(); turn; turn = rounds.next()) {
		signal?.throwIfAborted();
		const waitMs = turn.dueAt - clock.now();
		if (waitMs > 0) await clock.sleep(waitMs, signal);
		rounds.begin(clock.now());
		const { task } = turn;
		// A node that has been silent for the whole time of one try is not waited for again.
		const sight = silence ?? (await look(task.assertion, Math.max(turn.deadlineAt - clock.now(), minimumTryMs), options));
		if (sight.isSilent) silence = sight;
		const now = clock.now();
		if (!rounds.end(sight, now)) {
			news.send(turn, sight.message, now);
			continue;
		}
		const why = sight.status === 'failed' && !sight.isSilent ? await options.explain?.(task.assertion) : undefined;
		signal?.throwIfAborted();
		const outcome: AssertionOutcome = {
			...task.named,
			status: sight.status,
			ms: Math.round(now - turn.firstAt),
			attempts: turn.attempts,
			...decidedBy(turn, sight, now),
			...(!sight.passed && { message: why === undefined ? sight.message : `${sight.message}; ${why}`, output: lastLines(sight.output, keptLines) }),
		};
		outcomes.set(task, outcome);
		emit({ type: 'assertion-finished', ...outcome });
	}
	const [node] = tasks;
	if (node && !silence) await reportRestarts(node.assertion.onVm, options);
}

/** The times that the plan gives an assertion, as long as this host makes them, of a scenario that began `beganAt` that time. */
const timesOf =
	({ deadlineMs, slowdown = 1, ignoresPlanTimes = false }: ScenarioOptions, beganAt: number) =>
	({ assertion: { type, timeout }, settleSeconds }: Task): OwnTimes => {
		if (ignoresPlanTimes) return {};
		const stretched = (seconds: number | undefined) => (seconds === undefined ? undefined : seconds * 1000 * slowdown);
		const own = stretched(timeout);
		const settles = stretched(settleSeconds);
		// Of a request, OpenFactory means the time that one has by it; a shorter one does not limit how often it is made.
		const isOfRequest = type === 'http_responds' && own !== undefined && own <= deadlineMs;
		return { deadlineMs: isOfRequest ? undefined : own, settledAt: settles === undefined ? undefined : beganAt + settles };
	};

/** The time of the plan's that decided, where one did: it was up, or the usual one would have been. */
function decidedBy({ task, limit, usuallyAt, deadlineAt }: Turn<Task>, { passed, giveUp = false }: Sight, now: number): Pick<AssertionOutcome, 'decidedBy'> {
	const seconds = limit === 'settle' ? task.settleSeconds : task.assertion.timeout;
	const decided = passed ? now > usuallyAt : !giveUp && now >= deadlineAt;
	return limit === undefined || seconds === undefined || !decided ? {} : { decidedBy: { by: limit, seconds } };
}

/**
 * Reports services that systemd had to restart. They fail nothing by themselves; that they cannot be listed is no loss.
 */
async function reportRestarts(node: string, { guests, emit, signal }: ScenarioOptions): Promise<void> {
	const reported = await restartsOn(guests(node), { timeoutMs: minimumTryMs, signal }).catch(() => []);
	signal?.throwIfAborted();
	for (const message of reported) emit({ type: 'notice', node, message });
}

/** Reports what does not hold so far: at first, and whenever something else is seen or it will be tried for longer. */
class News {
	readonly #emit: Emit;
	readonly #reported = new Map<Task, { readonly text: string; readonly deadlineAt: number }>();

	constructor(emit: Emit) {
		this.#emit = emit;
	}

	send({ task, attempts, deadlineAt }: Turn<Task>, message: string, now: number): void {
		// A time in it is another at each try (`after 55 ms`), which is no news.
		const text = message.replaceAll(/\d+(?:\.\d+)? ?m?s\b/g, '');
		const reported = this.#reported.get(task);
		if (reported?.text === text && reported.deadlineAt === deadlineAt) return;
		this.#reported.set(task, { text, deadlineAt });
		const leftMs = Math.max(0, Math.round(deadlineAt - now));
		this.#emit({ type: 'assertion-waiting', ...task.named, attempts, message, leftMs });
	}
}

async function look(assertion: Assertion, timeoutMs: number, options: ScenarioOptions): Promise<Sight> {
	const { guests, slowdown = 1, signal } = options;
	try {
		const guest = guests(assertion.onVm);
		const seen = await checkOf(assertion).look(assertion, { guest, timeoutMs, slowdown, signal });
		return { ...seen, status: seen.passed ? 'passed' : 'failed' };
	} catch (error) {
		signal?.throwIfAborted();
		// That a node has no machine, or one that does not answer, is seen of the lab; anything else thrown is a fault of the tool.
		if (!(error instanceof Failure)) {
			const message = error instanceof Error ? error.message : String(error);
			return { passed: false, status: 'error', message, output: '', giveUp: true };
		}
		const message = error.hint === undefined ? error.message : `${error.message} (${error.hint})`;
		return { passed: false, status: 'failed', message, output: error.detail ?? '', giveUp: true, isSilent: true };
	}
}
