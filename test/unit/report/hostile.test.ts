/** One plan and one guest that try everything, against every renderer, by every way that their texts come in. */
import test from 'ava';
import { washed } from '../../../src/base/wash.js';
import type { RunEvent } from '../../../src/lab/events.js';
import { parseAgentMessage } from '../../../src/machine/agent-message.js';
import type { DebugStop } from '../../../src/machine/debugging/messages.js';
import { cloudInitComplaints } from '../../../src/machine/cloud-init.js';
import { reportPage } from '../../../src/page/page.js';
import { topologyMermaid } from '../../../src/page/mermaid.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { resultJson, resultOf } from '../../../src/outcome/result.js';
import { annotationsOf, type PlanPlaces } from '../../../src/report/annotations.js';
import { codeQualityJson } from '../../../src/report/code-quality.js';
import { renderFindings } from '../../../src/report/findings.js';
import { junitXml } from '../../../src/report/junit.js';
import { readyText } from '../../../src/report/lab-status.js';
import { startLiveView } from '../../../src/report/live.js';
import { markdownSummary } from '../../../src/report/markdown.js';
import { eventLine } from '../../../src/report/plain.js';
import { listSource, stopLinesOf } from '../../../src/report/stepping.js';
import { summary } from '../../../src/report/summary.js';
import { renderTrace, traceJson } from '../../../src/report/trace.js';
import { parseEventLog } from '../../../src/runs/event-log.js';
import { isEvilJson as isEvil } from '../base/evil.js';
import { FakeTerminal } from './fake-terminal.js';
import { logNames, readLog } from './golden.js';

/** All that moves a cursor, turns a line around, or commands a CI runner. */
const evil = '\x1b[2J\x1b]0;t\x07\x9b31m\r\x00\x85\u202e\u2066\u2028\u2029\n::error file=x::y\n  ::add-mask::z ::stop-commands::w ##[error]v ##vso[task]u\u{e0041}';

/** What programs decide by, which no stranger writes. */
const decided = new Set(['type', 'status', 'stage', 'from', 'kind', 'name of a proof', 'node', 'onVm', 'script', 'test', 'protocol', 'fate', 'shell', 'change', 'verdict', 'after']);

/** An event whose every text ends in evil; what is equal remains equal. */
const spoiled = (event: RunEvent): RunEvent =>
	JSON.parse(JSON.stringify(event), (key, value: unknown) => (typeof value === 'string' && !decided.has(key) ? value + evil : value)) as RunEvent;

/** A plan of which no place is known. */
const nowhere: PlanPlaces = { base: '/', plan: undefined, node: () => undefined, scriptLine: () => undefined, assertion: () => undefined };

function render(events: readonly RunEvent[]): Record<string, string> {
	const state = foldEvents(events);
	const node = state.nodes[0]?.name ?? '';
	const scripts = state.nodes.flatMap((one) => one.scripts.flatMap(({ outcome }) => outcome ?? []));
	const trace = { run: '/runs/x', lab: state.lab, node, scripts, slowMs: 1000 };
	return {
		summary: summary(state, { color: false, width: 60 }),
		markdown: markdownSummary(state, state.topology && topologyMermaid(state.topology)),
		ready: readyText(state, { color: false, width: 60 }),
		// The commands themselves are ours.
		annotations: JSON.stringify(annotationsOf(state, nowhere)),
		codeQuality: codeQualityJson(annotationsOf(state, nowhere), '/plan.yaml'),
		page: reportPage({ state, logs: [] }),
		plain: events.flatMap((event) => eventLine(event, 0) ?? []).join('\n'),
		json: resultJson(resultOf(state)),
		junit: junitXml(state),
		trace: renderTrace(trace, { color: false, width: 60 }),
		traceJson: traceJson(trace),
		state: JSON.stringify(state),
	};
}

for (const log of logNames) {
	test(`the words of the log '${log}', with everything in them that a guest may try`, (t) => {
		const text = readLog(log).map((event) => `${JSON.stringify(spoiled(event))}\n`).join('');
		t.true(isEvil(render(text.trimEnd().split('\n').map((line) => JSON.parse(line) as RunEvent)).state ?? ''), 'it is evil before');
		for (const [renderer, shown] of Object.entries(render(parseEventLog(text, 'events.ndjson')))) {
			t.false(isEvil(shown), `${renderer}: ${JSON.stringify(shown.split('\n').find(isEvil))}`);
		}
	});

	test.serial(`the live view of the log '${log}', with the same`, async (t) => {
		// It takes any sequence that the view itself does not use for an error.
		const terminal = new FakeTerminal(100, 400);
		const view = startLiveView(terminal, { color: false, now: () => 0 });
		for (const event of readLog(log)) view.onEvent(washed(spoiled(event)));
		await view.stop();
		t.false(isEvil(terminal.screen));
	});
}

test('the findings of a plan whose every word is evil', (t) => {
	const finding = { rule: 'unknown-key', severity: 'error', path: evil, file: `/plans/${evil}.yaml`, line: 3, message: evil, fix: evil } as const;
	t.true(isEvil(renderFindings([finding], { color: false, cwd: '/' })));
	const shown = renderFindings(washed([finding]), { color: false, cwd: '/' });
	t.false(isEvil(shown), JSON.stringify(shown));
	t.false(isEvil(JSON.stringify(washed([finding]), undefined, 2)));
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

test('what a debugger shows of a script that a plan has, and of what it writes', (t) => {
	const paint = (_style: unknown, text: string) => text;
	const stop = { script: 'setup', source: '', line: 2, depth: 0, status: 0, isFatal: false, command: evil, output: evil } as unknown as DebugStop;
	const shown = [...listSource(`#!/bin/sh\n${evil}`, { breaks: new Set() }, paint), ...stopLinesOf(washed(stop), `#!/bin/sh\n${evil}`, new Set(), paint)];
	t.false(shown.some((line) => /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]|^\s*::[a-z-]+[^\n]*::/u.test(line)), JSON.stringify(shown));
});

test('what a guest reports of its units, of cloud-init and of itself', (t) => {
	const message = [
		`started failed=${base64(`${evil}bad.service`)}`,
		`provisioned failed=${base64(evil)} cloud_init=`,
		`awake offset=0 delay=0 machine_id=${'\x9b31m'}x key_type=a key=b reseeded=1 failed=${base64(evil)}`,
	];
	for (const line of message) t.false(isEvil(JSON.stringify(parseAgentMessage(line))), line);
	const status = { v1: { init: { errors: [evil], finished: 1 } } };
	t.false(isEvil(cloudInitComplaints(JSON.stringify(status)).join('\n')));
	t.false(isEvil(cloudInitComplaints(evil).join('\n')));
});

test('what a guest reports has a measure', (t) => {
	const long = base64('x'.repeat(3 * 2 ** 20));
	const started = parseAgentMessage(`started failed=${long}`);
	t.true(started?.kind === 'started' && started.failedUnits.length <= 2 ** 16);
	const finished = parseAgentMessage(`script-finished script=setup ms=-1e999 status=NaN result=exit-code stream=${long}`);
	t.true(finished?.kind === 'script-finished' && finished.stream.length <= 2 ** 20 && finished.ms === 0 && finished.exitCode === undefined);
});
