/** Machines that die, and machines that cannot be: the rehearsal ends at once, and reports which and why. */
import { setTimeout as sleep } from 'node:timers/promises';
import os from 'node:os';
import test from 'ava';
import { maximumNodes } from '../../src/lab/addressing.js';
import { addScript, editLab, labDirectory } from './support/labs.js';
import { killQuietly, makeSandbox } from './support/sandbox.js';
import { resultIn, runTool, Tool } from './support/tool.js';

/** Well below every deadline of a boot or a script. */
const atOnceMs = 20_000;

test.serial('a QEMU that is killed', async (t) => {
	t.timeout(15 * 60_000);
	const sandbox = await makeSandbox(t);
	const tool = new Tool(sandbox, ['run', labDirectory('pair'), '--json']);
	await tool.reports(/client: booting/, 10 * 60_000);
	const { pid } = await tool.runs(/^qemu-system-x86_64 -name guest=client /);
	// Any time will do; this leaves the kernel a moment to begin.
	await sleep(5000);
	const killedAt = performance.now();
	killQuietly(pid);
	const ended = await tool.ended;
	t.true(performance.now() - killedAt < atOnceMs);
	t.is(ended.status, 4, ended.stderr + ended.stdout);
	const { verdict, error, nodes } = resultIn(ended);
	t.is(verdict, 'error');
	t.like(error, { code: 'qemu-ended', node: 'client', exit_code: 4 });
	t.regex(error?.message ?? '', /SIGKILL/);
	t.is(nodes.find(({ name }) => name === 'client')?.status, 'error');
	t.deepEqual(await sandbox.leftovers(0), []);
});

test.serial('a kernel that panics', async (t) => {
	t.timeout(15 * 60_000);
	const sandbox = await makeSandbox(t);
	const lab = await editLab(sandbox, 'single', (plan) =>
		addScript(plan, 'box', 'panic', ['#!/bin/sh', 'echo c >/proc/sysrq-trigger', 'sleep 1000']),
	);
	const tool = new Tool(sandbox, ['run', lab, '--json']);
	await tool.reports(/startup script panic started/, 14 * 60_000);
	const panicAt = performance.now();
	const ended = await tool.ended;
	t.true(performance.now() - panicAt < atOnceMs);
	t.is(ended.status, 4, ended.stderr + ended.stdout);
	const { error } = resultIn(ended);
	t.like(error, { code: 'machine-died', node: 'box', exit_code: 4 });
	t.regex(error?.message ?? '', /^box: its kernel panicked: sysrq triggered crash/);
	t.regex(error?.detail ?? '', /Kernel panic - not syncing: sysrq triggered crash/, "the console's last lines");
	t.deepEqual(await sandbox.leftovers(0), []);
});

test.serial('a service that is not there', async (t) => {
	t.timeout(15 * 60_000);
	const sandbox = await makeSandbox(t);
	const lab = await editLab(sandbox, 'single', (plan) => {
		for (const { recipe } of plan.nodes) recipe.services = [{ name: 'ssh' }, { name: 'never-installed' }];
	});
	const ended = await runTool(sandbox, ['run', lab, '--cold', '--json']);
	t.is(ended.status, 4, ended.stderr + ended.stdout);
	const { error } = resultIn(ended);
	t.like(error, { code: 'cloud-init', node: 'box', message: 'box: cloud-init did not end well' });
	t.regex(error?.detail ?? '', /scripts_user/);
	t.regex(error?.detail ?? '', /never-installed\.service does not exist/, "systemctl's message, from the console");
	t.deepEqual(await sandbox.leftovers(0), []);
});

test.serial('memory that this host does not have', async (t) => {
	t.timeout(10 * 60_000);
	// Each machine touches 450 MiB or more, so this many cannot fit; they have one image, and none is started.
	const count = Math.ceil(os.totalmem() / 2 ** 20 / 450);
	t.true(count <= maximumNodes, `a lab has at most ${maximumNodes} nodes, too few for the memory of this host`);
	const sandbox = await makeSandbox(t);
	const lab = await editLab(sandbox, 'single', (plan) => {
		const [box] = plan.nodes;
		plan.nodes = Array.from({ length: count }, (_, index) => ({
			...structuredClone(box as NonNullable<typeof box>),
			name: index === 0 ? 'box' : `box-${index}`,
			memory: '1 GB',
			alias: [`10.74.0.${index + 10}/24`],
		}));
	});
	const ended = await runTool(sandbox, ['run', lab, '--json']);
	t.is(ended.status, 3, ended.stderr + ended.stdout);
	const { error } = resultIn(ended);
	t.is(error?.code, 'memory');
	t.regex(error?.message ?? '', /will touch about [\d.]+ [GT]iB of memory, and this host has [\d.]+ [MGT]iB to give/);
	t.deepEqual(await sandbox.leftovers(0), []);
});
