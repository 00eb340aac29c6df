import test from 'ava';
import { scaledDeadlines, slowdownOf } from '../../../src/protocol/run-spec.js';

const slowdown = test.macro({
	exec: (t, canaryMs: number, machines: number, cores: number, expected: number) =>
		t.is(slowdownOf(canaryMs, machines, cores), expected),
	title: (_, canaryMs, machines, cores, expected) =>
		`canary ${canaryMs} ms, ${machines} machines on ${cores} cores: ${expected} times`,
});
test(slowdown, 1500, 1, 1, 1);
test(slowdown, 300, 4, 16, 1);
test(slowdown, 9000, 1, 2, 6);
test(slowdown, 1500, 4, 2, 2);
test(slowdown, 9000, 4, 2, 12);
test(slowdown, 9000, 0, 2, 6);

test('every deadline is stretched, none is ever shorter than on a fast host, all are whole', (t) => {
	const fast = Object.entries(scaledDeadlines(1));
	const slow = new Map(Object.entries(scaledDeadlines(6.1234)));
	t.is(slow.size, 6);
	for (const [name, ms] of fast) {
		t.true(ms > 0);
		t.is(slow.get(name), Math.round(ms * 6.1234));
	}
});
