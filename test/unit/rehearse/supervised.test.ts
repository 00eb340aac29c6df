import test from 'ava';
import { mayBeSaved, scaledDeadlines, slowdownOf, type SupervisedRun } from '../../../src/rehearse/supervised.js';

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

const saved = test.macro({
	exec: (t, changes: Partial<SupervisedRun>, expected: boolean) =>
		t.is(mayBeSaved({ scenario: true, keep: 'never', ...changes } as SupervisedRun), expected),
	title: (title) => `machines may be saved after they were restored: ${title}`,
});
const order = { aside: '/store/.aside', key: '0123456789abcdef' };
test('not those of a run that has its checkpoints', saved, {}, false);
test('when the started lab has none', saved, { saveStarted: { ...order, manifest: {} as never, machines: [] } }, true);
test('when a run that fails is to be handed over', saved, { saveFailed: order }, true);
test('when the lab may stay', saved, { keep: 'on-failure' }, true);
test('when it is brought up to stay', saved, { scenario: false }, true);
