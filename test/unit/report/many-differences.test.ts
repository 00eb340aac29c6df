/** A script that makes thousands of files when it runs again, or a machine that loses them: no text has them all. */
import test from 'ava';
import type { RunEvent, RunEventBody } from '../../../src/lab/events.js';
import type { Difference } from '../../../src/lab/state-snapshot.js';
import { maximumDifferences, shownDifferences } from '../../../src/outcome/differences.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { resultOf } from '../../../src/outcome/result.js';
import { robustnessItems } from '../../../src/outcome/robustness.js';
import { changedMachines } from '../../../src/report/changes.js';
import { junitXml } from '../../../src/report/junit.js';
import { markdownSummary } from '../../../src/report/markdown.js';
import { eventLine } from '../../../src/report/plain.js';
import { summary } from '../../../src/report/summary.js';
import { painter } from '../../../src/report/text.js';

const count = 50_000;
const files = (change: Difference['change']): Difference[] => Array.from({ length: count }, (_value, index) => ({ kind: 'file', subject: `/srv/made-${index}`, change }));

const repeated: RunEventBody = { type: 'script-repeated', node: 'web', script: 'setup', status: 'passed', exitCode: 0, ms: 5, output: '', differences: files('added').map((difference) => ({ ...difference, line: 3 })) };
const failedAgain: RunEventBody = { ...repeated, status: 'failed', exitCode: 1, failedLine: 3 };
const restarted: RunEventBody = { type: 'machine-restarted', node: 'web', ms: 5, missing: files('removed') };

const stateAfter = (body: RunEventBody) => {
	const bodies: RunEventBody[] = [
		{ type: 'run-started', runId: 'r', lab: 'many', planSha256: '00', nodes: [{ name: 'web', scripts: ['setup'] }], tests: [], warnings: [], leftOut: [], runDirectory: '/runs/r', robustness: ['twice', 'reboot'] },
		body,
		{ type: 'run-finished', ms: 10 },
	];
	return foldEvents(bodies.map((one, at): RunEvent => ({ at, ...one })));
};

test('the first differences are shown, and how many there are besides', (t) => {
	const numbers = Array.from({ length: maximumDifferences }, (_value, index) => index);
	t.deepEqual(shownDifferences([], String), []);
	t.deepEqual(shownDifferences(numbers, String), numbers.map(String));
	t.deepEqual(shownDifferences([...numbers, 1, 2, 3], String), [...numbers.map(String), 'and 3 more']);
});

for (const [what, body] of [['a second run', repeated], ['a second run that failed', failedAgain], ['a restart', restarted]] as const) {
	test(`${what} with ${count} differences: every text is short, and has how many are left out; the result has all`, (t) => {
		const state = stateAfter(body);
		const texts = {
			summary: summary(state, { color: false, width: 100 }),
			junit: junitXml(state),
			items: robustnessItems(state).flatMap(({ reported }) => reported).join('\n'),
		};
		for (const [name, text] of Object.entries(texts)) {
			t.regex(text, new RegExp(`/srv/made-${maximumDifferences - 1}\\b[^]*and ${count - maximumDifferences} more`), name);
			t.false(text.includes(`/srv/made-${maximumDifferences} `), name);
			t.true(text.length < 10_000, `${name}: ${text.length}`);
		}
		for (const text of [eventLine({ at: 1, ...body }, 0) ?? '', markdownSummary(state)]) t.true(text.length < 10_000, `${text.length}`);
		const { twice, reboot } = resultOf(state);
		t.is((twice?.scripts[0]?.differences ?? reboot?.machines[0]?.missing)?.length, count);
	});
}

test('the line of plain progress has the first ones too', (t) => {
	for (const body of [repeated, restarted]) t.regex(eventLine({ at: 1, ...body }, 0) ?? '', new RegExp(`/srv/made-${maximumDifferences - 1} is \\w+; and ${count - maximumDifferences} more$`));
});

test('what changed between two runs of a lab that is watched is as short', (t) => {
	const differences = files('added').map(({ kind, subject, change }) => ({ kind, subject, change, sentence: `file ${subject} is new` }));
	const lines = changedMachines({ assertions: [], scripts: [], machines: [{ node: 'web', differences }] }, 100, painter(false));
	t.is(lines.length, maximumDifferences + 3);
	t.is(lines.at(-1)?.trim(), `and ${count - maximumDifferences} more`);
});
