/** The outer machine: emulated, with AMD's SVM, so that KVM works in it on a host that has none. */
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CleanupStack } from '../../src/base/cleanup.js';
import { lastLines } from '../../src/base/format.js';
import { startChild } from '../../src/process/child.js';
import { run, type CommandResult } from '../../src/process/run.js';
import { hostKeyAlias, ordinaryUser, type BaseDisk } from './base-disk.js';

export interface OuterOptions {
	readonly base: BaseDisk;
	/** What the outer machine changes of the root disk; made anew at each boot. */
	readonly overlayFile: string;
	readonly workFile: string;
	/** What is added to `-cpu max`, such as `,avx2=off`: another host, as far as a guest can see. */
	readonly cpu: string;
	readonly consoleFile: string;
	readonly cleanup: CleanupStack;
}

/** Who runs a command in the outer machine. */
export type OuterUser = 'root' | typeof ordinaryUser;

/** An outer machine that lets people in. */
export interface OuterMachine {
	/** Runs a shell command in it; its exit status is a result. */
	shell(command: string, options: { readonly timeoutMs: number; readonly user?: OuterUser }): Promise<CommandResult>;
	/** Whether it has ended by itself: a fault of the double emulation resets it without a message on its console. */
	readonly hasEnded: boolean;
	/** Writes what is on its disks there, and ends it. */
	powerOff(): Promise<void>;
}

const memoryMiB = 10 * 1024;
const bootDeadlineMs = 8 * 60_000;

/** Everything that makes an emulated kernel wait for nothing. */
const kernelArguments = 'root=/dev/vda rw console=ttyS0 quiet tsc=reliable no_timer_check cryptomgr.notests mitigations=off';

const drive = (file: string, format: string): string => `file=${file.replaceAll(',', ',,')},format=${format},if=virtio,cache=unsafe`;

const outerArguments = (options: OuterOptions, port: number): string[] => [
	...['-machine', 'q35,hpet=off'],
	...['-accel', 'tcg,thread=multi,tb-size=1024'],
	...['-cpu', `max${options.cpu}`],
	...['-smp', '2', '-m', String(memoryMiB)],
	...['-kernel', options.base.kernelFile],
	...['-initrd', options.base.initrdFile],
	...['-append', kernelArguments],
	...['-drive', drive(options.overlayFile, 'qcow2')],
	...['-drive', drive(options.workFile, 'raw')],
	...['-nic', `user,restrict=on,hostfwd=tcp:127.0.0.1:${port}-:22`],
	...['-device', 'virtio-rng-pci'],
	...['-display', 'none', '-serial', 'stdio', '-no-reboot'],
];

async function freePort(): Promise<number> {
	const server = createServer();
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const address = server.address();
	await new Promise((resolve) => server.close(resolve));
	if (address === null || typeof address === 'string') throw new Error('no port is free');
	return address.port;
}

/** Boots the outer machine, which takes a minute or two; resolves when it lets root in and the work disk is mounted. */
export async function bootOuter(options: OuterOptions): Promise<OuterMachine> {
	const { base, cleanup, consoleFile } = options;
	await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', base.rootFile, options.overlayFile]);
	const port = await freePort();
	let stop = async () => {};
	cleanup.defer('outer machine', () => stop());
	const child = await startChild(['qemu-system-x86_64', ...outerArguments(options, port)], {
		signalWhenOrphaned: 'SIGKILL',
		onStdout: (chunk) => appendFileSync(consoleFile, chunk),
	});
	stop = () => child.stop({ graceMs: 1000 });
	const ssh = (user: OuterUser): [string, ...string[]] => [
		...(['ssh', '-F', 'none', '-p', String(port), '-i', base.keyFile] as const),
		...['-o', 'BatchMode=yes', '-o', 'IdentitiesOnly=yes', '-o', 'LogLevel=ERROR', '-o', 'ConnectTimeout=60'],
		...['-o', `HostKeyAlias=${hostKeyAlias}`, '-o', `UserKnownHostsFile=${base.knownHostsFile}`, '-o', 'StrictHostKeyChecking=yes'],
		...['-o', 'ServerAliveInterval=30', '-o', 'ServerAliveCountMax=10'],
		`${user}@127.0.0.1`,
	];
	const shell: OuterMachine['shell'] = (command, { timeoutMs, user = 'root' }) =>
		run([...ssh(user), command], { allowFailure: true, timeoutMs });
	const until = performance.now() + bootDeadlineMs;
	for (;;) {
		if (child.exit) throw new Error(`the outer machine ended: ${lastLines(child.exit.recentStderr, 5)}; ${consoleFile}`);
		const answer = await shell('mountpoint -q /bed && echo up', { timeoutMs: 90_000 }).catch(() => undefined);
		if (answer?.stdout === 'up') break;
		if (performance.now() > until) throw new Error(`the outer machine let nobody in: ${answer?.stderr ?? 'no answer'}; see ${path.resolve(consoleFile)}`);
		await sleep(2000);
	}
	return {
		shell,
		get hasEnded() {
			return child.exit !== undefined;
		},
		async powerOff() {
			await shell('systemctl poweroff', { timeoutMs: 60_000 }).catch(() => undefined);
			await Promise.race([child.exited, sleep(90_000, undefined, { ref: false })]);
		},
	};
}
