/** A lab with much wrong in it: each fault is reported for itself, and the machines are kept for whoever looks into it. */
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { BundleManifest } from '../../src/bundle/manifest.js';
import { run } from '../../src/process/run.js';
import type { PlanDocument } from '../../src/plan/schema.js';
import { userPaths } from '../../src/runs/paths.js';
import { addScript, addTest, editLab, nodeOf } from './support/labs.js';
import { makeSandbox, type Sandbox } from './support/sandbox.js';
import { resultIn, runTool, Tool } from './support/tool.js';

function breakPair(plan: PlanDocument): void {
	// The client forgets its alias, and three more scripts of it fail, each in its own way.
	nodeOf(plan, 'client').recipe.startup_scripts = [];
	// What is to be found again where the lab is opened: on the disk, in memory, and a process.
	addScript(plan, 'client', 'marks', ['#!/bin/bash', 'echo disk >/root/mark', 'echo memory >/run/mark', 'systemd-run --quiet --unit=sleeper sleep 86400']);
	addScript(plan, 'client', 'in-bash', ['#!/bin/bash', 'set -eu', 'answer=$((6 * 7))', '', 'grep "$answer" /etc/hostname', 'echo on']);
	addScript(plan, 'client', 'in-sh', ['#!/bin/sh', 'set -e', 'echo before', 'cat /run/nothing', 'echo after']);
	addScript(plan, 'client', 'bash-in-sh', ['#!/bin/sh', 'echo begun', '', 'words=(no array in sh)', 'echo "$words"']);
	plan.scenarios = [{ name: 'broken', tests: [], custom_tests: [] }];
	addTest(plan, 'Client is up', [
		{ type: 'vm_boots', on_vm: 'client' },
		{ type: 'package_not_installed', on_vm: 'client', params: { package: 'jq' } },
		{ type: 'service_running', on_vm: 'client', params: { service: 'pages' } },
	]);
	addTest(plan, 'Server reaches client', [
		{ type: 'network_reachable', on_vm: 'server', params: { host: '10.73.0.20' } },
		{ type: 'http_responds', on_vm: 'server', params: { url: 'http://10.73.0.20:8080/' } },
		{ type: 'network_reachable', on_vm: 'server', params: { host: '10.73.0.10', port: 8080 } },
	]);
}

/** Runs a command line that the tool printed, as a person would paste it; ssh(1) gets the password from a program. */
async function paste(sandbox: Sandbox, commandLine: string): Promise<string> {
	const askpass = path.join(sandbox.path, 'askpass');
	await writeFile(askpass, '#!/bin/sh\necho pair-ops\n', { mode: 0o700 });
	const { stdout } = await run(['setsid', '--wait', 'bash', '-c', commandLine], {
		env: { SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force', DISPLAY: 'none' },
		timeoutMs: 120_000,
	});
	return stdout;
}

/** Hands the run that has failed over to a machine that has neither images nor checkpoints, and looks into it there. */
async function opensElsewhere(t: ExecutionContext, sandbox: Sandbox): Promise<void> {
	const bundle = path.join(sandbox.path, 'handed-over.tar.gz');
	const written = await runTool(sandbox, ['bundle', '--with-checkpoints', '--out', bundle, '--json']);
	t.is(written.status, 0, written.stderr);
	const { machines } = (JSON.parse(written.stdout) as { manifest: BundleManifest }).manifest;
	t.like(machines, { nodes: ['server', 'client'], absent: [] });
	t.teardown(() => rm(path.join(userPaths().checkpoints, machines?.checkpoint ?? 'none'), { recursive: true, force: true }));

	const elsewhere = await makeSandbox(t, 'empty');
	const opened = await runTool(elsewhere, ['open', bundle, '--json']);
	t.is(opened.status, 0, opened.stderr);
	t.like(JSON.parse(opened.stdout), { result: { verdict: 'failed' }, lab: { name: 'pair-opened', up: true } });
	t.notRegex(opened.stderr, /booting/);
	const status = JSON.parse((await runTool(elsewhere, ['status', '--json'])).stdout) as object;
	const failedScripts = ['in-bash', 'in-sh', 'bash-in-sh'];
	t.like(status, { labs: [{ lab: 'pair-opened', nodes: [{ name: 'server', stage: 'started' }, { name: 'client', stage: 'startup failed', failedScripts }] }] });
	const input = 'cat /root/mark /run/mark; tr "\\0" " " </proc/$(systemctl show -p MainPID --value sleeper)/cmdline; echo\n';
	t.regex((await runTool(elsewhere, ['console', 'client'], { input })).stdout, /disk\s+memory\s+\S*sleep 86400/);
	t.is((await runTool(elsewhere, ['exec', 'server', '--', 'hostname'])).stdout, 'server\n');
	t.is((await runTool(elsewhere, ['down'])).status, 0);
	t.deepEqual(await elsewhere.leftovers(10_000), []);
}

test('what fails is reported, and is kept with --keep on-failure', async (t) => {
	t.timeout(20 * 60_000);
	const sandbox = await makeSandbox(t);
	const lab = await editLab(sandbox, 'pair', breakPair);
	const tool = new Tool(sandbox, ['run', lab, '--json', '--keep', 'on-failure', '--save-failed']);
	const [, end = ''] = await tool.reports(/to end them\s+(\S.*)\n/, 15 * 60_000);
	for (const node of ['server', 'client']) {
		const [, ssh = ''] = new RegExp(`^ +${node} +(ssh .*)$`, 'm').exec(tool.stderr) ?? [];
		t.not(ssh, '', tool.stderr);
		t.is(await paste(sandbox, `${ssh} hostname`), node);
	}
	t.is(end, 'rehearse down pair');
	t.is((await runTool(sandbox, ['down', 'pair'])).status, 0);

	const ended = await tool.ended;
	t.is(ended.status, 1, ended.stderr + ended.stdout);
	t.deepEqual(await sandbox.leftovers(0), []);
	const { verdict, error, nodes, tests } = resultIn(ended);
	t.is(verdict, 'failed');
	t.is(error, undefined);
	t.deepEqual(
		nodes.map(({ name, status, startup }) => [name, status, startup.map(({ ms: _ms, ...script }) => script)]),
		[
			['server', 'passed', [{ script: 'server', status: 'passed', exit_code: 0 }]],
			[
				'client',
				'failed',
				[
					{ script: 'marks', status: 'passed', exit_code: 0 },
					{ script: 'in-bash', status: 'failed', exit_code: 1, failed_line: 5 },
					{ script: 'in-sh', status: 'failed', exit_code: 1, failed_line: 4 },
					{ script: 'bash-in-sh', status: 'failed', exit_code: 2, failed_line: 4 },
				],
			],
		],
	);
	t.regex(ended.stderr, /client: startup script in-bash .*line 5.*grep 42 \/etc\/hostname/);
	t.deepEqual(
		tests.map(({ name, status, assertions }) => [name, status, assertions.map((assertion) => assertion.status)]),
		[
			['Client is up', 'failed', ['passed', 'failed', 'failed']],
			['Server reaches client', 'failed', ['failed', 'failed', 'passed']],
		],
	);
	const messages = tests.flatMap(({ assertions }) => assertions.flatMap(({ message = [] }) => message));
	t.is(messages.length, 4);
	t.regex(messages[0] ?? '', /expected package jq not installed, saw version 1\./);
	t.regex(messages[1] ?? '', /expected service pages active, saw inactive/);
	t.regex(messages[2] ?? '', /expected an answer of 10\.73\.0\.20 to a ping, saw exit status 1/);
	t.regex(messages[3] ?? '', /expected status 200 of http:\/\/10\.73\.0\.20:8080\/, saw /);
	await opensElsewhere(t, sandbox);
});
