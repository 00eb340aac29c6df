/** What the page shows of logins, of what is not judged, of what is left out, and of failures in sourced files. */
import { readFileSync } from 'node:fs';
import test from 'ava';
import type { LoginOutcome, RunEvent, RunEventBody } from '../../../src/lab/events.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { verdictOf } from '../../../src/outcome/result.js';
import { connectionStates } from '../../../src/page/connections.js';
import { reportPage } from '../../../src/page/page.js';
import { readLog } from '../report/golden.js';
import { bundledLab, eventsOf } from './runs.js';

/** The events of a good run of the bundled lab, changed one by one, and with more before its end. */
async function runWith(change: (event: RunEvent) => RunEvent, ...more: readonly RunEventBody[]) {
	const events = eventsOf(await bundledLab()).map(change);
	const last = events.at(-1);
	return foldEvents([...events.slice(0, -1), ...more.map((body): RunEvent => ({ at: last?.at ?? 0, ...body })), ...events.slice(-1)]);
}

const same = (event: RunEvent): RunEvent => event;
const part = (html: string, from: string, to: string): string => html.slice(html.indexOf(from), html.indexOf(to, html.indexOf(from)));
const headOf = (html: string): string => part(html, '<header', '</header>');
const login = (status: LoginOutcome['status'], message?: string): RunEventBody => ({
	type: 'login-checked',
	...{ node: 'redis', username: 'ops', port: 22, ms: 5, status },
	...(message === undefined ? {} : { message }),
});

test('a login that fails alone is where the lab broke', async (t) => {
	const state = await runWith(same, login('failed', "SSH of redis refuses user 'ops' <b>"));
	t.is(verdictOf(state), 'failed');
	const html = reportPage({ state, logs: [] });
	t.regex(headOf(html), /Where it broke <small>1 problem<.*href="#node\.redis">redis › SSH as ops<\/a><small>login<.*refuses user 'ops' &lt;b>/);
	t.regex(part(html, '<tr id="node.redis"', '</tr>'), /failed<\/span><small>SSH as ops: failed, SSH of redis refuses/);
});

test('a login that works, or is closed by the node itself, is in the table of nodes and no problem', async (t) => {
	for (const [status, message, row] of [['passed', undefined, 'SSH as ops: passed<'], ['closed', 'no passwords', 'SSH as ops: closed, no passwords<']] as const) {
		const html = reportPage({ state: await runWith(same, login(status, message)), logs: [] });
		t.false(headOf(html).includes('Where it broke'));
		t.true(part(html, '<tr id="node.redis"', '</tr>').includes(row));
	}
});

const why = 'www.example.org is in the world outside';

/** The first assertion of the run is one that no rehearsal judges. */
const unjudged = (event: RunEvent): RunEvent =>
	event.type === 'run-started'
		? {
				...event,
				tests: event.tests.map((one, at) => ({ ...one, assertions: one.assertions.map((assertion, index) => (at + index === 0 ? { ...assertion, notJudged: why } : assertion)) })),
				...(event.topology && { topology: { ...event.topology, connections: event.topology.connections.slice(0, 1).map((one) => ({ ...one, assertions: [{ test: 0, index: 0 }] })) } }),
			}
		: event;

test('an assertion that is not judged is called that, with why, and never "not run"', async (t) => {
	const [first] = eventsOf(await bundledLab()).flatMap((event) => (event.type === 'run-started' ? event.tests : []));
	const events = eventsOf(await bundledLab()).filter((event) => event.type !== 'assertion-finished' || event.test !== first?.name || event.index !== 0);
	const state = foldEvents(events.map(unjudged));
	t.is(verdictOf(state), 'passed');
	const html = reportPage({ state, logs: [] });
	t.regex(headOf(html), /9 of 10 passed, 1 not judged here/);
	t.regex(part(html, '<tr id="test.1.1"', '</tr>'), /cannot be judged here.*www\.example\.org is in the world outside/);
	t.notRegex(html, /not run/);
	t.like(connectionStates(state)[0], { status: 'not judged', reported: 'no rehearsal can judge its assertion' });
});

test('what is left out is a section with its places, and there is none without', async (t) => {
	const leftOut = [{ path: 'nodes[0].recipe.desktop', why: 'there is no <desktop>' }];
	const html = reportPage({ state: await runWith((event) => (event.type === 'run-started' ? { ...event, leftOut } : event)), logs: [] });
	t.regex(part(html, '<section id="left-out"', '</section>'), /<code>nodes\[0\]\.recipe\.desktop<\/code>: there is no &lt;desktop>/);
	t.true(html.includes('<a href="#left-out">Left out</a>'));
	t.false(reportPage({ state: await runWith(same), logs: [] }).includes('id="left-out"'));
});

const inSource = { failedLine: 13, failedCommand: 'install x', failedSource: { file: '/usr/lib/common.sh', line: 5 } };
const ended = { trace: { shell: 'bash', steps: [], endedAt: 6 } } as const;

const failedAt = test.macro(async (t, place: object, expected: string) => {
	const failed = { status: 'failed', exitCode: 1, ...place } as const;
	const once = await runWith((event) => {
		if (event.type !== 'script-finished' || event.node !== 'redis') return event;
		const { trace: _, ...rest } = event;
		return { ...rest, ...failed };
	});
	t.true(headOf(reportPage({ state: once, logs: [] })).includes(expected));
	const repeated: RunEventBody = { type: 'script-repeated', node: 'redis', script: 'redis', ms: 1, output: '', differences: [], ...failed };
	const again = await runWith((event) => (event.type === 'run-started' ? { ...event, robustness: ['twice'] } : event), repeated);
	t.true(part(reportPage({ state: again, logs: [] }), '<section id="robustness"', '</section>').includes(expected));
});

test('a failure in a sourced file has its name in the head and in the robustness checks', failedAt, inSource, 'install x (/usr/lib/common.sh, line 5)');
test('so has one behind the end of the trace', failedAt, ended, 'the script ended its trace at line 6, and what failed behind it is not known');

test('the limits on the page are those of `rehearse help limits`', (t) => {
	const plain = (text: string): string => text.replaceAll('`', '').replaceAll(/\s+/g, ' ');
	const html = reportPage({ state: foldEvents(readLog('passed')), logs: [] });
	const limits = [...part(html, '<section id="limits"', '</section>').matchAll(/<li>(.*?)<\/li>/g)].map(([, text]) => text ?? '');
	const help = plain(part(readFileSync('bin/help/limits.md', 'utf8'), '## What a rehearsal cannot tell', '\n## Sizes'));
	t.true(limits.length > 5);
	t.deepEqual(limits.filter((limit) => !help.includes(limit)), []);
});
