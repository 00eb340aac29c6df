import test from 'ava';
import type { RunEvent } from '../../../src/lab/events.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { exitCodeOf, resultJson, resultOf, type Verdict } from '../../../src/outcome/result.js';
import { junitXml } from '../../../src/report/junit.js';
import { eventLine } from '../../../src/report/plain.js';
import { detachedText, summary } from '../../../src/report/summary.js';
import { logNames, matchesGolden, readLog, type LogName } from './golden.js';

const render: Readonly<Record<string, (name: LogName) => string>> = {
	'summary.txt': (name) => summary(foldEvents(readLog(name)), { color: false, width: 100 }),
	'plain.txt': (name) => {
		const events = readLog(name);
		const startAt = events[0]?.at ?? 0;
		return events.flatMap((event) => eventLine(event, startAt) ?? []).join('\n') + '\n';
	},
	json: (name) => resultJson(resultOf(foldEvents(readLog(name)))),
	'junit.xml': (name) => junitXml(foldEvents(readLog(name))),
};

const golden = test.macro({
	exec(t, log: LogName, kind: string) {
		matchesGolden(t, `${log}.${kind}`, render[kind]?.(log) ?? '');
	},
	title: (_title, log, kind) => `${kind} of the log '${log}'`,
});

for (const log of logNames) for (const kind of Object.keys(render)) test(golden, log, kind);

const judged = test.macro({
	exec(t, log: LogName, verdict: Verdict, exitCode: number) {
		const result = resultOf(foldEvents(readLog(log)));
		t.is(result.verdict, verdict);
		t.is(exitCodeOf(result), exitCode);
	},
	title: (_title, log, verdict, exitCode) => `the log '${log}' is judged ${verdict}, exit status ${exitCode}`,
});

test(judged, 'passed', 'passed', 0);
test(judged, 'script-failed', 'failed', 1);
test(judged, 'assertion-failed', 'failed', 1);
test(judged, 'machine-panicked', 'error', 4);
test(judged, 'interrupted', 'error', 130);
test(judged, 'detached', 'failed', 1);
test(judged, 'robustness', 'failed', 1);
test(judged, 'outbound', 'passed', 0);

for (const log of logNames) {
	test(`the summary of '${log}' is the same with colours, but for the colours`, (t) => {
		const state = foldEvents(readLog(log));
		const coloured = summary(state, { color: true, width: 100 });
		t.regex(coloured, /\x1b\[3\dm/);
		t.is(coloured.replaceAll(/\x1b\[\d+m/g, ''), summary(state, { color: false, width: 100 }));
	});

	test(`no report of '${log}' lets a control character of a guest through`, (t) => {
		for (const [kind, make] of Object.entries(render)) {
			t.notRegex(make(log), kind === 'json' ? /\\u001b|\\r/ : /[\x00-\x08\x0b-\x1f\x7f]/, kind);
		}
	});
}

test('a rehearsal that broke is not called a failed lab', (t) => {
	for (const log of ['machine-panicked', 'interrupted'] as const) {
		t.notRegex(summary(foldEvents(readLog(log)), { color: false, width: 100 }), /immich-photo-vault failed/);
		t.notRegex(junitXml(foldEvents(readLog(log))), /<failure/);
	}
});

test('JUnit XML survives what a guest may write', (t) => {
	const [announced] = readLog('passed');
	const output = 'a ]]> b ]]> c \x07 \ud800 \uffff <d> &';
	const finished: RunEvent = { at: 1, type: 'script-finished', node: 'redis', script: 'redis', status: 'failed', ms: 1, output };
	const xml = junitXml(foldEvents(announced ? [announced, finished] : []));
	t.true(xml.includes('<system-out><![CDATA[a ]] > b ]] > c    <d> &]]></system-out>'), xml);
});

test('the text on a kept lab has a command for each node and one that ends it', (t) => {
	const { detached } = foldEvents(readLog('detached'));
	const text = detached ? detachedText(detached, { color: false }) : '';
	for (const { node, ssh } of detached?.commands ?? []) t.regex(text, new RegExp(`${node} +${ssh}\n`));
	t.regex(text, /to end them +rehearse down 20260101-000000-e1f2\n/);
});

test('the summary fits an 80-column terminal, but for paths that must stay whole', (t) => {
	const text = summary(foldEvents(readLog('passed')), { color: false, width: 80 });
	t.deepEqual(
		text.split('\n').filter((line) => line.length > 80 && !line.includes('/home/ops')),
		[],
	);
});
