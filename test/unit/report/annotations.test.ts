import test from 'ava';
import type { RunEvent, RunEventBody } from '../../../src/lab/events.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { verdictOf } from '../../../src/outcome/result.js';
import { annotationsOf, type PlanPlaces } from '../../../src/report/annotations.js';
import { codeQualityJson } from '../../../src/report/code-quality.js';
import { githubCommands, groupBegin, jsonWithoutCommands, withoutCommands } from '../../../src/report/github.js';
import { markdownSummary } from '../../../src/report/markdown.js';
import { readLog } from './golden.js';
import { bundledLab, eventsOf, hostileOutput } from '../page/runs.js';

const places: PlanPlaces = {
	base: '/repository',
	plan: { file: '/repository/lab/plan.json' },
	node: (node) => ({ file: `/repository/lab/${node}.json`, line: 3 }),
	scriptLine: (_node, script, line) => ({ file: `/repository/lab/startup/${script}.sh`, ...(line === undefined ? {} : { line }) }),
	assertion: (testIndex, index) => ({ file: '/repository/lab/plan.json', line: 100 + testIndex * 10 + index }),
};

const failed = async (output: string) => foldEvents(eventsOf(await bundledLab(), { output, fails: { node: 'redis', line: 10, output } }));

test('a failure is annotated at the line of the script, an assertion at that of the plan', async (t) => {
	const commands = githubCommands(annotationsOf(await failed('no such file\n'), places));
	const [script, ...assertions] = commands.split('\n');
	t.regex(script ?? '', /^::error file=lab\/startup\/redis\.sh,line=10,title=redis%3A startup script redis failed::.*%0Afailed with exit status 1 after .*%0Ano such file$/);
	t.regex(assertions[0] ?? '', /^::error file=lab\/plan\.json,line=104,title=Stack ports listen › redis failed::port 6379\/tcp listens%0Aexpected it of redis%0Asaw nothing$/);
});

test('a file outside of the repository is not named', async (t) => {
	const [annotation] = annotationsOf(await failed(''), { ...places, base: '/other' });
	t.is(annotation?.file, undefined);
});

test('a guest speaks no command of the runner', async (t) => {
	const state = await failed(hostileOutput);
	const lines = githubCommands(annotationsOf(state, places)).split('\n');
	t.deepEqual(lines.filter((line) => line !== '' && !/^::(?:error|warning) (?:file=lab|title=)/.test(line)), []);
	t.true(lines.every((line) => line.length < 10_000));
	t.deepEqual(withoutCommands(hostileOutput).split(/\r?\n|\r/).filter((line) => /^::|##\[/.test(line.trimStart())), []);
	t.deepEqual(JSON.parse(jsonWithoutCommands(JSON.stringify({ a: '##[error]x' }))), { a: '##[error]x' });
	t.is(groupBegin('a\n::error::b'), '::group::a ::error::b\n');
});

test('what is no command is left as it is', (t) => {
	for (const text of ['a::b\n', '[ 12.3s] redis: x', 'fe80::1', '## [heading]']) t.is(withoutCommands(text), text);
});

test('of more annotations than the runner shows the last one has their number', (t) => {
	const annotations = Array.from({ length: 14 }, (_unused, index) => ({ severity: 'error' as const, check: 'assertion' as const, title: `t${index}`, message: 'm' }));
	const lines = githubCommands(annotations).trimEnd().split('\n');
	t.is(lines.length, 10);
	t.is(lines[9], '::error title=rehearse::5 more are in the report');
});

test('a code-quality report has what GitLab asks for, and other fingerprints for other things', async (t) => {
	const issues = JSON.parse(codeQualityJson(annotationsOf(await failed('no\n'), places), 'lab/plan.json')) as Record<string, unknown>[];
	t.true(issues.length >= 3);
	for (const issue of issues) {
		t.deepEqual(Object.keys(issue), ['description', 'check_name', 'fingerprint', 'severity', 'location']);
		t.regex(JSON.stringify(issue['location']), /^\{"path":"lab\/[^"]+","lines":\{"begin":\d+\}\}$/);
	}
	t.is(new Set(issues.map(({ fingerprint }) => fingerprint)).size, issues.length);
});

test('what GitLab knows of a run again does not depend on how long anything took', (t) => {
	const fingerprints = (ms: number) => {
		const events = readLog('script-failed').map((event): RunEvent => {
			if (event.type !== 'script-finished' || event.status === 'passed') return event;
			const { failedCommand: _command, failedLine: _line, excerpt: _excerpt, ...rest } = event;
			return { ...rest, ms };
		});
		return (JSON.parse(codeQualityJson(annotationsOf(foldEvents(events), places), 'plan.json')) as { fingerprint: string }[]).map(({ fingerprint }) => fingerprint);
	};
	t.true(fingerprints(1).length > 0);
	for (const ms of [900, 5321, 65_000]) t.deepEqual(fingerprints(ms), fingerprints(1));
});

test('the summary of a job has a reason for every verdict that is none', (t) => {
	const whole = readLog('robustness');
	const unjudged = whole.map((event): RunEvent => {
		if (event.type === 'order-finished') return { ...event, verdict: 'passed', failures: [] };
		if (event.type === 'script-repeated') return { ...event, status: 'passed', differences: [] };
		if (event.type === 'machine-restarted') return { ...event, missing: [], scripts: [] };
		if (event.type === 'assertion-finished') return event.after === 'reboot' && event.status === 'failed' ? { ...event, status: 'error' } : event.status === 'failed' ? { ...event, status: 'passed' } : event;
		return 'status' in event && event.type === 'stage-finished' && event.status === 'failed' ? { ...event, status: 'passed' } : event;
	});
	t.is(verdictOf(foldEvents(unjudged)), 'error');
	t.regex(markdownSummary(foldEvents(unjudged)), /### Where it broke\n[^]*restart&#58; [^\n]* could not be judged/);
	const cut = markdownSummary(foldEvents(readLog('passed').slice(0, -8)));
	t.regex(cut, /### Where it broke\n\n- the event log ends before the run did/);
});

test('the summary of a job names what broke, and a guest makes no markup of it', async (t) => {
	const text = markdownSummary(await failed('no such file\n'), 'flowchart TD\n');
	t.regex(text, /^## ✖ failed immich-photo-vault failed in /);
	t.regex(text, /### Where it broke\n\n- redis&#58; startup script redis failed/);
	t.regex(text, /```mermaid\nflowchart TD\n```/);
	const hostile = markdownSummary(await failed(hostileOutput));
	const outside = hostile.replaceAll(/^(`{3,})text\n[^]*?\n\1$/gm, '');
	t.false(/<script|<img|\]\(http|\n# |[\x00-\x08\x0b-\x1f]/.test(outside));
	t.true(hostile.length < 50_000);
});

/** A run that has passed, changed, with more before its end. */
async function runWith(change: (event: RunEvent) => RunEvent, ...more: readonly RunEventBody[]) {
	const events = eventsOf(await bundledLab()).map(change);
	return foldEvents([...events.slice(0, -1), ...more.map((body): RunEvent => ({ at: 0, ...body })), ...events.slice(-1)]);
}

test('a failed login is annotated at its node', async (t) => {
	const login = { type: 'login-checked', node: 'redis', username: 'ops', port: 22, ms: 5 } as const;
	const state = await runWith((event) => event, { ...login, status: 'failed', message: 'refused\n::error::x' });
	t.is(githubCommands(annotationsOf(state, places)), '::error file=lab/redis.json,line=3,title=redis%3A SSH as ops failed::refused%0A::error::x\n');
	t.deepEqual(annotationsOf(await runWith((event) => event, { ...login, status: 'closed', message: 'no passwords' }), places), []);
});

test('failed robustness checks are annotated where they belong: line of a script, assertion, node, plan', (t) => {
	const state = foldEvents(readLog('robustness'));
	const found = annotationsOf(state, places).filter(({ check }) => check === 'robustness-check');
	const placed = found.map(({ severity, file, line, title }) => `${severity} ${file}:${line} ${title}`);
	t.true(placed.includes('error lab/startup/client.sh:4 client: second run: client failed'));
	t.true(placed.includes('error lab/startup/server.sh:9 server: second run: server failed'));
	t.true(placed.includes('error lab/server.json:3 server: restart: came back failed'));
	t.true(placed.includes('error lab/plan.json:undefined order: 1: client, server failed'));
	t.true(placed.some((text) => /^error lab\/plan\.json:1\d\d \w+: restart: /.test(text)), placed.join('\n'));
	t.is(found[0]?.message, 'line 4: ip addr add 10.73.0.20/24 dev enp0s3');
	t.regex(markdownSummary(state), /- client&#58; second run&#58; client failed&#58; line 4&#58; ip addr add/);
});

test('a failure in a sourced file, or behind the end of a trace, is reported as that', async (t) => {
	const failedScript = (place: object) =>
		runWith((event) => {
			if (event.type !== 'script-finished' || event.node !== 'redis') return event;
			const { trace: _, ...rest } = event;
			return { ...rest, status: 'failed', exitCode: 1, ...place };
		});
	const [sourced] = annotationsOf(await failedScript({ failedLine: 13, failedCommand: 'install x', failedSource: { file: '/usr/lib/common.sh', line: 5 } }), places);
	t.like(sourced, { file: 'lab/startup/redis.sh', line: 13 });
	t.regex(sourced?.message ?? '', /^install x \(\/usr\/lib\/common\.sh, line 5\)\n/);
	const [ended] = annotationsOf(await failedScript({ trace: { shell: 'bash', steps: [], endedAt: 6 } }), places);
	t.regex(ended?.message ?? '', /^the script ended its trace at line 6/);
});

test('the summary of a job has what is left out, and does not call "not run" what is not judged', async (t) => {
	const leftOut = [{ path: 'nodes[0].recipe.desktop', why: 'there is no <desktop>' }];
	const state = await runWith((event) =>
		event.type === 'run-started'
			? { ...event, leftOut, tests: [...event.tests, { name: 'world', assertions: [{ type: 'network_reachable', onVm: 'redis', title: 'x', notJudged: 'outside' }] }] }
			: event,
	);
	const text = markdownSummary(state);
	t.regex(text, /<summary>Left out of the rehearsal: 1<\/summary>\n\n- nodes&#91;0&#93;\.recipe\.desktop&#58; there is no &#60;desktop&#62;\n/);
	t.regex(text, /- assertions: 10 of 11 passed, 1 not judged here\n/);
	t.regex(text, /\| world \| \? not judged \| 0 of 1 passed, 1 not judged here \|/);
	t.notRegex(text, /not run/);
	t.notRegex(markdownSummary(await runWith((event) => event)), /Left out/);
});
