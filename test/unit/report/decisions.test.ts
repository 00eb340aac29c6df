/** What every report makes of what decided besides a script and an assertion: the end of a machine, and times of the plan. */
import test from 'ava';
import type { MachineEnd, RunEvent, ScriptOutcome } from '../../../src/lab/events.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { exitCodeOf, resultOf } from '../../../src/outcome/result.js';
import { failureSentences } from '../../../src/report/failures.js';
import { junitXml } from '../../../src/report/junit.js';
import { summary } from '../../../src/report/summary.js';
import { readLog } from './golden.js';

const reported = (events: readonly RunEvent[]) => {
	const state = foldEvents(events);
	return { state, result: resultOf(state), text: summary(state, { color: false, width: 100 }) };
};

const firstNode = (): string => resultOf(foldEvents(readLog('passed'))).nodes[0]?.name ?? '';

test('a machine that was powered off behind its scripts fails the lab, whatever was passed', (t) => {
	const events = readLog('passed');
	const end: MachineEnd = { node: firstNode(), how: 'powered-off', script: 'late', line: 4, command: 'shutdown -h +1', message: 'it was powered off from within by its startup script late, line 4 (shutdown -h +1)' };
	const { state, result, text } = reported([...events.slice(0, -1), { at: events.at(-2)?.at ?? 0, type: 'machine-ended', ...end }, ...events.slice(-1)]);
	t.is(result.verdict, 'failed');
	t.is(exitCodeOf(result), 1);
	t.like(result.nodes[0], { status: 'failed', ended: { how: 'powered-off', script: 'late', line: 4, command: 'shutdown -h +1' } });
	t.true(text.includes(end.message));
	t.deepEqual(failureSentences(state), [`${end.node}: ${end.message}`]);
	t.regex(junitXml(state), /<testcase [^>]*name="machine"[^>]*>\s*<failure message="[^"]*shutdown -h \+1/);
});

test('reasons for the end of a script are beside its line in every report', (t) => {
	const reason = 'the kernel: Out of memory: Killed process 613 (python3)';
	const events = readLog('passed').map((event): RunEvent =>
		event.type === 'script-finished' && event.node === firstNode() ? { ...event, ...({ status: 'failed', exitCode: 137, failedLine: 2, reasons: [reason] } satisfies Partial<ScriptOutcome>) } : event,
	);
	const { state, result, text } = reported(events);
	t.deepEqual(result.nodes[0]?.startup[0]?.reasons, [reason]);
	t.regex(text, /exit status 137[^]*Killed process 613/);
	t.regex(failureSentences(state)[0] ?? '', /line 2.*Killed process 613/);
	t.regex(junitXml(state), /Killed process 613/);
});

test('a time of the plan is reported where it decided, of what passed too', (t) => {
	const events = readLog('passed').map((event): RunEvent => (event.type === 'assertion-finished' ? { ...event, decidedBy: { by: 'settle', seconds: 60 } } : event));
	const { state, result, text } = reported(events);
	t.is(result.verdict, 'passed');
	t.deepEqual(result.tests[0]?.assertions[0]?.decided_by, { by: 'settle', seconds: 60 });
	t.regex(text, /what decided was the scenario's time to settle of 1 min 00 s: the usual time was up when it\s+came to hold/);
	t.regex(junitXml(state), /time to settle of 1 min/);
});
