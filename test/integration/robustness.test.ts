/** Second runs, restarts, and what is shown after an edit: on one machine that does next to nothing. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { poll } from '../../src/base/waiting.js';
import type { Changes } from '../../src/report/changes.js';
import type { RunResult } from '../../src/outcome/result.js';
import { addScript, addTest, editLab } from './support/labs.js';
import { makeSandbox } from './support/sandbox.js';
import { resultIn, runTool, Tool } from './support/tool.js';

/** A boot or two, on a host with much to do. */
const patience = 15 * 60_000;

const listens = { type: 'command_output', on_vm: 'box', params: { command: 'cat /etc/greeting', equals: 'hello' } } as const;

test.serial('a script that appends, and an alias that is gone after a restart', async (t) => {
	t.timeout(patience);
	const sandbox = await makeSandbox(t, 'shared', 'warm');
	const lab = await editLab(sandbox, 'single', (plan) => {
		addScript(plan, 'box', 'lists', ['#!/bin/sh', 'echo hello >/etc/greeting', 'echo 10.74.0.10 box >>/etc/hosts']);
		addTest(plan, 'Greeting', [listens]);
	});
	const ended = await runTool(sandbox, ['run', lab, '--twice', '--reboot', '--json']);
	const { verdict, twice, reboot, tests } = resultIn(ended);
	t.is(ended.status, 1, ended.stderr);
	t.is(verdict, 'failed');
	t.true(tests.every(({ status }) => status === 'passed'), 'the scenario itself passed');

	t.is(twice?.status, 'failed');
	const [box, lists] = twice?.scripts ?? [];
	// `ip addr add` of an address that is there fails, and with it the script, whose last command it is.
	t.like(box, { node: 'box', script: 'box', status: 'failed', exit_code: 2, differences: [] });
	t.like(lists, { script: 'lists', status: 'failed', exit_code: 0 });
	t.deepEqual(lists?.differences, [
		{ kind: 'file', subject: '/etc/hosts', change: 'changed', sentence: 'file /etc/hosts: added "10.74.0.10 box"', line: 3 },
	]);
	t.deepEqual(twice?.assertions_failed, []);

	t.is(reboot?.status, 'failed');
	t.deepEqual(reboot?.machines.map(({ node, missing }) => [node, missing.map(({ kind }) => kind)]), [['box', ['address']]]);
	t.regex(reboot?.machines[0]?.missing[0]?.subject ?? '', /^10\.74\.0\.10\/24 on /);
	t.deepEqual(reboot?.assertions_failed, []);
	t.deepEqual(await sandbox.leftovers(10_000), []);
});

test.serial('watching a lab: what flips, and what differs in the machine', async (t) => {
	t.timeout(patience);
	const sandbox = await makeSandbox(t, 'shared', 'warm');
	const lab = await editLab(sandbox, 'single', (plan) => {
		addScript(plan, 'box', 'greets', ['#!/bin/sh', 'echo hello >/etc/greeting']);
		addTest(plan, 'Greeting', [{ ...listens, params: { ...listens.params } }]);
	});
	const plan = path.join(lab, 'plan.json');
	const good = await readFile(plan, 'utf8');
	const edit = (text: string) => writeFile(plan, text);
	const page = path.join(sandbox.path, 'watched.html');
	const tool = new Tool(sandbox, ['watch', lab, '--json', '--html', page]);
	/** The page is written right after the result is. */
	const pageHas = async (pattern: RegExp) => {
		const { accepted, last } = await poll(() => readFile(page, 'utf8').catch(() => ''), (html) => pattern.test(html), { intervalMs: 100, deadlineMs: 20_000 });
		t.true(accepted, `${String(pattern)}: ${last.slice(last.indexOf('<body>'), last.indexOf('</header>'))}`);
	};
	const results = async (count: number): Promise<readonly (RunResult & { readonly changes: Changes })[]> => {
		const lines = () => tool.stdout.split('\n').slice(0, -1);
		await poll(() => Promise.resolve(lines().length), (seen) => seen >= count, { intervalMs: 100, deadlineMs: patience / 2 });
		return lines().map((line) => JSON.parse(line) as RunResult & { readonly changes: Changes });
	};
	t.is((await results(1))[0]?.verdict, 'passed', tool.stderr);

	// A plan with an error is shown and waited on.
	await tool.reports(/waiting for an edit/, 10_000);
	await edit(good.replace('{', ''));
	t.is((await results(2))[1]?.verdict, 'error');
	await pageHas(/<p id="banner" role="status">The plan has errors: .*\nWhat follows is of the run before\./);

	// What flips is reported long before the verdict, for which it is tried until its deadline.
	const saved = performance.now();
	await edit(good.replace('echo hello', 'echo nobody'));
	await tool.reports(/does not hold so far \(held before, tried for another .*\): Greeting › box: .*"nobody/, patience / 2);
	const reportedMs = performance.now() - saved;
	await pageHas(/<p id="banner" role="status">Edited: the lab is being rehearsed again\./);
	// An edit during a run ends it at once; only the last one counts.
	await edit(good.replace('echo hello', 'echo goodbye'));
	await tool.reports(/edited: starting over/, 5000);
	const broken = (await results(3))[2];
	t.is(broken?.verdict, 'failed');
	t.like(broken?.changes.assertions[0], { test: 'Greeting', on_vm: 'box', from: 'passed', to: 'failed' });
	t.deepEqual(broken?.changes.machines, [
		{
			node: 'box',
			differences: [
				{ kind: 'file', subject: '/etc/greeting', change: 'changed', sentence: 'file /etc/greeting: added "goodbye"; removed "hello"' },
			],
		},
	]);

	await pageHas(/<section id="changed".*box › Greeting.*it was: passed.*file \/etc\/greeting: added .{1,6}goodbye/s);
	await pageHas(/^(?!.*id="banner")/s);
	await tool.reports(/(?:waiting for an edit[^]*){2}/, 20_000);
	await edit(good);
	const fixed = (await results(4))[3];
	t.is(fixed?.verdict, 'passed');
	t.like(fixed?.changes.assertions[0], { from: 'failed', to: 'passed' });
	t.true(reportedMs < (fixed?.ms ?? 0) + 5000, `reported after ${reportedMs} ms, where a run that passes takes ${fixed?.ms} ms`);
	t.true((broken?.ms ?? 0) > reportedMs);

	tool.signal('SIGINT');
	t.is((await tool.ended).status, 130);
	t.deepEqual(await sandbox.leftovers(10_000), []);
});
