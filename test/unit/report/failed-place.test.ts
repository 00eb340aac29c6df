/** How reports name the place where a script failed. */
import test from 'ava';
import { swallowedResults } from '../../../src/outcome/swallowed.js';
import { failedPlaceResult, failedPlaceText, type FailedPlace } from '../../../src/outcome/failed-place.js';
import { swallowedLines } from '../../../src/report/swallowed.js';

const message = test.macro((t, place: FailedPlace, text: string, result: object) => {
	t.is(failedPlaceText(place), text);
	t.deepEqual(failedPlaceResult(place), result);
});

const endedAt = (line: number): FailedPlace => ({ trace: { shell: 'bash', steps: [], endedAt: line } });

test('nothing is known', message, {}, '', {});
test('the line', message, { failedLine: 3 }, 'line 3', { failed_line: 3 });
test('line and command', message, { failedLine: 3, failedCommand: 'cp a\nb' }, 'line 3: cp a b', { failed_line: 3 });
test(
	'a sourced file, behind the call', message,
	{ failedLine: 13, failedCommand: 'install x', failedSource: { file: '/usr/lib/common.sh', line: 5 } },
	'line 13: install x (/usr/lib/common.sh, line 5)',
	{ failed_line: 13, failed_source: { file: '/usr/lib/common.sh', line: 5 } },
);
test('a sourced file alone', message, { failedSource: { file: 'lib\x1b[31m' } }, 'lib', { failed_source: { file: 'lib', line: null } });
test('the end of the trace', message, endedAt(6), 'the script ended its trace at line 6, and what failed behind it is not known', { trace_ended_at: 6 });

test('a failure in a sourced file has its name, not a line of the script', (t) => {
	const step = { line: 5, source: './lib.sh', command: 'cp a b', depth: 1, status: 1, fate: 'swallowed' } as const;
	const outcome = { node: 'app', script: 'app', status: 'passed', ms: 1, output: '', trace: { shell: 'bash', steps: [step] } } as const;
	t.deepEqual(swallowedLines(outcome, (_style, text) => text), ['./lib.sh, line 5: cp a b failed with status 1, and the script went on']);
	t.like(swallowedResults(outcome).swallowed?.[0], { line: 5, source: './lib.sh' });
});
