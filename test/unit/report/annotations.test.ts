import test from 'ava';
import { foldEvents } from '../../../src/outcome/fold.js';
import { annotationsOf, type PlanPlaces } from '../../../src/report/annotations.js';
import { codeQualityJson } from '../../../src/report/code-quality.js';
import { githubCommands, groupBegin, jsonWithoutCommands, withoutCommands } from '../../../src/report/github.js';
import { markdownSummary } from '../../../src/report/markdown.js';
import { bundledLab, eventsOf, hostileOutput } from '../page/runs.js';

const places: PlanPlaces = {
	base: '/repository',
	plan: { file: '/repository/lab/plan.json' },
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

test('what is no command stays as it is', (t) => {
	for (const text of ['a::b\n', '[ 12.3s] redis: x', 'fe80::1', '## [heading]']) t.is(withoutCommands(text), text);
});

test('of more annotations than the runner shows the last one tells', (t) => {
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
