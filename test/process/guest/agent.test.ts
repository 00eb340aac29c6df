/** The guest's agent on this host: pipes are its port, a fake systemd its manager, and the kernel's calls are played. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { onLines } from '../../../src/base/lines.js';
import { packageRoot } from '../../../src/base/package-root.js';
import { poll } from '../../../src/base/waiting.js';
import { parseAgentMessage } from '../../../src/machine/agent-message.js';
import { fakeSystemd, type Answer, type Message } from './fake-systemd.js';

/** In place of what changes the machine: clock_settime, mount and umount2 are reported on descriptor 3, and succeed. */
const kernel = `
package Kernel;
open my $calls, '>&=', 3; $calls->autoflush;
BEGIN { *CORE::GLOBAL::syscall = sub {
	return CORE::syscall($_[0], $_[1], $_[2]) if $_[0] == 228 or $_[0] == 137;
	print $calls join(' ', $_[0] == 227 ? ('settime', unpack 'q2', $_[2]) : $_[0] == 165 ? ('mount', @_[1, 2]) : ('umount', $_[1])), "\\n";
	return 0;
} }
1;
`;

interface Setting {
	readonly clock?: () => number;
	/** How long each of the first answers to `clock` is under way, in milliseconds; the others are not. */
	readonly clockDelays?: readonly number[];
	/** What the kernel reads its clock from. */
	readonly clockSource?: string;
	/** Lines of `order.txt`. */
	readonly order?: string;
	readonly answer?: (call: Message, systemd: Awaited<ReturnType<typeof fakeSystemd>>) => Answer | undefined;
	/** What `systemctl` does. */
	readonly systemctl?: string;
}

const job = '/org/freedesktop/systemd1/job/7';

/** How a script's service has ended, as systemd reports it. */
const ending = { Result: ['s', 'success'], ExecMainStatus: ['i', 0], ExecMainExitTimestamp: ['t', 1_764_000_000_123_456n] } as const;

async function startAgent(t: ExecutionContext, setting: Setting = {}) {
	const { clock = Date.now, clockDelays = [], clockSource = 'kvm-clock', order = '', answer, systemctl = 'exit 1' } = setting;
	const directory = mkdtempSync(path.join(os.tmpdir(), 'agent-'));
	t.teardown(() => rmSync(directory, { recursive: true, force: true }));
	const place = (...names: string[]) => path.join(directory, ...names);
	mkdirSync(place('state', 'seed', 'startup'), { recursive: true });
	writeFileSync(place('state', 'seed', 'startup', 'order.txt'), order);
	writeFileSync(place('Kernel.pm'), kernel);
	writeFileSync(place('clocksource'), `${clockSource}\n`);
	mkdirSync(place('bin'));
	writeFileSync(place('bin', 'systemctl'), `#!/bin/sh\n${systemctl}\n`);
	chmodSync(place('bin', 'systemctl'), 0o755);
	const calls: Message[] = [];
	const systemd = await fakeSystemd(place('private'), (call) => {
		calls.push(call);
		const own = answer?.(call, systemd);
		if (own) return own;
		if (call.member === 'StartTransientUnit' || call.member === 'StopUnit') return ended('done', systemd);
		const [, name = ''] = call.body.map(String);
		const known = { ...ending, NFailedUnits: ['u', 0], ActiveState: ['s', 'active'] } as const;
		return { signature: 'v', body: [known[name as keyof typeof known] ?? ['s', '']] };
	});
	t.teardown(() => systemd.close());
	const program = path.join(packageRoot(), 'cloud-init', 'guest', 'agent');
	const places = ['state', 'private', 'clocksource'].map((name) => place(name));
	const child = spawn('perl', ['-I', directory, '-MIO::Handle', '-MKernel', program, '-', ...places], {
		stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
		env: { ...process.env, PATH: `${place('bin')}:${process.env['PATH']}` },
	});
	t.teardown(() => child.kill('SIGKILL'));
	const received: string[] = [];
	const done: string[] = [];
	const { stdin } = child;
	const delays = clockDelays.values();
	onLines(child.stdout as Readable, {
		onLine(line) {
			if (line !== 'clock') return void received.push(line);
			const answer = `clock ${clock()}\n`;
			setTimeout(() => stdin?.write(answer), delays.next().value ?? 0);
		},
	});
	onLines(child.stdio[3] as Readable, { onLine: (line) => done.push(line) });
	let complaints = '';
	child.stderr?.on('data', (chunk) => (complaints += chunk));
	const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
	return {
		received,
		done,
		calls,
		output: (name: string) => place('state', name),
		clockSource: () => readFileSync(place('clocksource'), 'utf8').trim(),
		complaints: () => complaints,
		message: (kind: string) => parseAgentMessage(received.find((line) => line.startsWith(`${kind} `)) ?? ''),
		send: (text: string) => stdin?.write(text),
		signal: (name: NodeJS.Signals) => child.kill(name),
		/** Hangs up once the agent has sent so many messages. */
		async end(count: number) {
			await poll(async () => received.length >= count || child.exitCode !== null, Boolean, { intervalMs: 10, deadlineMs: 20_000 });
			stdin?.end();
			await closed;
		},
	};
}

/** The answer to a service that is started, and the signal of its job's end, among others. */
const ended = (result: string, systemd: Awaited<ReturnType<typeof fakeSystemd>>): Answer => ({
	signature: 'o',
	body: [job],
	then: () => {
		for (let count = 0; count < 300; count++) {
			systemd.signal('PropertiesChanged', 'sa{sv}as', ['org.freedesktop.systemd1.Unit', [['ActiveState', ['s', 'activating']]], []]);
		}
		systemd.signal('JobRemoved', 'uoss', [6, '/org/freedesktop/systemd1/job/6', 'other.service', 'failed']);
		systemd.signal('JobRemoved', 'uoss', [7, job, 'startup-setup.service', result]);
	},
});

test('requests that come in one go are all read, in their order, though it asks for the time between them', async (t) => {
	const agent = await startAgent(t);
	agent.send('sync\nwake\nstart\n');
	await agent.end(3);
	t.deepEqual(agent.received.map((line) => line.split(' ')[0]), ['provisioned', 'awake', 'started']);
	const awake = agent.message('awake');
	t.true(awake?.kind === 'awake' && Math.abs(awake.clockOffsetMs) < 10_000 && awake.clockDelayMs < 20_000 && awake.failedUnits === '');
	t.deepEqual(agent.done.map((line) => line.split(' ')[0]), ['mount', 'umount'], 'a clock that is right is left alone');
});

test('a clock that is a week behind is set', async (t) => {
	const week = 7 * 86_400_000;
	const agent = await startAgent(t, { clock: () => Date.now() + week });
	agent.send('sync\nstart\n');
	await agent.end(2);
	const [, seconds = '', nanoseconds = ''] = /^settime (\d+) (\d+)$/.exec(agent.done[0] ?? '') ?? [];
	t.true(Math.abs(Number(seconds) * 1000 + Number(nanoseconds) / 1e6 - Date.now() - week) < 20_000, agent.done[0]);
});

test('on a busy host the quickest answer counts, and the clock is not set by one that is old', async (t) => {
	const agent = await startAgent(t, { clockDelays: [1500, 300, 0, 1500] });
	agent.send('wake\nstart\n');
	await agent.end(3);
	const awake = agent.message('awake');
	t.true(awake?.kind === 'awake' && Math.abs(awake.clockOffsetMs) < 1000 && awake.clockDelayMs < 1500, agent.received.join('\n'));
	t.deepEqual(agent.done.map((line) => line.split(' ')[0]), ['mount', 'umount']);
});

/** The host's clock as a guest sees it whose own has run at a rate for a minute, and is right otherwise. */
const hostBehind = (rate: number) => {
	const began = Date.now();
	return () => Math.round(began - 60_000 * (1 - 1 / rate) + (Date.now() - began) / rate);
};

test('a clock that runs too fast is read from another source, and is right then', async (t) => {
	const agent = await startAgent(t, { clock: hostBehind(2.6), clockSource: 'tsc' });
	await agent.end(1);
	t.is(agent.clockSource(), 'acpi_pm');
	t.regex(agent.complaints(), /^rehearse: the clock ran 2\.[4-8]\d times as fast as it should/);
});

test('a clock that is merely another is not read from another source, nor is one that KVM gives', async (t) => {
	const other = await startAgent(t, { clock: () => Date.now() - 86_400_000, clockSource: 'tsc' });
	const fast = await startAgent(t, { clock: hostBehind(2.6), clockSource: 'kvm-clock' });
	await Promise.all([other.end(1), fast.end(1)]);
	t.deepEqual([other, fast].map((agent) => [agent.clockSource(), agent.complaints()]), [['tsc', ''], ['kvm-clock', '']]);
});

test('a startup script runs as a service of its own, and its end is reported', async (t) => {
	const agent = await startAgent(t, { order: 'setup 60 trace network-online.target\n' });
	writeFileSync(agent.output('setup.output'), 'begun\nünd done\n');
	agent.send('start\n');
	await agent.end(4);
	const call = agent.calls.find(({ member }) => member === 'StartTransientUnit');
	const run = path.join(packageRoot(), 'cloud-init', 'guest', 'run-script');
	t.deepEqual(call?.body.slice(0, 2), ['startup-setup.service', 'fail']);
	t.deepEqual(Object.fromEntries(call?.body[2] as [string, unknown][]), {
		Description: 'startup script setup',
		Type: 'oneshot',
		RemainAfterExit: true,
		Wants: ['network-online.target'],
		After: ['network-online.target'],
		Before: ['multi-user.target', 'graphical.target'],
		TimeoutStartUSec: 60_000_000n,
		TimeoutStopUSec: 5_000_000n,
		StandardOutputFileToAppend: agent.output('setup.output'),
		StandardErrorFileToAppend: agent.output('setup.output'),
		ExecStart: [[run, [run, agent.output('seed/startup/setup'), 'trace'], false]],
	});
	t.deepEqual(agent.received.slice(1).map((line) => line.split(' ')[0]), ['script-started', 'script-finished', 'started']);
	t.like(agent.message('script-finished'), { status: 'passed', exitCode: 0, endedAt: 1_764_000_000_123.456, stream: 'begun\nünd done\n' });
});

test('one that fails is reported with its status and the end of what it has written', async (t) => {
	const agent = await startAgent(t, {
		order: 'setup 60 plain\n',
		answer: ({ member, body }, systemd) => {
			if (member === 'StartTransientUnit') return ended('failed', systemd);
			if (body[1] === 'Result') return { signature: 'v', body: [['s', 'exit-code']] };
			return body[1] === 'ExecMainStatus' ? { signature: 'v', body: [['i', 7]] } : undefined;
		},
	});
	writeFileSync(agent.output('setup.output'), `${'x'.repeat(200_000)}end`);
	agent.send('start\n');
	await agent.end(4);
	t.like(agent.message('script-finished'), { status: 'failed', exitCode: 7, stream: `${'x'.repeat(131_069)}end` });
});

test('one that takes the machine down is reported as that, no other is run, and a signal is no end before', async (t) => {
	const answer: Setting['answer'] = ({ member, body }, systemd) => {
		if (member !== 'StartTransientUnit') return body[1] === 'SystemState' ? { signature: 'v', body: [['s', 'stopping']] } : undefined;
		return agent.signal('SIGTERM'), ended('canceled', systemd);
	};
	const agent = await startAgent(t, { order: 'down 60 plain\nnext 60 plain\n', answer });
	agent.send('start\n');
	await agent.end(3);
	t.deepEqual(agent.received.slice(1).map((line) => line.split(' ').slice(0, 2).join(' ')), ['script-started script=down', 'script-finished script=down']);
	t.like(agent.message('script-finished'), { status: 'failed', isStopping: true });
});

test('of a trace, the name of the script itself is not sent', async (t) => {
	const agent = await startAgent(t, { order: 'setup 60 trace\n' });
	const record = (file: string): string => `\x1e+ 1.5 7 7 1 0 0 | 12 ${file} > true\n`;
	writeFileSync(agent.output('setup.output'), record(agent.output('seed/startup/setup')).repeat(3000) + record('/etc/lib.sh'));
	agent.send('start\n');
	await agent.end(4);
	const { stream = '' } = agent.message('script-finished') as { stream?: string };
	t.is(stream.length, 131_072 > record('').length * 3000 ? record('').length * 3000 + record('/etc/lib.sh').length : 131_072);
	t.true(stream.endsWith(record('') + record('/etc/lib.sh')));
});

test('one that systemd refuses to run has failed, with its message', async (t) => {
	const refuse = ({ member }: Message) => (member === 'StartTransientUnit' ? { error: 'Unit startup-setup.service is odd.' } : undefined);
	const agent = await startAgent(t, { order: 'setup 60 plain\n', answer: refuse });
	agent.send('start\n');
	await agent.end(4);
	t.like(agent.message('script-finished'), { status: 'failed', stream: 'Unit startup-setup.service is odd.\n' });
});

test('one whose service was never begun has failed too', async (t) => {
	const agent = await startAgent(t, {
		order: 'setup 60 plain nosuch.target\n',
		answer: ({ member }, systemd) => (member === 'StartTransientUnit' ? ended('dependency', systemd) : undefined),
	});
	agent.send('start\n');
	await agent.end(4);
	t.like(agent.message('script-finished'), { status: 'failed' });
	t.regex(readFileSync(agent.output('setup.output'), 'utf8'), /ended as dependency/);
});

test('a script that has systemd execute itself anew is waited for', async (t) => {
	let asked = 0;
	const agent = await startAgent(t, {
		order: 'setup 60 plain\n',
		answer: ({ member }, systemd) =>
			member === 'StartTransientUnit' ? { signature: 'o', body: [job], then: () => systemd.close() } : undefined,
	});
	agent.send('start\n');
	await poll(async () => agent.calls.some(({ member }) => member === 'StartTransientUnit'), Boolean, { intervalMs: 10, deadlineMs: 20_000 });
	const again = await fakeSystemd(agent.output('../private'), ({ body }) => {
		const known = { ...ending, NFailedUnits: ['u', 0], ActiveState: ['s', ++asked < 2 ? 'activating' : 'active'] } as const;
		return { signature: 'v', body: [known[String(body[1]) as keyof typeof known] ?? ['s', '']] };
	});
	t.teardown(() => again.close());
	await agent.end(4);
	t.true(asked >= 2);
	t.like(agent.message('script-finished'), { status: 'passed' });
});

test('only the one that is meant runs another time, and is debugged', async (t) => {
	const agent = await startAgent(t, { order: 'one 60 plain\ntwo 60 trace\n' });
	agent.send('again two\ndebug two\n');
	await agent.end(7);
	const started = agent.calls.filter(({ member }) => member === 'StartTransientUnit');
	t.deepEqual(
		started.map(({ body }) => {
			const properties = Object.fromEntries(body[2] as [string, unknown][]);
			const [[, argv]] = properties['ExecStart'] as [[string, string[], boolean]];
			return [body[0], argv[2], properties['TimeoutStartUSec']];
		}),
		[
			['startup-two-again.service', 'trace', 60_000_000n],
			['startup-one.service', 'plain', 60_000_000n],
			['startup-two.service', 'debug', 2n ** 64n - 1n],
		],
	);
	t.is(agent.message('script-repeated')?.kind, 'script-repeated');
});

test('units that have failed are reported, but for startup scripts', async (t) => {
	const agent = await startAgent(t, {
		answer: ({ body }) => (body[1] === 'NFailedUnits' ? { signature: 'v', body: [['u', 2]] } : undefined),
		systemctl: `case $1 in
			list-units) echo 'startup-x.service loaded failed'; echo 'bad.service loaded failed failed Bad' ;;
			status) shift 5; echo "status of $*" ;;
		esac`,
	});
	await agent.end(1);
	t.like(agent.message('provisioned'), { failedUnits: 'status of bad.service\n' });
});
