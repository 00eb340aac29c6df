/** A lab of fake machines that is kept running, asked over its control socket. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import test from 'ava';
import { Failure } from '../../../src/base/errors.js';
import { poll, systemClock } from '../../../src/base/waiting.js';
import { ask, askForStream } from '../../../src/control/client.js';
import { run } from '../../../src/process/run.js';
import type { LabRequest, LabStatus } from '../../../src/protocol/requests.js';
import { startLab, type StartedLab } from './labs.js';

const askLab = (lab: StartedLab, request: LabRequest) => ask(lab.controlSocket, request, { deadlineMs: 20_000 });
const statusOf = async (lab: StartedLab) => (await askLab(lab, { op: 'status' })) as LabStatus;
const stagesOf = async (lab: StartedLab) => (await statusOf(lab)).nodes.map(({ stage }) => stage);

/** Reads until the text matches. */
async function reads(stream: Duplex, pattern: RegExp): Promise<string> {
	let text = '';
	for (;;) {
		if (pattern.test(text)) return text;
		const [chunk] = (await once(stream, 'data', { signal: AbortSignal.timeout(20_000) })) as [Buffer];
		text += chunk.toString();
	}
}

test.serial('a lab that is kept running reports how it is, and ends when it is asked to', async (t) => {
	const lab = await startLab(t, { keep: 'always' });
	await lab.waitFor('detached');
	const status = await statusOf(lab);
	t.like(status, { lab: 'sample', isReady: true, ports: [], tests: [] });
	t.deepEqual(
		status.nodes.map(({ name, stage, paused, startup, alias, uplinkAddress, link }) => [name, stage, paused, startup, alias, uplinkAddress, link]),
		[
			['one', 'started', false, 'passed', '10.80.0.10/24', '10.0.2.11', { state: 'up' }],
			['two', 'started', false, 'passed', '10.80.0.11/24', '10.0.2.12', { state: 'up' }],
		],
	);
	t.true(status.nodes.every(({ residentMiB, uptimeMs }) => (residentMiB ?? 0) > 1 && (uptimeMs ?? 0) > 0));
	await askLab(lab, { op: 'down' });
	t.is((await lab.waitFor('done')).error, undefined);
	t.deepEqual(await lab.leftovers(), []);
});

test.serial('a lab that is coming up reports that, refuses what it cannot do yet, and is broken off by `down`', async (t) => {
	const lab = await startLab(t, { nodes: ['one'], behaviour: 'hangs', keep: 'always' });
	await lab.waitFor('stage-started', 'boot');
	t.false((await statusOf(lab)).isReady);
	await t.throwsAsync(askLab(lab, { op: 'reset' }), { code: 'usage', message: 'the lab is still coming up' });
	await askLab(lab, { op: 'down' });
	t.like((await lab.waitFor('done')).error, { code: 'interrupted', exitCode: 130, message: 'interrupted by `rehearse down`' });
	t.deepEqual(await lab.leftovers(), []);
});

test.serial('a command runs in a node, and what it wrote comes without the password, without controls, and no longer than asked for', async (t) => {
	const lab = await startLab(t, { keep: 'always' });
	await lab.waitFor('detached');
	// The fake's commands print their own text.
	const exec = (command: string, maximumBytes: number) => askLab(lab, { op: 'exec', node: 'one', command, timeoutMs: 10_000, maximumBytes });
	t.like(await exec('echo correct horse \x1b[31mred', 1000), { stdout: 'echo __password-of-ops__ red', stdoutBytes: 27, stderr: '', stderrBytes: 0, exitCode: 0, timedOut: false });
	t.like(await exec('echo one\necho two', 10), { stdout: 'echo two', stdoutBytes: 17 });
	await t.throwsAsync(askLab(lab, { op: 'exec', node: 'three', command: 'true', timeoutMs: 10, maximumBytes: 10 }), { code: 'usage', message: "the lab has no node 'three'" });
	await askLab(lab, { op: 'pause', node: 'one' });
	await t.throwsAsync(exec('true', 10), { code: 'usage', message: 'one is paused' });
	await askLab(lab, { op: 'down' });
	t.is((await lab.waitFor('done')).error, undefined);
});

test.serial('what a lab does not have or know is refused by name', async (t) => {
	const lab = await startLab(t, { keep: 'always' });
	await lab.waitFor('detached');
	await t.throwsAsync(askLab(lab, { op: 'pause', node: 'three' }), { code: 'usage', message: "the lab has no node 'three'" });
	await t.throwsAsync(askLab(lab, { op: 'test', tests: ['None'], deadlineMs: 0 }), { message: "the scenario has no test 'None'" });
	await t.throwsAsync(askLab(lab, { op: 'authorize', node: 'one', user: 'nobody', publicKey: 'k' }), { message: "one has no user 'nobody'" });
	await t.throwsAsync(askLab(lab, { op: 'authorize', node: 'one', user: 'x; reboot', publicKey: 'k' }), { code: 'usage' });
	await t.throwsAsync(ask(lab.controlSocket, { op: 'dance' }), { message: "the lab knows no 'dance'" });
	await t.throwsAsync(askLab(lab, { op: 'reset' }), { message: /cold has no checkpoint/ });
	await t.throwsAsync(askLab(lab, { op: 'dial', node: 'one', port: 1 }), { code: 'dial', message: /^one:1 does not answer/ });
	await askLab(lab, { op: 'authorize', node: 'one', user: 'ops', publicKey: 'ssh-ed25519 AAAA' });
	t.deepEqual(await stagesOf(lab), ['started', 'started']);
});

test.serial('a shell begins and is resized over the line that needs no network', async (t) => {
	const lab = await startLab(t, { nodes: ['one'], keep: 'always' });
	await lab.waitFor('detached');
	const size = { rows: 24, columns: 80 };
	const shell = await askForStream(lab.controlSocket, { op: 'shell', node: 'one', size, terminal: 'xterm' });
	await reads(shell, /a shell of shell 1 24 80 xterm\n/);
	shell.write('echo me\n');
	await reads(shell, /echo me\n/);
	await askLab(lab, { op: 'resize', node: 'one', size: { rows: 30, columns: 100 } });
	await reads(shell, /size 30 100\n/);
	shell.destroy();
	t.deepEqual(await stagesOf(lab), ['started']);
});

test.serial('links, pauses and a machine that is killed', async (t) => {
	const lab = await startLab(t, { keep: 'always' });
	const { pid } = await lab.waitFor('supervisor');
	await lab.waitFor('detached');
	const tap = async () => {
		const inside = ['nsenter', '--target', String(pid), '--user', '--net', '--preserve-credentials'] as const;
		return (await run([...inside, 'ip', '-o', 'link', 'show', 'tap1'])).stdout;
	};
	t.regex(await tap(), /<[^>]*\bUP\b/);
	await askLab(lab, { op: 'link', node: 'two', link: { state: 'down' } });
	t.notRegex(await tap(), /<[^>]*\bUP\b/);
	await askLab(lab, { op: 'link', node: 'two', link: { state: 'up' } });
	t.regex(await tap(), /<[^>]*\bUP\b/);

	await askLab(lab, { op: 'pause', node: 'one' });
	t.deepEqual((await statusOf(lab)).nodes.map(({ paused }) => paused), [true, false]);
	await askLab(lab, { op: 'resume', node: 'one' });
	t.deepEqual((await statusOf(lab)).nodes.map(({ paused }) => paused), [false, false]);

	await askLab(lab, { op: 'kill', node: 'two' });
	t.deepEqual(await stagesOf(lab), ['started', 'ended']);
	await t.throwsAsync(askLab(lab, { op: 'pause', node: 'two' }), { message: 'two does not run (ended)' });
	await askLab(lab, { op: 'restart', node: 'two' });
	t.deepEqual(await stagesOf(lab), ['started', 'started'], 'a dead one starts again');
	await askLab(lab, { op: 'pause', node: 'two' });
	await askLab(lab, { op: 'restart', node: 'two' });
	t.deepEqual((await statusOf(lab)).nodes.map(({ stage, paused }) => [stage, paused]), [['started', false], ['started', false]]);
	await askLab(lab, { op: 'pause', node: 'two' });
	// Nobody is let into what does not answer, and nobody waits for it.
	const paused = { code: 'usage', message: 'two is paused' } as const;
	await t.throwsAsync(askLab(lab, { op: 'authorize', node: 'two', user: 'root', publicKey: 'ssh-ed25519 AAAA' }), paused);
	await t.throwsAsync(askForStream(lab.controlSocket, { op: 'shell', node: 'two', size: { rows: 2, columns: 2 }, terminal: 'vt100' }), paused);
	await askLab(lab, { op: 'kill', node: 'two' });
	t.deepEqual((await statusOf(lab)).nodes.map(({ stage, paused: is }) => [stage, is]), [['started', false], ['ended', false]], 'nothing that ended is paused');
	await askLab(lab, { op: 'restart', node: 'two' });
	t.deepEqual(await stagesOf(lab), ['started', 'started']);
	await askLab(lab, { op: 'kill', node: 'two' });

	// One that ends by itself is reported, and the lab goes on.
	const [victim] = [...(await lab.processes())].find(([, command]) => command.includes('fake-qemu')) ?? [];
	process.kill(victim ?? 0, 'SIGKILL');
	const { last } = await poll(() => stagesOf(lab), ([stage]) => stage === 'ended', { intervalMs: 20, deadlineMs: 20_000 });
	t.deepEqual(last, ['ended', 'ended']);
	t.like(await lab.waitFor('notice'), { node: 'one', message: 'one: QEMU was killed by SIGKILL' });
	await askLab(lab, { op: 'down' });
	t.is((await lab.waitFor('done')).error, undefined);
});

test.serial('a lab that has ended answers no more', async (t) => {
	const lab = await startLab(t, { nodes: [], keep: 'always' });
	await lab.waitFor('detached');
	await askLab(lab, { op: 'down' });
	await lab.waitFor('done');
	await t.throwsAsync(askLab(lab, { op: 'status' }), { code: 'control-gone' });
});

/** Every command of a lab that takes a moment, so that its supervisor can be killed in the middle of it. */
const commands: readonly LabRequest[] = [
	{ op: 'status' },
	{ op: 'dial', node: 'one', port: 22 },
	{ op: 'shell', node: 'one', size: { rows: 24, columns: 80 }, terminal: 'xterm' },
	{ op: 'authorize', node: 'one', publicKey: 'ssh-ed25519 AAAA' },
	{ op: 'test', tests: [], deadlineMs: 10_000 },
	{ op: 'link', node: 'one', link: { state: 'down' } },
	{ op: 'pause', node: 'one' },
	{ op: 'kill', node: 'one' },
	{ op: 'debug', node: 'one' },
	{ op: 'restart', node: 'one' },
	{ op: 'reset' },
	{ op: 'plan' },
	{ op: 'down' },
];

for (const request of commands) {
	test.serial(`a supervisor that is killed at \`${request.op}\` takes its lab with it, and whoever asked gets an error`, async (t) => {
		const lab = await startLab(t, { keep: 'always' });
		await lab.waitFor('detached');
		const asked = ask(lab.controlSocket, request, { deadlineMs: 20_000 }).then(
			() => 'answered',
			(error: unknown) => (error instanceof Failure ? error.code : String(error)),
		);
		await systemClock.sleep(20);
		process.kill((await lab.waitFor('supervisor')).pid, 'SIGKILL');
		// It may have been quicker, or have refused: a lab of fakes has no checkpoint to go back to.
		t.regex(await asked, /^(?:answered|control-gone|usage|dial)$/);
		await lab.waitFor('done');
		t.deepEqual(await lab.leftovers(), []);
	});
}
