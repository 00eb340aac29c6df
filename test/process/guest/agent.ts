/** The guest's agent on this host: pipes are its port, a fake systemd its manager, and the kernel's calls are played. */
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Readable } from 'node:stream';
import type { ExecutionContext } from 'ava';
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
	return CORE::syscall($_[0], $_[1], $_[2], $_[3], $_[4]) if $_[0] == 285;
	print $calls join(' ', $_[0] == 227 ? ('settime', unpack 'q2', $_[2]) : $_[0] == 165 ? ('mount', @_[1, 2]) : ('umount', $_[1])), "\\n";
	return 0;
} }
1;
`;

export type Systemd = Awaited<ReturnType<typeof fakeSystemd>>;

export interface Setting {
	readonly clock?: () => number;
	/** How long each of the first answers to `clock` is under way, in milliseconds; the others are not. */
	readonly clockDelays?: readonly number[];
	/** What the kernel reads its clock from. */
	readonly clockSource?: string;
	/** Lines of `order.txt`. */
	readonly order?: string;
	readonly answer?: (call: Message, systemd: Systemd) => Answer | undefined;
	/** What `systemctl` does. */
	readonly systemctl?: string;
}

export const job = '/org/freedesktop/systemd1/job/7';

/** How a script's service has ended, as systemd reports it. */
export const ending = { Result: ['s', 'success'], ExecMainStatus: ['i', 0], ExecMainExitTimestamp: ['t', 1_764_000_000_123_456n] } as const;

export async function startAgent(t: ExecutionContext, setting: Setting = {}) {
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
export const ended = (result: string, systemd: Systemd): Answer => ({
	signature: 'o',
	body: [job],
	then: () => endJob(result, systemd),
});

/** Reports the end of a script's job, among other signals. */
export function endJob(result: string, systemd: Systemd): void {
	for (let count = 0; count < 300; count++) {
		systemd.signal('PropertiesChanged', 'sa{sv}as', ['org.freedesktop.systemd1.Unit', [['ActiveState', ['s', 'activating']]], []]);
	}
	systemd.signal('JobRemoved', 'uoss', [6, '/org/freedesktop/systemd1/job/6', 'other.service', 'failed']);
	systemd.signal('JobRemoved', 'uoss', [7, job, 'startup-setup.service', result]);
}
