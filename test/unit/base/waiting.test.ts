import test from 'ava';
import { getEventListeners } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { besides, poll, systemClock, untilAborted, withDeadline, withEither } from '../../../src/base/waiting.js';
import { run } from '../../../src/process/run.js';
import { FakeClock } from './fake-clock.js';

const reason = new Error('interrupted');
const never = new Promise<never>(() => undefined);

test('a probe that is content at once never sleeps', async (t) => {
	const clock = new FakeClock();
	const outcome = await poll(async () => 'up', (value) => value === 'up', { intervalMs: 100, deadlineMs: 1000, clock });
	t.deepEqual(outcome, { last: 'up', accepted: true, attempts: 1, ms: 0 });
	t.deepEqual(clock.sleeps, []);
});

test('tries are an interval apart and counted', async (t) => {
	const clock = new FakeClock();
	const outcome = await poll(async ({ attempt }) => attempt, (value) => value === 4, {
		intervalMs: 100,
		deadlineMs: 1000,
		clock,
	});
	t.deepEqual(outcome, { last: 4, accepted: true, attempts: 4, ms: 300 });
});

test('the last try is made at the deadline itself, knows it, and counts when it is accepted', async (t) => {
	const clock = new FakeClock();
	const lasts: boolean[] = [];
	const probe = async ({ last }: { last: boolean }) => {
		lasts.push(last);
		return clock.now() - 1000;
	};
	const outcome = await poll(probe, (ms) => ms >= 250, { intervalMs: 100, deadlineMs: 250, clock });
	t.deepEqual(outcome, { last: 250, accepted: true, attempts: 4, ms: 250 });
	t.deepEqual(lasts, [false, false, false, true]);
	t.deepEqual(clock.sleeps, [100, 100, 50]);
});

test('a probe slower than the deadline gets one more try, known to be the last, and no sleep', async (t) => {
	const clock = new FakeClock();
	const probe = async ({ last }: { last: boolean }) => {
		clock.advance(700);
		return last ? 'last' : 'first';
	};
	const outcome = await poll(probe, () => false, { intervalMs: 100, deadlineMs: 500, clock });
	t.deepEqual(outcome, { last: 'last', accepted: false, attempts: 2, ms: 1400 });
	t.deepEqual(clock.sleeps, [0]);
});

test('without any patience there is exactly one try', async (t) => {
	const outcome = await poll(async ({ last }) => last, () => false, { intervalMs: 9, deadlineMs: 0, clock: new FakeClock() });
	t.deepEqual(outcome, { last: true, accepted: false, attempts: 1, ms: 0 });
});

test('an abort between two tries ends the poll with its reason', async (t) => {
	const aborting = new AbortController();
	let attempts = 0;
	const probe = async () => {
		if (++attempts === 2) aborting.abort(reason);
	};
	const options = { intervalMs: 1, deadlineMs: 1000, clock: new FakeClock(), signal: aborting.signal };
	t.is(await t.throwsAsync(poll(probe, () => false, options)), reason);
	t.is(attempts, 2);
});

test('an abort that came before allows no try', async (t) => {
	let attempts = 0;
	const options = { intervalMs: 1, deadlineMs: 1, clock: new FakeClock(), signal: AbortSignal.abort(reason) };
	t.is(await t.throwsAsync(poll(async () => ++attempts, () => true, options)), reason);
	t.is(attempts, 0);
});

test('what a probe throws is not swallowed', async (t) => {
	const broken = new Error('probe');
	const options = { intervalMs: 1, deadlineMs: 1, clock: new FakeClock() };
	t.is(await t.throwsAsync(poll(() => Promise.reject(broken), () => true, options)), broken);
});

test('a system sleep ends early with the reason of an abort, also of an earlier one', async (t) => {
	const aborting = new AbortController();
	const sleep = systemClock.sleep(3_600_000, aborting.signal);
	aborting.abort(reason);
	t.is(await t.throwsAsync(sleep), reason);
	t.is(await t.throwsAsync(systemClock.sleep(3_600_000, aborting.signal)), reason);
});

// Serial, because it counts the timers of the whole process.
test.serial('a deadline lets a value and an error through, and leaves no timer behind', async (t) => {
	const late = () => new Error('late');
	const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
	t.is(await withDeadline(Promise.resolve('value'), 3_600_000, late), 'value');
	t.is(await t.throwsAsync(withDeadline(Promise.reject(reason), 3_600_000, late)), reason);
	t.is(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length, before);
});

test('a deadline that passes rejects with its own error', async (t) => {
	await t.throwsAsync(withDeadline(never, 1, () => new Error('late')), { message: 'late' });
});

test('an abort comes before a deadline', async (t) => {
	const aborting = new AbortController();
	const waiting = withDeadline(never, 3_600_000, () => new Error('late'), aborting.signal);
	aborting.abort(reason);
	t.is(await t.throwsAsync(waiting), reason);
});

test('of many waits nothing is left on the signal that they had', async (t) => {
	const { signal } = new AbortController();
	for (let waits = 0; waits < 100; waits++) {
		await withDeadline(Promise.resolve(waits), 60_000, () => reason, signal);
		await t.throwsAsync(withDeadline(never, 0, () => reason, signal));
		await systemClock.sleep(0, signal);
		await untilAborted(Promise.resolve(waits), signal);
		await withEither([signal, undefined], async (either) => either.aborted);
	}
	t.is(getEventListeners(signal, 'abort').length, 0);
});

test('the first of several signals ends a wait, also where it came before', async (t) => {
	const [one, other] = [new AbortController(), new AbortController()];
	const waiting = withEither([one.signal, undefined, other.signal], (either) => untilAborted(never, either));
	other.abort(reason);
	t.is(await t.throwsAsync(waiting), reason);
	t.is(await t.throwsAsync(withEither([one.signal, other.signal], (either) => untilAborted(never, either))), reason);
});

test('without a signal, or one that is silent, a promise is as it was', async (t) => {
	t.is(await untilAborted(Promise.resolve(1), undefined), 1);
	t.is(await untilAborted(Promise.resolve(2), new AbortController().signal), 2);
	t.is(await t.throwsAsync(untilAborted(Promise.reject(reason), new AbortController().signal)), reason);
});

// ava fails on an unhandled rejection: what the abandoned promise does later must be nobody's fault.
test('a promise that nobody waits for any more may reject', async (t) => {
	const aborting = new AbortController();
	const abandon: ((error: Error) => void)[] = [];
	const pending = () => new Promise<never>((_resolve, reject) => abandon.push(reject));
	const waiting = untilAborted(pending(), aborting.signal);
	aborting.abort(reason);
	t.is(await t.throwsAsync(waiting), reason);
	t.is(await t.throwsAsync(untilAborted(pending(), aborting.signal)), reason);
	for (const reject of abandon) reject(new Error('too late to matter'));
	await new Promise(setImmediate);
});

test('what is done beside something ends it where it fails, and is waited for otherwise', async (t) => {
	const signal = new AbortController().signal;
	const order: string[] = [];
	const main = async () => {
		await turn();
		order.push('main');
		return 1;
	};
	t.is(
		await besides(signal, main, async () => {
			for (let turns = 0; turns < 5; turns++) await turn();
			order.push('work');
		}),
		1,
	);
	t.deepEqual(order, ['main', 'work']);

	const failure = new Error('no image');
	const torn: unknown[] = [];
	const untilTorn = (either: AbortSignal) =>
		new Promise<never>((_resolve, reject) =>
			either.addEventListener('abort', () => {
				torn.push(either.reason);
				reject(either.reason as Error);
			}),
		);
	t.is(await t.throwsAsync(besides(signal, untilTorn, () => Promise.reject(failure))), failure);
	t.deepEqual(torn, [failure]);
	t.is(await t.throwsAsync(besides(signal, main, () => Promise.reject(failure))), failure, 'also where the other had ended well');
});

test('where something fails, what is done beside it is not waited for', async (t) => {
	const broken = new Error('broken');
	const never = () => new Promise<void>(() => undefined);
	t.is(await t.throwsAsync(besides(new AbortController().signal, () => Promise.reject(broken), never)), broken);
});

test('as many may wait at once as a lab has nodes, without a warning', async (t) => {
	const warnings: Error[] = [];
	const listen = (warning: Error) => void warnings.push(warning);
	process.on('warning', listen);
	t.teardown(() => process.off('warning', listen));
	const many = (wait: (signal: AbortSignal) => Promise<unknown>, signal: AbortSignal) => Promise.all(Array.from({ length: 16 }, () => wait(signal)));
	for (const wait of [
		(signal: AbortSignal) => untilAborted(turn(), signal),
		(signal: AbortSignal) => systemClock.sleep(1, signal),
		(signal: AbortSignal) => withEither([signal], turn),
		(signal: AbortSignal) => run(['true'], { signal }),
	]) {
		await many(wait, new AbortController().signal);
		await withEither([new AbortController().signal], (either) => many(wait, either));
	}
	await turn();
	t.deepEqual(warnings, []);
});
