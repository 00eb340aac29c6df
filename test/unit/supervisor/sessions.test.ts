import test from 'ava';
import { mayLogInEarly } from '../../../src/supervisor/sessions.js';
import type { RunSpec } from '../../../src/protocol/run-spec.js';

/** A run of a lab whose scenario looks at `web` only. */
const runOf = (changes: Partial<RunSpec>): RunSpec =>
	({
		lab: { scenarios: [{ tests: [{ assertions: [{ type: 'vm_boots', onVm: 'web' }] }] }] },
		scenario: true,
		robustness: [],
		snapshots: false,
		...changes,
	}) as unknown as RunSpec;

const early = test.macro({
	exec: (t, changes: Partial<RunSpec>, node: string, expected: boolean) =>
		t.is(mayLogInEarly(runOf(changes), node), expected),
	title: (title) => `early login: ${title}`,
});
test('where the scenario looks', early, {}, 'web', true);
test('not where it does not', early, {}, 'db', false);
test('not without a scenario', early, { scenario: false }, 'web', false);
test('before the started lab is saved, too', early, { saveStarted: {} as never }, 'web', true);
test('not before a state snapshot', early, { snapshots: true }, 'web', false);
test('not before a robustness check', early, { robustness: ['twice'] as never }, 'web', false);
