import test from 'ava';
import { stepAt, swallowedSteps, type TraceStep } from '../../../src/lab/trace.js';

const step = (command: string, at: number | undefined, ms: number | undefined, rest: Partial<TraceStep> = {}): TraceStep => ({
	command,
	depth: 0,
	...(at === undefined ? {} : { at }),
	...(ms === undefined ? {} : { ms }),
	...rest,
});

/** f calls curl from 100 to 400; then nothing is reported until sleep at 1000, which never ends. */
const steps = [step('true', 0, 50), step('f', 60, 440), step('curl', 100, 300, { depth: 1 }), step('sleep', 1000, undefined)];

const runs = test.macro({
	title: (_title, ms: number, command?: string) => `at ${ms} ms ${command ?? 'nothing'} ran`,
	exec(t, ms: number, command?: string) {
		t.is(stepAt(steps, ms)?.command, command);
	},
});

test(runs, -1000);
test(runs, -100, 'true');
test(runs, 0, 'true');
test(runs, 55, 'true');
test(runs, 99, 'f');
test(runs, 100, 'curl');
test(runs, 400, 'curl');
test(runs, 450, 'f');
test(runs, 700, 'curl');
test(runs, 5000, 'sleep');

test('behind the last command that ended nothing ran, and a trace without times has nothing', (t) => {
	t.is(stepAt(steps.slice(0, 3), 5000), undefined);
	t.is(stepAt([step('true', undefined, undefined)], 0), undefined);
	t.is(stepAt([], 0), undefined);
});

test('swallowed failures are those that the script went on behind', (t) => {
	const fates = (['failing', 'swallowed', 'condition'] as const).map((fate) => step(fate, 0, 1, { fate, status: 1 }));
	t.deepEqual(swallowedSteps({ shell: 'bash', steps: fates }).map(({ command }) => command), ['swallowed']);
	t.deepEqual(swallowedSteps(undefined), []);
});
