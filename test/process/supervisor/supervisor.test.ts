/** The supervisor in real namespaces, with machines that are fakes: what it makes, reports, and leaves behind. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { programFile } from '../../../src/base/package-root.js';
import { poll } from '../../../src/base/waiting.js';
import type { LabNode } from '../../../src/lab/lab.js';
import { startChild } from '../../../src/process/child.js';
import { run } from '../../../src/process/run.js';
import { hostState, startLab, type Line, type StartedLab } from './labs.js';

/** Events of a node, or of no node, without their times: `boot started`. */
const reported = (lines: readonly Line[], node?: string): string[] =>
	lines.flatMap((line) => {
		if (('node' in line ? line.node : undefined) !== node) return [];
		if (line.type === 'stage-started') return [`${line.stage} started`];
		if (line.type === 'stage-finished') return [`${line.stage} ${line.status}`];
		if (line.type === 'script-started') return [`${line.script} started`];
		if (line.type === 'script-finished') return [`${line.script} ${line.status}: ${line.output.trim()}`];
		return [];
	});

/** The process of a lab whose command line has this in it. */
async function find(lab: StartedLab, words: string): Promise<number> {
	const [pid] = [...(await lab.processes())].find(([, command]) => command.includes(words)) ?? [];
	if (pid === undefined) throw new Error(`no ${words} runs`);
	return pid;
}

test.serial('a lab is run to its end, its events come in order, nothing is left', async (t) => {
	const before = await hostState();
	const lab = await startLab(t);
	t.is((await lab.waitFor('done')).error, undefined);
	t.deepEqual(reported(lab.lines), [
		'network started',
		'network passed',
		'scenario started',
		'scenario passed',
		'teardown started',
		'teardown passed',
	]);
	for (const node of ['one', 'two']) {
		t.deepEqual(reported(lab.lines, node), [
			'boot started',
			'boot passed',
			'startup started',
			'setup started',
			'setup passed: done',
			'startup passed',
		]);
	}
	const teardown = lab.lines.findIndex((line) => line.type === 'stage-started' && line.stage === 'teardown');
	t.true(teardown > lab.lines.findLastIndex((line) => 'node' in line), 'machines outlive the scenario');
	t.deepEqual(await lab.leftovers(), []);
	t.deepEqual(await hostState(), before);
});

test.serial('a line separator of Unicode in a script and in its output ends no message', async (t) => {
	const text = 'echo "one\u2028two"\n';
	const withSeparator = (node: LabNode) => ({ ...node, startupScripts: node.startupScripts.map((script) => ({ ...script, text })) });
	const lab = await startLab(t, {
		behaviour: 'separates',
		changed: (run) => ({ ...run, lab: { ...run.lab, nodes: run.lab.nodes.map(withSeparator) } }),
	});
	t.is((await lab.waitFor('done')).error, undefined);
	t.true(reported(lab.lines, 'one').includes('setup passed: one\u2028two'));
});

test.serial('a lab without machines has a network and a verdict', async (t) => {
	const lab = await startLab(t, { nodes: [] });
	t.is((await lab.waitFor('done')).error, undefined);
	t.true(reported(lab.lines).includes('network passed'));
	t.deepEqual(await lab.leftovers(), []);
});

test.serial('the network is inside, the host has nothing of it, and a detached lab ends when it is released', async (t) => {
	const before = await hostState();
	const lab = await startLab(t, { keep: 'always' });
	const { pid } = await lab.waitFor('supervisor');
	const kept = await lab.waitFor('detached');
	t.deepEqual(kept.commands.map(({ ssh }) => ssh), ['ssh -F /nonexistent/ssh_config one', 'ssh -F /nonexistent/ssh_config two']);
	t.deepEqual(await hostState(), before);

	const inside = async (...argv: [string, ...string[]]) =>
		(await run(['nsenter', '--target', String(pid), '--user', '--net', '--preserve-credentials', ...argv])).stdout;
	const interfaces = JSON.parse(await inside('ip', '-j', 'address')) as {
		ifname: string;
		master?: string;
		addr_info: { family: string; local: string; prefixlen: number }[];
	}[];
	t.deepEqual(interfaces.map(({ ifname, master }) => [ifname, master]), [
		['lo', undefined],
		['lab0', undefined],
		['tap0', 'lab0'],
		['tap1', 'lab0'],
	]);
	const addresses = interfaces.find(({ ifname }) => ifname === 'lab0')?.addr_info.filter(({ family }) => family === 'inet');
	t.deepEqual(addresses?.map(({ local, prefixlen }) => `${local}/${prefixlen}`), ['10.0.2.1/24', '10.80.0.1/24']);
	t.regex(await inside('ip', 'route'), /^unreachable default/m);

	t.is([...(await lab.processes()).values()].filter((command) => command.includes('fake-qemu')).length, 2);
	process.kill(lab.starter.pid, 'SIGUSR1');
	t.is((await lab.waitFor('done')).error, undefined);
	t.deepEqual(await lab.leftovers(), []);
	t.deepEqual(await hostState(), before);
});

test.serial('two labs with the same addresses run side by side', async (t) => {
	const labs = await Promise.all([startLab(t, { keep: 'always' }), startLab(t, { keep: 'always' })]);
	await Promise.all(labs.map((lab) => lab.waitFor('detached')));
	for (const lab of labs) process.kill(lab.starter.pid, 'SIGUSR1');
	for (const lab of labs) t.is((await lab.waitFor('done')).error, undefined);
});

test.serial('a machine under emulation goes without huge pages', async (t) => {
	const lab = await startLab(t, { nodes: ['one'], keep: 'always' });
	await lab.waitFor('detached');
	const status = await readFile(`/proc/${await find(lab, 'fake-qemu')}/status`, 'utf8');
	t.regex(status, /^THP_enabled:\s+0$/m);
	process.kill(lab.starter.pid, 'SIGUSR1');
	t.is((await lab.waitFor('done')).error, undefined);
});

const killed = test.macro(async (t, behaviour: 'works' | 'hangs', type: 'detached' | 'stage-started', stage?: string) => {
	const before = await hostState();
	const lab = await startLab(t, { behaviour, keep: 'always' });
	await lab.waitFor(type, stage);
	process.kill(lab.starter.pid, 'SIGKILL');
	await lab.starter.exited;
	t.deepEqual(await lab.leftovers(), []);
	t.deepEqual(await hostState(), before);
});
test.serial('the starter is killed while the network is made', killed, 'works', 'stage-started', 'network');
test.serial('the starter is killed while machines boot', killed, 'hangs', 'stage-started', 'boot');
test.serial('the starter is killed while the lab is kept', killed, 'works', 'detached');

const stopped = test.macro(async (t, signal: 'SIGTERM' | 'SIGUSR2') => {
	const lab = await startLab(t, { behaviour: 'hangs' });
	await lab.waitFor('stage-started', 'boot');
	process.kill(lab.starter.pid, signal);
	const { error } = await lab.waitFor('done');
	t.like(error, { code: 'interrupted', exitCode: 130, message: `interrupted by ${signal}` });
	t.deepEqual(await lab.leftovers(), []);
});
test.serial('a lab that is asked to stop tears down', stopped, 'SIGTERM');
test.serial('one that must end at once does', stopped, 'SIGUSR2');

test.serial('a supervisor that hangs is ended too, and the lab with it', async (t) => {
	const lab = await startLab(t, { behaviour: 'hangs' });
	await lab.waitFor('stage-started', 'boot');
	process.kill(await find(lab, 'supervisor.js'), 'SIGSTOP');
	process.kill(lab.starter.pid, 'SIGTERM');
	t.like((await lab.waitFor('done')).error, { code: 'interrupted' });
	t.deepEqual(await lab.leftovers(), []);
});

test.serial('a machine whose monitor hangs is ended all the same', async (t) => {
	const lab = await startLab(t, { nodes: ['one'], behaviour: 'deaf' });
	t.is((await lab.waitFor('done')).error, undefined);
	t.deepEqual(await lab.leftovers(), []);
});

test.serial('a kernel that panics breaks the run at once, by name, with the console', async (t) => {
	const lab = await startLab(t, { nodes: ['one'], behaviour: 'panics' });
	const { error } = await lab.waitFor('done');
	t.like(error, { code: 'machine-died', exitCode: 4, node: 'one', message: 'one: its kernel panicked: out of luck' });
	t.regex(error?.detail ?? '', /^fake machine\nKernel panic/);
	t.is(reported(lab.lines, 'one').at(-1), 'startup error');
	t.deepEqual(await lab.leftovers(), []);
});

test.serial('a machine that was reset is not reported as rebooted', async (t) => {
	const lab = await startLab(t, { nodes: ['one'], behaviour: 'resets' });
	const { error } = await lab.waitFor('done');
	t.like(error, { code: 'guest-reset', exitCode: 4, node: 'one' });
	t.regex(error?.message ?? '', /^one: it was reset without a message on its console.*triple fault/);
	t.deepEqual(await lab.leftovers(), []);
});

/** The lab answers for the end of its machine: nothing broke, and the scenario is judged without that node. */
const endsItself = test.macro(async (t, behaviour: 'reboots' | 'powers-off' | 'halts', how: 'rebooted' | 'powered-off', message: RegExp, reboots: number) => {
	const lab = await startLab(t, { nodes: ['one'], behaviour });
	t.is((await lab.waitFor('done')).error, undefined);
	const end = await lab.waitFor('machine-ended');
	t.like(end, { node: 'one', how });
	t.regex(end.message, message);
	t.is(lab.lines.filter((line) => line.type === 'notice' && /boots again/.test(line.message)).length, reboots);
	t.true(reported(lab.lines).includes('scenario started'));
	t.deepEqual(await lab.leftovers(), []);
});
test.serial('a machine that reboots again and again, up to three times', endsItself, 'reboots', 'rebooted', /^it was rebooted three times; by what is not known$/, 2);
test.serial('a machine that is powered off by a script', endsItself, 'powers-off', 'powered-off', /^it was powered off from within while its startup script setup ran/, 0);
test.serial('a machine that is halted', endsItself, 'halts', 'powered-off', /^it was powered off from within; by what is not known$/, 0);

test.serial('a machine that reboots once goes on with its next boot, and runs its scripts there', async (t) => {
	const lab = await startLab(t, { nodes: ['one'], behaviour: 'reboots-once' });
	t.is((await lab.waitFor('done')).error, undefined);
	t.true(lab.lines.some((line) => line.type === 'notice' && /^it was rebooted from within; by what is not known\. It boots again/.test(line.message)));
	t.deepEqual(reported(lab.lines, 'one').slice(-4), ['startup started', 'setup started', 'setup passed: done', 'startup passed']);
	t.deepEqual(await lab.leftovers(), []);
});

test.serial('a machine whose disk cannot be written breaks the run, and no script is accused', async (t) => {
	const lab = await startLab(t, { nodes: ['one'], behaviour: 'stuck' });
	const { error } = await lab.waitFor('done');
	t.like(error, { code: 'machine-disk', exitCode: 4, node: 'one' });
	t.regex(error?.message ?? '', /^one: what it wrote to its disk could not be written: is the disk of this host full\?$/);
	t.deepEqual(await lab.leftovers(), []);
});

const loses = test.macro(async (t, program: string, behaviour: 'works' | 'hangs', expected: object) => {
	const lab = await startLab(t, { nodes: ['one'], keep: 'always', behaviour });
	if (behaviour === 'works') await lab.waitFor('detached');
	else await lab.waitFor('stage-started', 'boot');
	const look = () => find(lab, program).catch(() => undefined);
	const { last: pid } = await poll(look, (found) => found !== undefined, { intervalMs: 20, deadlineMs: 20_000 });
	process.kill(pid ?? 0, 'SIGKILL');
	t.like((await lab.waitFor('done')).error, expected);
	t.deepEqual(await lab.leftovers(), []);
});
test.serial('a QEMU that is killed ends a run', loses, 'fake-qemu', 'hangs', {
	code: 'qemu-ended',
	exitCode: 4,
	node: 'one',
	message: 'one: QEMU was killed by SIGKILL',
});
test.serial('so is the DHCP server', loses, 'dnsmasq', 'works', { code: 'dhcp-ended', exitCode: 4, message: 'the DHCP server ended (SIGKILL)' });
test.serial('so is the supervisor itself', loses, 'supervisor.js', 'works', { code: 'supervisor', exitCode: 4 });

test.serial('a missing program inside is reported as outside: exit status 3 and its package', async (t) => {
	const lab = await startLab(t, { nodes: ['one'], withoutPrograms: ['qemu-system-x86_64'] });
	const { error } = await lab.waitFor('done');
	t.like(error, { code: 'program-missing', exitCode: 3, hint: 'sudo apt-get install qemu-system-x86' });
	t.deepEqual(await lab.leftovers(), []);
});

/** The supervisor's program with this as its input, outside of any namespace: it must not even begin. */
async function supervise(input: string): Promise<string> {
	const child = await startChild([process.execPath, programFile('supervisor')], { stdin: 'pipe', extraPipes: 1 });
	child.stdin?.end(input);
	const [pipe] = child.extra;
	const message = pipe ? await text(pipe) : '';
	await child.exited;
	return message;
}

test('a supervisor whose starter is gone before it sent anything ends', async (t) => {
	t.like(JSON.parse(await supervise('')), { type: 'supervisor-done', error: { message: 'no run was given' } });
});

test('a supervisor that is stopped before it has a run ends', async (t) => {
	t.like(JSON.parse(await supervise('stop\n')), { type: 'supervisor-done', error: { code: 'interrupted', exitCode: 130 } });
});

test('a supervisor that cannot read its run reports that and ends', async (t) => {
	const { type, error } = JSON.parse(await supervise('{"lab": \n')) as { type: string; error: { exitCode: number } };
	t.is(type, 'supervisor-done');
	t.is(error.exitCode, 4);
});

test('half a run, because the starter was killed as it wrote, is none', async (t) => {
	t.regex(await supervise('{"lab": {"name"'), /supervisor-done/);
});
