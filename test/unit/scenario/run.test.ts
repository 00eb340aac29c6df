import test from 'ava';
import { brokenFailure, usageFailure } from '../../../src/base/errors.js';
import type { Clock } from '../../../src/base/waiting.js';
import type { AssertionOutcome, RunEventBody } from '../../../src/lab/events.js';
import type { Assertion, Scenario } from '../../../src/lab/lab.js';
import { runScenario, type ScenarioOptions } from '../../../src/scenario/run.js';
import type { GuestCommands, Limits } from '../../../src/machine/command-channel.js';

/** A clock on which waiting takes no time. */
function fakeClock(): Clock & { pass(ms: number): void } {
	let now = 0;
	return {
		now: () => now,
		sleep: async (ms, signal) => {
			signal?.throwIfAborted();
			now += ms;
		},
		pass: (ms) => void (now += ms),
	};
}

/** What a node's shell does with a command: its stdout, or an error. */
type Shell = ((command: string, limits: Limits) => string | Error | Promise<string>) & {
	/** Services that systemd has restarted, each with how often. */
	restarts?: Readonly<Record<string, number>>;
};

const guestOf = (shell: Shell): GuestCommands => ({
	run: async (command, limits) => {
		const stdout = await shell(command, limits);
		if (stdout instanceof Error) throw stdout;
		return { stdout, stderr: '', exitCode: 0, ms: 0, timedOut: false };
	},
	connect: () => Promise.reject(new Error('no TCP in this test')),
	listSockets: () => Promise.reject(new Error('no sockets in this test')),
	listRestarts: async () => new Map(Object.entries(shell.restarts ?? {})),
});

const prints = (onVm: string, command: string, contains: string): Assertion => ({
	type: 'command_output',
	onVm,
	command,
	expect: { contains, exitCode: 0 },
});

const scenario = (...tests: Assertion[][]): Scenario[] => [
	{ name: 'all', tests: tests.map((assertions, index) => ({ name: `test ${index}`, assertions })) },
];

async function run(scenarios: Scenario[], shells: Record<string, Shell | Error>, options: Partial<ScenarioOptions> = {}) {
	const events: RunEventBody[] = [];
	const outcomes = await runScenario({
		scenarios,
		guests: (node) => {
			const shell = shells[node];
			if (typeof shell !== 'function') throw shell ?? new Error(`no node ${node}`);
			return guestOf(shell);
		},
		emit: (event) => events.push(event),
		deadlineMs: 10_000,
		clock: fakeClock(),
		...options,
	});
	return { outcomes, events };
}

const brief = ({ test: name, index, onVm, status, attempts }: AssertionOutcome) =>
	`${name}/${index} ${onVm} ${status} ${attempts}`;

test('all are run, and reported in the order of the plan', async (t) => {
	const scenarios = scenario([prints('a', 'one', 'x'), prints('b', 'two', 'yes')], [prints('a', 'three', 'yes')]);
	const a: Shell = (command) => (command === 'three' ? 'yes' : 'no');
	const { outcomes, events } = await run(scenarios, { a, b: () => 'yes' });
	t.deepEqual(outcomes.map(brief), ['test 0/0 a failed 11', 'test 0/1 b passed 1', 'test 1/0 a passed 1']);
	t.deepEqual(
		events.flatMap((event) => (event.type === 'assertion-finished' ? [`${event.test}/${event.index}`] : [])),
		['test 0/1', 'test 1/0', 'test 0/0'],
	);
});

test('an assertion is retried until it holds', async (t) => {
	let asked = 0;
	const a = () => (++asked === 4 ? 'ready' : 'starting');
	const { outcomes } = await run(scenario([prints('a', 'x', 'ready')]), { a });
	t.deepEqual(outcomes.map(brief), ['test 0/0 a passed 4']);
	t.is(outcomes[0]?.ms, 3000);
	t.is(outcomes[0]?.message, undefined);
	t.is(outcomes[0]?.output, undefined);
});

test('a failure keeps what the last try saw', async (t) => {
	let asked = 0;
	const { outcomes } = await run(scenario([prints('a', 'x', 'ready')]), { a: () => `try ${++asked}` });
	t.is(outcomes[0]?.message, 'expected exit status 0 and stdout with "ready", saw exit status 0 and stdout "try 11"');
	t.is(outcomes[0]?.output, 'try 11');
	t.is(outcomes[0]?.ms, 10_000);
});

test('what fails holds up nothing: deadlines of a node run side by side', async (t) => {
	const clock = fakeClock();
	const scenarios = scenario([prints('a', '1', 'y'), prints('a', '2', 'y'), prints('a', '3', 'y'), prints('a', '4', 'y')]);
	const { outcomes } = await run(scenarios, { a: (command) => (command === '4' ? 'y' : 'n') }, { clock });
	t.deepEqual(outcomes.map(brief), ['test 0/0 a failed 11', 'test 0/1 a failed 11', 'test 0/2 a failed 11', 'test 0/3 a passed 1']);
	t.deepEqual(outcomes.map(({ ms }) => ms), [10_000, 10_000, 10_000, 0]);
	t.is(clock.now(), 10_000);
});

test('a service that comes late, and one behind it that comes later still', async (t) => {
	const clock = fakeClock();
	const a: Shell = (command) => (clock.now() >= (command === '1' ? 9000 : 18_000) ? 'y' : 'n');
	const { outcomes } = await run(scenario([prints('a', '1', 'y'), prints('a', '2', 'y')]), { a }, { clock });
	t.deepEqual(outcomes.map(brief), ['test 0/0 a passed 10', 'test 0/1 a passed 19']);
	t.deepEqual(outcomes.map(({ ms }) => ms), [9000, 18_000]);
});

/** What was reported of assertions that did not hold so far. */
const waits = (events: readonly RunEventBody[]): string[] =>
	events.flatMap((event) =>
		event.type === 'assertion-waiting' ? [`${event.index} ${event.onVm} ${event.attempts} ${event.leftMs}: ${event.message.replace(/^.*, saw /, '')}`] : [],
	);

test('what does not hold so far is reported at its first try, and again when something else is seen', async (t) => {
	// What is settled at its first try is reported as that.
	const a: Shell = () => new Error('x');
	let asked = 0;
	const b: Shell = () => (++asked < 3 ? `after ${asked * 7} ms` : asked === 4 ? 'y' : 'starting');
	const { events } = await run(scenario([prints('a', 'x', 'y'), prints('b', 'x', 'y'), prints('b', 'z', 'y')]), { a, b });
	t.deepEqual(waits(events), [
		'1 b 1 10000: exit status 0 and stdout "after 7 ms"',
		'2 b 1 10000: exit status 0 and stdout "after 14 ms"',
		'1 b 2 9000: exit status 0 and stdout "starting"',
	]);
});

test('that it will be tried for longer is reported', async (t) => {
	const clock = fakeClock();
	const a: Shell = (command) => (command === '1' && clock.now() >= 2000 ? 'y' : 'n');
	const { events, outcomes } = await run(scenario([prints('a', '1', 'y'), prints('a', '2', 'y')]), { a }, { clock });
	t.deepEqual(waits(events), [
		'0 a 1 10000: exit status 0 and stdout "n"',
		'1 a 1 10000: exit status 0 and stdout "n"',
		'1 a 3 10000: exit status 0 and stdout "n"',
	]);
	t.deepEqual(outcomes.map(brief), ['test 0/0 a passed 3', 'test 0/1 a failed 13']);
});

test('without patience nothing is reported but the outcome', async (t) => {
	const { events } = await run(scenario([prints('a', '1', 'y')]), { a: () => 'n' }, { deadlineMs: 0 });
	t.deepEqual(events.map(({ type }) => type), ['assertion-finished']);
});

test('a try may take what is left of the deadline, the last one a useful while', async (t) => {
	const clock = fakeClock();
	const given: number[] = [];
	const shell: Shell = (_command, { timeoutMs }) => {
		given.push(timeoutMs);
		clock.pass(39_000);
		return 'no';
	};
	await run(scenario([prints('a', 'x', 'ready')]), { a: shell }, { clock, deadlineMs: 60_000 });
	t.deepEqual(given, [60_000, 20_000, 15_000]);
});

test('a node that does not answer fails its own assertions only, and is waited for once', async (t) => {
	let asked = 0;
	const silent: Shell = () => {
		asked++;
		return brokenFailure('command-channel', 'a does not answer on its command channel');
	};
	const scenarios = scenario([prints('a', 'x', 'y'), prints('b', 'x', 'y')], [prints('a', 'x', 'y')]);
	const { outcomes } = await run(scenarios, { a: silent, b: () => 'y' });
	t.deepEqual(outcomes.map(brief), ['test 0/0 a failed 1', 'test 0/1 b passed 1', 'test 1/0 a failed 1']);
	t.is(outcomes[0]?.message, 'a does not answer on its command channel');
	t.is(asked, 1);
});

test('a node without a machine fails its assertions, with the reason', async (t) => {
	const { outcomes } = await run(scenario([prints('a', 'x', 'y')]), { a: usageFailure('a does not run (ended)', { hint: 'restart it' }) });
	t.deepEqual(outcomes.map(({ status, message }) => `${status}: ${message}`), ['failed: a does not run (ended) (restart it)']);
});

test('what systemd had to restart is reported once of its node, whatever is asserted', async (t) => {
	let now = 2;
	const a: Shell = (command) =>
		command.includes('journalctl')
			? 'importer.service no queue to read from\n'
			: `now=${now++}\nActiveState=active\nActiveEnterTimestampMonotonic=1000000\n`;
	a.restarts = { 'importer.service': 7 };
	const runs: Assertion = { type: 'service_running', onVm: 'a', service: 'importer' };
	const { outcomes, events } = await run(scenario([runs, runs]), { a });
	t.deepEqual(outcomes.map(({ status }) => status), ['passed', 'passed']);
	t.deepEqual(events.filter(({ type }) => type === 'notice'), [
		{ type: 'notice', node: 'a', message: 'importer.service has ended and been restarted 7 times; its last message: no queue to read from' },
	]);
});

test('a fault of the tool is no verdict on the lab', async (t) => {
	const { outcomes } = await run(scenario([prints('a', 'x', 'y'), prints('a', 'z', 'y')]), {
		a: (command) => (command === 'x' ? new TypeError('undefined is not a function') : 'y'),
	});
	t.deepEqual(outcomes.map(brief), ['test 0/0 a error 1', 'test 0/1 a passed 1']);
	t.is(outcomes[0]?.message, 'undefined is not a function');
});

test('one node has one thing to do at a time, two nodes work side by side', async (t) => {
	const now = new Map<string, number>();
	let most = 0;
	const shell = (node: string): Shell => async () => {
		now.set(node, (now.get(node) ?? 0) + 1);
		t.is(now.get(node), 1);
		most = Math.max(most, [...now.values()].reduce((a, b) => a + b));
		await new Promise((resolve) => setImmediate(resolve));
		now.set(node, 0);
		return 'y';
	};
	await run(scenario([prints('a', '1', 'y'), prints('a', '2', 'y'), prints('b', '3', 'y')]), { a: shell('a'), b: shell('b') });
	t.is(most, 2);
});

test('an abort ends the scenario with its reason', async (t) => {
	const abort = new AbortController();
	const reason = new Error('interrupted');
	let asked = 0;
	const shell: Shell = () => {
		if (++asked === 3) abort.abort(reason);
		return 'no';
	};
	const error = await t.throwsAsync(run(scenario([prints('a', 'x', 'y')]), { a: shell }, { signal: abort.signal }));
	t.is(error, reason);
	t.is(asked, 3);
});

test('so is what was up at one look and has ended before the next', async (t) => {
	const clock = fakeClock();
	const flaps: Shell = (command) =>
		command.includes('journalctl')
			? 'importer.service out of luck\n'
			: `now=${1 + (clock.now() % 2000) / 1000}\nActiveState=active\nActiveEnterTimestampMonotonic=1000\n`;
	flaps.restarts = { 'importer.service': 1 };
	const { outcomes, events } = await run(scenario([{ type: 'service_running', onVm: 'a', service: 'importer' }]), { a: flaps }, { clock });
	t.is(outcomes[0]?.status, 'failed');
	t.regex(outcomes[0]?.message ?? '', /^expected service importer active, saw active, for [12]\.\d s only$/);
	t.deepEqual(events.flatMap((event) => (event.type === 'notice' ? [event.message] : [])), [
		'importer.service has ended and been restarted once; its last message: out of luck',
	]);
});

test('what is young and holds is waited for, and nothing is reported of it', async (t) => {
	const clock = fakeClock();
	const holds: Shell = () => `now=${1 + clock.now() / 1000}\nActiveState=active\nActiveEnterTimestampMonotonic=1\n`;
	const { outcomes, events } = await run(scenario([{ type: 'service_running', onVm: 'a', service: 'importer' }]), { a: holds }, { clock, deadlineMs: 0 });
	t.deepEqual(outcomes.map(brief), ['test 0/0 a passed 2']);
	t.false(events.some(({ type }) => type === 'notice'));
});

interface Timed {
	readonly timeout?: number;
	readonly settle?: number;
	/** When it comes to hold, in milliseconds. */
	readonly holdsAt: number;
	readonly slowdown?: number;
	readonly ignoresPlanTimes?: boolean;
	readonly expected: Pick<AssertionOutcome, 'status' | 'ms'> & Partial<AssertionOutcome>;
}

const timed = test.macro(async (t, { timeout, settle, holdsAt, slowdown = 1, ignoresPlanTimes = false, expected }: Timed) => {
	const clock = fakeClock();
	const assertion: Assertion = { ...prints('web', 'x', 'up'), ...(timeout === undefined ? {} : { timeout }) };
	const scenarios: Scenario[] = [{ name: 'all', ...(settle === undefined ? {} : { settleSeconds: settle }), tests: [{ name: 'test', assertions: [assertion] }] }];
	const { outcomes } = await run(scenarios, { web: () => (clock.now() >= holdsAt ? 'up' : 'not yet') }, { clock, slowdown, ignoresPlanTimes, deadlineMs: 10_000 });
	const { status, ms, decidedBy } = outcomes[0] ?? {};
	t.deepEqual({ status, ms, ...(decidedBy === undefined ? {} : { decidedBy }) }, expected);
});

test('the usual time decides where the plan gives none', timed, { holdsAt: 60_000, expected: { status: 'failed', ms: 10_000 } });
test('a longer time of its own was needed', timed, { timeout: 30, holdsAt: 20_000, expected: { status: 'passed', ms: 20_000, decidedBy: { by: 'timeout', seconds: 30 } } });
test('a longer time of its own was not needed', timed, { timeout: 30, holdsAt: 5000, expected: { status: 'passed', ms: 5000 } });
test('a longer time of its own was not enough', timed, { timeout: 30, holdsAt: 60_000, expected: { status: 'failed', ms: 30_000, decidedBy: { by: 'timeout', seconds: 30 } } });
test('a shorter time of its own is kept to', timed, { timeout: 2, holdsAt: 5000, expected: { status: 'failed', ms: 2000, decidedBy: { by: 'timeout', seconds: 2 } } });
test('times of the plan are stretched to the guest, and reported as they are written', timed, { timeout: 2, holdsAt: 15_000, slowdown: 10, expected: { status: 'passed', ms: 15_000, decidedBy: { by: 'timeout', seconds: 2 } } });
test('a time to settle was needed', timed, { settle: 60, holdsAt: 20_000, expected: { status: 'passed', ms: 20_000, decidedBy: { by: 'settle', seconds: 60 } } });
test('a time to settle was not enough', timed, { settle: 60, holdsAt: 90_000, expected: { status: 'failed', ms: 60_000, decidedBy: { by: 'settle', seconds: 60 } } });
test('a time to settle that is over sooner than the usual one', timed, { settle: 3, holdsAt: 60_000, expected: { status: 'failed', ms: 10_000 } });
test('nothing fails by its own time while its scenario settles', timed, { timeout: 2, settle: 30, holdsAt: 20_000, expected: { status: 'passed', ms: 20_000, decidedBy: { by: 'settle', seconds: 30 } } });
test('who looks at a lab that is up gives the time himself', timed, { timeout: 30, settle: 60, ignoresPlanTimes: true, holdsAt: 20_000, expected: { status: 'failed', ms: 10_000 } });
