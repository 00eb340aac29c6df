/** Runs from checkpoints: the same answers as from power-on, only what changed is booted, damage costs time and no more. */
import { spawn } from 'node:child_process';
import { readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { diskUsage } from '../../src/base/disk-usage.js';
import type { Manifest } from '../../src/checkpoint/manifest.js';
import type { RunResult } from '../../src/outcome/result.js';
import { addScript, addTest, editLab, nodeOf } from './support/labs.js';
import { makeSandbox, type Sandbox } from './support/sandbox.js';
import { resultIn, runTool, Tool, type ToolOptions } from './support/tool.js';

/** A boot or two, on a host with much to do. */
const patience = 15 * 60_000;

/** Where each node's machine came from: `power-on`, `provisioned`, `started`. */
const originsOf = ({ nodes }: RunResult) => nodes.map(({ origin }) => (origin?.from === 'checkpoint' ? origin.kind : origin?.from));

/** All that a run reports of the lab: the verdict, each script and each assertion, without times. */
const answersOf = ({ verdict, nodes, tests }: RunResult) => ({
	verdict,
	scripts: nodes.flatMap(({ startup }) => startup.map(({ ms: _ms, ...script }) => script)),
	tests: tests.map(({ name, assertions }) => [name, assertions.map(({ status }) => status)]),
});

async function rehearse(sandbox: Sandbox, args: readonly string[], options?: ToolOptions) {
	const ended = await runTool(sandbox, ['run', ...args, '--json'], options);
	return { ...ended, result: resultIn(ended) };
}

/** Bundles the newest run that failed and opens it as on another machine: its journals have the script that did. */
async function isExported(t: ExecutionContext, sandbox: Sandbox): Promise<void> {
	const file = path.join(sandbox.path, 'failed.tar.gz');
	const bundled = await runTool(sandbox, ['bundle', '--redact', '--out', file]);
	t.is(bundled.status, 0, bundled.stderr);
	const opened = await runTool(sandbox, ['open', file, '--json'], { env: { XDG_STATE_HOME: path.join(sandbox.path, 'elsewhere') } });
	t.is(opened.status, 0, opened.stderr);
	const { directory, result } = JSON.parse(opened.stdout) as { directory: string; result: RunResult };
	t.is(result.verdict, 'failed');
	t.regex(await readFile(path.join(directory, 'journals', 'client.log'), 'utf8'), /startup-bad\.service: Failed with result 'exit-code'/);
	t.regex(await readFile(path.join(directory, 'journals', 'server.log'), 'utf8'), /startup-server\.service/);
	t.regex(await readFile(path.join(directory, 'machines.json'), 'utf8'), /qemu-system-x86_64 -name guest=client/);
}

/** Does something while every processor of the host has a program to run that never waits. */
async function besideBusyPrograms<T>(t: ExecutionContext, action: () => Promise<T>): Promise<T> {
	const programs = os.cpus().map(() => spawn('sh', ['-c', 'while :; do :; done'], { detached: true, stdio: 'ignore' }));
	const end = () => programs.forEach((program) => program.kill('SIGKILL'));
	t.teardown(end);
	return action().finally(end);
}

const storeOf = (sandbox: Sandbox): string => path.join(sandbox.env['XDG_CACHE_HOME'] ?? '', 'rehearse', 'checkpoints');

async function manifests(sandbox: Sandbox): Promise<readonly Manifest[]> {
	const keys = (await readdir(storeOf(sandbox))).filter((name) => !name.startsWith('.'));
	const texts = keys.map((key) => readFile(path.join(storeOf(sandbox), key, 'checkpoint.json'), 'utf8'));
	return (await Promise.all(texts)).map((text) => JSON.parse(text) as Manifest);
}

test.serial('a pair of nodes, again and again', async (t) => {
	t.timeout(2 * patience);
	const sandbox = await makeSandbox(t, 'no accelerator', 'warm');
	const week = 7 * 86_400;
	const edited = (name: string, lines: readonly string[] = [], memory = '768 MB') =>
		editLab(sandbox, 'pair', (plan) => {
			if (lines.length > 0) addScript(plan, 'client', name, lines);
			nodeOf(plan, 'server').memory = memory;
			addTest(plan, 'Identity', [
				{ type: 'command_output', on_vm: 'client', params: { command: 'cat /etc/machine-id', matches: '^[0-9a-f]{32}$' } },
				{ type: 'command_output', on_vm: 'client', params: { command: 'systemctl is-system-running', equals: 'running' } },
			]);
		});
	const good = await edited('good');

	const first = await rehearse(sandbox, [good]);
	t.is(first.status, 0, first.stderr + first.stdout);
	t.deepEqual(originsOf(first.result), ['power-on', 'power-on']);
	t.true(first.result.cold);

	// Two at once have the same checkpoints, and each its own machines; that the host is busy beside is no fault of theirs.
	const [second, beside] = await besideBusyPrograms(t, () => Promise.all([rehearse(sandbox, [good]), rehearse(sandbox, [good])]));
	for (const again of [second, beside]) {
		t.is(again.status, 0, again.stderr + again.stdout);
		t.deepEqual(originsOf(again.result), ['provisioned', 'provisioned'], again.stderr);
		t.false(again.result.cold);
		t.deepEqual(answersOf(again.result), answersOf(first.result));
		t.true(again.ms < first.ms, `${again.ms} ms against ${first.ms} ms`);
	}

	// An edited script is in the verdict, and boots nothing.
	const reaching = ['curl -m 2 http://deb.example.org || true', 'nc -z -w 2 203.0.113.5 443 || true'];
	const bad = await edited('bad', ['#!/bin/sh', 'set -e', ...reaching, 'false', 'echo after']);
	const warm = await rehearse(sandbox, [bad]);
	t.is(warm.status, 1, warm.stderr + warm.stdout);
	t.deepEqual(originsOf(warm.result), ['provisioned', 'provisioned']);
	t.like(warm.result.nodes[1]?.startup[1], { script: 'bad', status: 'failed', exit_code: 1, failed_line: 5 });
	// So is what it reached for in vain; nobody else reached for anything.
	t.is(first.result.outside, undefined);
	t.is(second.result.outside, undefined);
	t.deepEqual(
		warm.result.outside?.map(({ node, script, line, protocol, address, port, name }) => [node, script, line, protocol, name ?? `${address}:${port}`]),
		[
			['client', 'bad', 3, 'dns', 'deb.example.org'],
			['client', 'bad', 4, 'tcp', '203.0.113.5:443'],
		],
	);
	t.regex(warm.stderr, /client: reached for 203\.0\.113\.5:443\/tcp outside the lab/);
	await isExported(t, sandbox);

	// As left by the startup scripts: only the scenario runs, or only one node's scripts.
	const scenario = await rehearse(sandbox, [good, '--from', 'started']);
	t.is(scenario.status, 0, scenario.stderr + scenario.stdout);
	t.deepEqual(originsOf(scenario.result), ['started', 'started']);
	t.deepEqual(answersOf(scenario.result).tests, answersOf(first.result).tests);
	t.deepEqual(
		scenario.result.nodes.flatMap(({ startup }) => startup.map(({ status }) => status)),
		['not run', 'not run'],
	);
	const only = await rehearse(sandbox, [bad, '--only', 'client', '--no-trace']);
	t.is(only.status, 1, only.stderr + only.stdout);
	t.deepEqual(originsOf(only.result), ['started', 'provisioned']);
	t.deepEqual(
		only.result.nodes.map(({ startup }) => startup.map(({ status }) => status)),
		[['not run'], ['passed', 'failed']],
	);
	t.is(only.result.nodes[1]?.startup[1]?.failed_line, undefined, 'nobody knows without a trace');

	// The client uses the server: an edit of its own leaves the server alone, one of the server has both run again.
	const ofClient = await rehearse(sandbox, [bad, '--changed']);
	t.is(ofClient.status, 1, ofClient.stderr + ofClient.stdout);
	t.deepEqual(originsOf(ofClient.result), ['started', 'provisioned']);
	t.like(ofClient.result.nodes[1]?.startup[1], { script: 'bad', status: 'failed', failed_line: 5 });
	t.regex(ofClient.stderr, /taken over from .*: what the startup scripts of server had done; those of client \(startup scripts changed\) run again/);
	const more = await editLab(sandbox, 'pair', (plan) => addScript(plan, 'server', 'more', ['#!/bin/sh', 'true']));
	const ofServer = await rehearse(sandbox, [more, '--changed']);
	t.is(ofServer.status, 0, ofServer.stderr + ofServer.stdout);
	t.deepEqual(originsOf(ofServer.result), ['provisioned', 'provisioned']);

	// A week later, by the host's clock.
	const later = await editLab(sandbox, 'pair', (plan) => {
		addScript(plan, 'client', 'quiet', ['#!/bin/bash', 'set -e', 'cat /nonexistent/table || true', 'echo on']);
		const command = `echo $(($(date +%s) - ${Math.floor(Date.now() / 1000)}))`;
		addTest(plan, 'A week later', [{ type: 'command_output', on_vm: 'server', params: { command, matches: `^${String(week).slice(0, 3)}\\d{3}$` } }]);
	});
	const shift = `const now = Date.now; Date.now = () => now() + ${week * 1000};`;
	const shifted = `data:text/javascript,${encodeURIComponent(shift)}`;
	const aWeekLater = { env: { NODE_OPTIONS: `--import=${shifted}` } };
	const aged = await rehearse(sandbox, [later], aWeekLater);
	t.is(aged.status, 0, aged.stderr + aged.stdout);
	t.deepEqual(originsOf(aged.result), ['provisioned', 'provisioned']);

	// What that run saved of its machines is what they had changed since they were restored; they come back from it.
	const newestFirst = (await manifests(sandbox)).toSorted((one, other) => other.savedAt - one.savedAt);
	const saved = newestFirst.find(({ kind, machines }) => kind === 'started' && machines.every(({ pages }) => pages !== undefined));
	for (const { pages = '', ram } of saved?.machines ?? []) {
		const bytes = (name: string) => diskUsage(path.join(storeOf(sandbox), saved?.key ?? '', name));
		t.true((await bytes(pages)) > 2 ** 20 && (await bytes(pages)) < (await bytes(ram)) / 2, `${await bytes(pages)} of ${await bytes(ram)}`);
	}
	const resumed = await rehearse(sandbox, [later, '--from', 'started'], aWeekLater);
	t.is(resumed.status, 0, resumed.stderr + resumed.stdout);
	t.is(resumed.result.nodes[0]?.origin?.from === 'checkpoint' && resumed.result.nodes[0].origin.saved_at, new Date(saved?.savedAt ?? 0).toISOString());
	t.deepEqual(originsOf(resumed.result), ['started', 'started']);
	t.deepEqual(answersOf(resumed.result).tests, answersOf(aged.result).tests);

	// That script has passed, and what it swallowed is reported all the same.
	const message = 'cat: /nonexistent/table: No such file or directory';
	const swallowed = { line: 3, command: 'cat /nonexistent/table', exit_code: 1, message };
	t.like(aged.result.nodes[1]?.startup[1], { script: 'quiet', status: 'passed', swallowed: [swallowed] });
	t.is(aged.result.nodes[0]?.startup[0]?.swallowed, undefined);
	const trace = await runTool(sandbox, ['trace', 'client', '--script', 'quiet']);
	t.is(trace.status, 0, trace.stderr);
	t.regex(trace.stdout, /^ +! +3 .* 1 +cat \/nonexistent\/table\n +│ cat: \/nonexistent\/table: No such file/m);
	t.regex(trace.stdout, /^ +4 .* 0 +echo on$/m);

	// A damaged checkpoint, and another node of which something changed: each is booted, and the reason is reported.
	const [client] = (await manifests(sandbox)).filter(({ kind, machines }) => kind === 'provisioned' && machines[0]?.node === 'client');
	const ram = path.join(storeOf(sandbox), client?.key ?? '', client?.machines[0]?.ram ?? '');
	await truncate(ram, (await stat(ram)).size / 2);
	const changed = await rehearse(sandbox, [await edited('good', [], '800 MB')]);
	t.is(changed.status, 0, changed.stderr + changed.stdout);
	t.deepEqual(
		changed.result.nodes.map(({ origin }) => origin),
		[
			{ from: 'power-on', why: 'memory changed' },
			{ from: 'power-on', why: 'its checkpoint was damaged' },
		],
	);
	t.regex(changed.stderr, /the checkpoint of client is damaged and was removed: .*truncated/);

	t.deepEqual(await sandbox.leftovers(0), []);
});

test.serial('a save that is killed leaves nothing that the next run would take for a checkpoint', async (t) => {
	t.timeout(patience);
	const sandbox = await makeSandbox(t, 'no accelerator', 'warm');
	const lab = await editLab(sandbox, 'single', () => undefined);
	const tool = new Tool(sandbox, ['run', lab, '--json']);
	await tool.reports(/box: saving/, patience);
	tool.signal('SIGKILL');
	await tool.ended;
	t.deepEqual(await manifests(sandbox), []);
	const next = await rehearse(sandbox, [lab]);
	t.is(next.status, 0, next.stderr + next.stdout);
	t.deepEqual(next.result.nodes[0]?.origin, { from: 'power-on', why: 'no checkpoint yet' });
	t.deepEqual(
		(await readdir(storeOf(sandbox))).filter((name) => name.startsWith('.')),
		[],
	);

	// A zeroed stretch of the memory: what needs it is booted, what does not is not.
	const [saved] = (await manifests(sandbox)).filter(({ kind }) => kind === 'provisioned');
	const name = saved?.machines[0]?.ram ?? '';
	const ram = path.join(storeOf(sandbox), saved?.key ?? '', name);
	const [offset = 0, length = 0] = saved?.files[name]?.extents.at(-1) ?? [];
	const contents = await readFile(ram);
	await writeFile(ram, contents.fill(0, offset, offset + length));
	const zeroed = await rehearse(sandbox, [lab, '--from', 'started']);
	t.is(zeroed.status, 0, zeroed.stderr + zeroed.stdout);
	t.deepEqual(originsOf(zeroed.result), ['started'], 'that of the started lab is another file');
	const booted = await rehearse(sandbox, [lab]);
	t.is(booted.status, 0, booted.stderr + booted.stdout);
	t.deepEqual(booted.result.nodes[0]?.origin, { from: 'power-on', why: 'its checkpoint was damaged' });
	t.regex(booted.stderr, /the checkpoint of box is damaged and was removed: \S+ has other contents than were saved/);
});

test.serial('a full disk costs the checkpoint, not the run', async (t) => {
	t.timeout(patience);
	const sandbox = await makeSandbox(t, 'no accelerator', 'warm');
	const lab = await editLab(sandbox, 'single', () => undefined);
	const mount = `mkdir -p "$0" && mount -t tmpfs -o size=40m,mode=700 none "$0" && exec "$@"`;
	const through = ['unshare', '--user', '--map-root-user', '--mount', '--', 'sh', '-c', mount, storeOf(sandbox)];
	const ended = await rehearse(sandbox, [lab], { through });
	t.is(ended.status, 0, ended.stderr + ended.stdout);
	t.is(ended.result.verdict, 'passed');
	t.regex(ended.stderr, /note: box: no checkpoint was made: .*No space left/i);
});
