import test from 'ava';
import { bootTwice, isBelieved, isRemembered } from '../../../src/host/canary-verdict.js';
import type { CanaryOutcome } from '../../../src/machine/canary.js';

const hour = 60 * 60_000;

const believed = test.macro({
	title: (_, outcome: CanaryOutcome, hours: number, expected: boolean) =>
		`${JSON.stringify(outcome)}, ${hours} h old, is ${expected ? '' : 'not '}believed`,
	exec: (t, outcome: CanaryOutcome, hours: number, expected: boolean) => t.is(isBelieved(outcome, hours * hour), expected),
});
test(believed, { ms: 900 }, 1000, true);
test(believed, { why: 'KVM internal error' }, 23, true);
test(believed, { why: 'KVM internal error' }, 25, false);
test(believed, { why: 'late', isLate: true }, 0.9, true);
test(believed, { why: 'late', isLate: true }, 1.1, false);
test(believed, { why: 'its kernel panicked', byGuest: true }, 0.9, true);
test(believed, { why: 'its kernel panicked', byGuest: true }, 1.1, false);
test(believed, { ms: 900, noRestore: 'refused' }, 23, true);
test(believed, { ms: 900, noRestore: 'refused' }, 25, false);
test(believed, { ms: 900, noRestore: 'late', isLate: true }, 1.1, false);

const booted = test.macro(
	async (t, name: 'kvm' | 'tcg', outcomes: readonly CanaryOutcome[], expected: CanaryOutcome, flights: number) => {
		let count = 0;
		const outcome = await bootTwice({ name }, async () => outcomes[count++] ?? { why: 'nobody expected another' });
		t.deepEqual(outcome, expected);
		t.is(count, flights);
	},
);
test('a fast canary is booted once', booted, 'kvm', [{ ms: 900 }], { ms: 900 }, 1);
test('a slow one is checked by a second', booted, 'kvm', [{ ms: 9000 }, { ms: 1000 }], { ms: 1000 }, 2);
test('a host that is slow is slow twice', booted, 'kvm', [{ ms: 9000 }, { ms: 9500 }], { ms: 9000 }, 2);
test('what is slow with KVM is not under emulation', booted, 'tcg', [{ ms: 9000 }], { ms: 9000 }, 1);
test('a failure needs no second', booted, 'kvm', [{ why: 'status 1' }], { why: 'status 1' }, 1);
test('a kernel that gave up is tried again', booted, 'tcg', [{ why: 'its kernel panicked', byGuest: true }, { ms: 9000 }], { ms: 9000 }, 2);
test('one that gives up twice does not work', booted, 'tcg', [{ why: 'its kernel panicked', byGuest: true }, { why: 'status 1' }], { why: 'status 1' }, 2);
test('a second that fails takes nothing from the first', booted, 'kvm', [{ ms: 9000 }, { why: 'status 1' }], { ms: 9000 }, 2);
test('one restore that fails is not enough', booted, 'kvm', [{ ms: 900, noRestore: 'late', isLate: true }, { ms: 950 }], { ms: 900 }, 2);
test(
	'two are',
	booted,
	'kvm',
	[{ ms: 900, noRestore: 'late', isLate: true }, { ms: 800, noRestore: 'refused' }],
	{ ms: 800, noRestore: 'refused' },
	2,
);

test('that emulation has failed is not remembered: every run would fail because one did', (t) => {
	t.false(isRemembered({ name: 'tcg' }, { why: 'its kernel panicked', byGuest: true }));
	t.true(isRemembered({ name: 'tcg' }, { ms: 9000 }));
	t.true(isRemembered({ name: 'kvm' }, { why: 'status 1' }));
});
