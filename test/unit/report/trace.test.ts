/** Reports of scripts that were traced: the recorded traces of `../trace/golden/traces` in a recorded run. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type { RunEvent } from '../../../src/lab/events.js';
import { readScript, type ScriptEnding } from '../../../src/trace/read.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { resultJson, resultOf } from '../../../src/outcome/result.js';
import { eventLine } from '../../../src/report/plain.js';
import { summary } from '../../../src/report/summary.js';
import { renderTrace, traceJson, type NodeTrace } from '../../../src/report/trace.js';
import { matchesGolden, readLog } from './golden.js';

const recorded = (file: string): string => readFileSync(path.join(process.cwd(), 'test/unit/trace/golden/traces', file), 'utf8');

const read = (name: string, ending: Omit<ScriptEnding, 'stream'>) =>
	readScript({ ...ending, stream: recorded(`${name}.stream`) }, recorded(`${name}.sh`));

/** What the scripts of the recorded run are replaced by, by node. */
const replacements: Readonly<Record<string, ReturnType<typeof read> & { readonly status: ScriptEnding['status'] }>> = {
	'redis': { ...read('everything', { status: 'passed', exitCode: 0 }), status: 'passed' },
	'immich-ml': { ...read('posix', { status: 'failed', exitCode: 1 }), status: 'failed' },
	'immich-server': { ...read('unset', { status: 'failed', exitCode: 1 }), status: 'failed' },
};

const events: readonly RunEvent[] = readLog('script-failed').map((event) => {
	const replacement = event.type === 'script-finished' ? replacements[event.node] : undefined;
	if (event.type !== 'script-finished' || !replacement) return event;
	const { at, type, node, script, ms } = event;
	return { at, type, node, script, ms, exitCode: replacement.status === 'passed' ? 0 : 1, ...replacement };
});
const state = foldEvents(events);

test('the summary has the lines around a failure, and a line for each swallowed one', (t) => {
	matchesGolden(t, 'traced.summary.txt', summary(state, { color: false, width: 100 }));
});

test('the result lists what was swallowed, and the order of its other keys is the same', (t) => {
	const result = resultJson(resultOf(state));
	matchesGolden(t, 'traced.json', result);
	const { nodes } = JSON.parse(result) as { nodes: { startup: object[] }[] };
	for (const { startup } of nodes) {
		for (const script of startup) t.deepEqual(Object.keys(script).slice(0, 4), ['script', 'status', 'exit_code', 'ms']);
	}
});

test('a line of the log counts what was swallowed', (t) => {
	const line = events.map((event) => eventLine(event, 0)).find((each) => each?.includes('startup script redis passed'));
	t.regex(line ?? '', /passed in \S+ s, \d+ failures swallowed$/);
});

const traceOf = (node: string): NodeTrace => ({
	run: '/runs/one',
	lab: 'immich-photo-vault',
	node,
	slowMs: 100,
	scripts: state.nodes.find(({ name }) => name === node)?.scripts.flatMap(({ outcome }) => outcome ?? []) ?? [],
});

for (const node of ['redis', 'immich-ml', 'immich-server', 'postgres-pgvector']) {
	test(`the trace of ${node}`, (t) => {
		const text = renderTrace(traceOf(node), { color: false, width: 100 });
		matchesGolden(t, `traced.${node}.txt`, text);
		t.is(renderTrace(traceOf(node), { color: true, width: 100 }).replaceAll(/\x1b\[\d+m/g, ''), text);
	});
}

test('the trace as JSON', (t) => {
	const object = JSON.parse(traceJson(traceOf('immich-server'))) as { scripts: { steps: object[] }[] };
	t.like(object, { schema: 1, run: '/runs/one', lab: 'immich-photo-vault', node: 'immich-server' });
	t.like(object.scripts[0], { script: 'immich-server', status: 'failed', exit_code: 1, traced_by: 'bash', is_cut: false });
	t.like(object.scripts[0]?.steps[2], {
		line: 3,
		command: 'cat /nonexistent/file',
		exit_code: 1,
		failure: 'swallowed',
		message: 'cat: /nonexistent/file: No such file or directory',
		slow: false,
	});
});
