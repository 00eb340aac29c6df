import test from 'ava';
import { Rounds, type OwnTimes, type TryResult } from '../../../src/scenario/rounds.js';

const failed: TryResult = { passed: false };
const passed: TryResult = { passed: true };

/** Plays tries that take no time, and reports each: when, what, and whether that settled it. */
function play(tasks: string, seen: (task: string, now: number, attempt: number) => TryResult, deadlineMs = 5, times: Readonly<Record<string, OwnTimes>> = {}): string[] {
	const rounds = new Rounds([...tasks], { deadlineMs, intervalMs: 2, timesOf: (task) => times[task] ?? {} });
	const reported: string[] = [];
	let now = 0;
	for (let turn = rounds.next(); turn; turn = rounds.next()) {
		now = Math.max(now, turn.dueAt);
		rounds.begin(now);
		const result = seen(turn.task, now, turn.attempts);
		const isSettled = rounds.end(result, now);
		reported.push(`${now}${turn.task}${isSettled ? (result.passed ? '+' : '-') : ''}`);
	}
	return reported;
}

test('all are tried once before any is tried again, and their deadlines run side by side', (t) => {
	t.deepEqual(play('abc', (task) => (task === 'b' ? passed : failed)), ['0a', '0b+', '0c', '2a', '2c', '4a', '4c', '5a-', '5c-']);
});

test('one that comes late has passed', (t) => {
	t.deepEqual(play('ab', (_task, now) => (now >= 4 ? passed : failed)), ['0a', '0b', '2a', '2b', '4a+', '4b+']);
});

test('what comes after something that was late has its whole time from then on, what comes before it has not', (t) => {
	const comes: Readonly<Record<string, number>> = { a: 6, b: 4, c: 9 };
	const reported = play('abc', (task, now) => (now >= (comes[task] ?? 0) ? passed : failed));
	t.deepEqual(reported, ['0a', '0b', '0c', '2a', '2b', '2c', '4a', '4b+', '4c', '5a-', '6c', '8c', '9c+']);
});

test('what holds, but not for long enough, is tried when it is', (t) => {
	const reported = play('ab', (task, now) => (task === 'b' || now >= 3 ? passed : { passed: false, holdsInMs: 3 }));
	t.deepEqual(reported, ['0a', '0b+', '3a+']);
});

test('once, also after its deadline: what flaps is given no more time', (t) => {
	t.deepEqual(play('a', () => ({ passed: false, holdsInMs: 3 })), ['0a', '3a', '6a-']);
	t.deepEqual(play('a', (_task, now) => (now >= 3 ? passed : { passed: false, holdsInMs: 3 }), 0), ['0a', '3a+']);
});

test('what no further try can change is settled at once', (t) => {
	const refused: TryResult = { passed: false, giveUp: true };
	t.deepEqual(play('ab', () => refused), ['0a-', '0b-']);
});

test('without patience each is looked at once', (t) => {
	t.deepEqual(play('ab', () => failed, 0), ['0a-', '0b-']);
	t.deepEqual(play('', () => failed), []);
});

test('each has the time of its own that the plan gives it, shorter or longer', (t) => {
	t.deepEqual(play('abc', () => failed, 5, { a: { deadlineMs: 1 }, c: { deadlineMs: 7 } }), ['0a', '0b', '0c', '1a-', '2b', '2c', '4b', '4c', '5b-', '6c', '7c-']);
});

test('nothing fails before it has settled, and what has its own time has that at least', (t) => {
	t.deepEqual(play('ab', () => failed, 1, { a: { settledAt: 4 }, b: { settledAt: 3, deadlineMs: 5 } }), ['0a', '0b', '2a', '2b', '4a-', '4b', '5b-']);
});

test('a time of its own counts anew after something that came late, too', (t) => {
	t.deepEqual(play('ab', (task, now) => (task === 'a' && now >= 4 ? passed : failed), 5, { b: { deadlineMs: 3 } }), ['0a', '0b', '2a', '2b', '3b-', '4a+']);
	t.deepEqual(play('ab', (task, now) => (task === 'a' && now >= 2 ? passed : failed), 5, { b: { deadlineMs: 3 } }), ['0a', '0b', '2a+', '2b', '4b', '5b-']);
});
