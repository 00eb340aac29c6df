/** Labs of fake machines, run by a real supervisor in real namespaces. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { DeclaredPassword } from '../../../src/base/secrets.js';
import { pasteable } from '../../../src/base/shell.js';
import { poll } from '../../../src/base/waiting.js';
import { thisHost } from '../../../src/host/host.js';
import type { ReportedError, RobustnessCheck, RunEventBody } from '../../../src/lab/events.js';
import { memoryDirectory } from '../../../src/machine/memory.js';
import { startChild, type Child } from '../../../src/process/child.js';
import { run } from '../../../src/process/run.js';
import { controlSocketIn } from '../../../src/protocol/requests.js';
import { scaledDeadlines, type Keep, type LateMachines, type RunSpec } from '../../../src/protocol/run-spec.js';
import { labNode, labOf } from '../../unit/base/labs.js';

export type Line = RunEventBody | { type: 'supervisor'; pid: number } | { type: 'passwords'; passwords: readonly DeclaredPassword[] } | { type: 'done'; error?: ReportedError };

export interface LabOptions {
	readonly nodes?: readonly string[];
	readonly behaviour?: 'works' | 'fails' | 'hangs' | 'panics' | 'stuck' | 'deaf' | 'separates' | 'healthy' | 'healthy-but-one' | 'rekeyed' | 'sleeps' | 'loads' | 'reboots' | 'reboots-once' | 'powers-off' | 'halts' | 'resets' | `endless-${string}`;
	readonly keep?: Keep;
	readonly robustness?: readonly RobustnessCheck[];
	readonly snapshots?: boolean;
	/** What is otherwise than usual in the supervisor's input. */
	readonly changed?: (run: RunSpec) => RunSpec | Promise<RunSpec>;
	readonly env?: Readonly<Record<string, string>>;
	/** Programs that the host has not got. */
	readonly withoutPrograms?: readonly ('qemu-system-x86_64' | 'perl')[];
}

/** A lab that runs, and the process that started it. */
export interface StartedLab {
	readonly starter: Child;
	readonly lines: readonly Line[];
	/** Where the journals go. */
	readonly journals: string;
	/** Waits for a line of that type, and of that stage where one is given. */
	waitFor<T extends Line['type']>(type: T, stage?: string): Promise<Extract<Line, { type: T }>>;
	/** Hands over machines that were pending. */
	complete(late: LateMachines): void;
	/** Where its state snapshots are. */
	readonly runDirectory: string;
	/** Its control socket. */
	readonly controlSocket: string;
	/** Host process ids of what the lab still runs, with their command lines. */
	processes(): Promise<ReadonlyMap<number, string>>;
	/** Waits until no process and no directory of the lab is left; resolves to what is left in the end. */
	leftovers(): Promise<string[]>;
}

/** How long a wait may take on a slow and busy host, in milliseconds. */
const patienceMs = 60_000;

/** What must be gone in this time, in milliseconds: two seconds, and what a busy host takes for them. */
const leftoverMs = 8000;

export async function startLab(t: { teardown(end: () => unknown): void }, options: LabOptions = {}): Promise<StartedLab> {
	// Short: the paths of sockets are limited.
	const directory = await mkdtemp(path.join(os.tmpdir(), 'lab-'));
	const [disks, sockets] = [path.join(directory, 'disks'), path.join(directory, 'sockets')];
	for (const name of [disks, sockets]) await mkdir(name);
	const { changed = (run) => run } = options;
	await writeFile(path.join(directory, 'run.json'), JSON.stringify(await changed(describe(directory, disks, sockets, options))));
	const mark = randomUUID();
	const lines: Line[] = [];
	let unread = '';
	const starter = await startChild(
		[process.execPath, path.join(import.meta.dirname, 'starter.js'), path.join(directory, 'run.json')],
		{
			stdin: 'pipe',
			env: {
				PATH: await programPath(directory, options),
				REHEARSE_TEST_QEMU: options.behaviour ?? 'works',
				REHEARSE_TEST_MARK: mark,
				...options.env,
			},
			onStdout: (chunk) => {
				const parts = (unread + chunk.toString()).split('\n');
				unread = parts.pop() ?? '';
				lines.push(...parts.map((part) => JSON.parse(part) as Line));
			},
		},
	);
	t.teardown(async () => {
		await starter.stop({ graceMs: 2000 });
		await rm(directory, { recursive: true, force: true });
	});
	const processes = () => processesMarked(`REHEARSE_TEST_MARK=${mark}`);
	return {
		starter,
		lines,
		journals: path.join(directory, 'journals'),
		runDirectory: directory,
		controlSocket: controlSocketIn(sockets),
		complete: (late) => void starter.stdin?.write(`${JSON.stringify(late)}\n`),
		processes,
		async waitFor<T extends Line['type']>(type: T, stage?: string) {
			const find = async () =>
				lines.find((line) => line.type === type && (stage === undefined || ('stage' in line && line.stage === stage)));
			const isDecided = (line: Line | undefined) => line !== undefined || starter.exit !== undefined;
			const { last } = await poll(find, isDecided, { intervalMs: 10, deadlineMs: patienceMs });
			const line = last ?? (await find());
			if (line) return line as Extract<Line, { type: T }>;
			throw new Error(`no ${type} among ${JSON.stringify(lines)}; ${starter.exit?.recentStderr ?? 'the starter runs'}`);
		},
		async leftovers() {
			const look = async () => [
				...[...(await processes())].map(([pid, command]) => `process ${pid}: ${command}`),
				...[disks, sockets].filter((name) => existsSync(name)),
			];
			return (await poll(look, (left) => left.length === 0, { intervalMs: 20, deadlineMs: leftoverMs })).last;
		},
	};
}

function describe(directory: string, disks: string, sockets: string, options: LabOptions): RunSpec {
	const nodes = (options.nodes ?? ['one', 'two']).map((name, index) =>
		labNode(name, index, { startupScripts: [{ name: 'setup', text: 'true\n', after: 'network-online.target' }] }),
	);
	return {
		lab: labOf(...nodes),
		machines: nodes.map((node, index) => ({
			spec: {
				name: node.name,
				memoryMiB: node.memoryMiB,
				mac: node.mac,
				tap: `tap${index}`,
				kernelFile: '/nonexistent/vmlinuz',
				initrdFile: '/nonexistent/initrd',
				overlayFile: path.join(disks, `${node.name}.qcow2`),
				layers: [],
				rootFile: '/nonexistent/root.img',
				seedFile: '/nonexistent/seed.iso',
				memory: { file: path.join(memoryDirectory(sockets), `${index}`), isShared: true },
				qmpSocket: path.join(sockets, `${index}.qmp`),
				agentSocket: path.join(sockets, `${index}.agent`),
				controlChannelSocket: path.join(sockets, `${index}.control`),
				commandSocket: path.join(sockets, `${index}.commands`),
				debugSocket: path.join(sockets, `${index}.debug`),
				shellSocket: path.join(sockets, `${index}.shell`),
			},
			diskMiB: 64,
			consoleFile: path.join(directory, `${node.name}.log`),
			address: node.uplinkAddress,
			username: 'ops',
			password: 'correct horse',
			hostKey: 'ssh-ed25519 AAAA',
			origin: { from: 'power-on' as const },
		})),
		scenario: true,
		trace: true,
		checkpoints: path.join(directory, 'checkpoints'),
		accelerator: { name: 'tcg', accel: 'tcg', cpu: 'max' },
		host: { qemuVersion: 'QEMU emulator version 10.0.2', processor: 'A', processorInputs: {} },
		deadlines: scaledDeadlines(1),
		slowdown: 1,
		keep: options.keep ?? 'never',
		robustness: options.robustness ?? [],
		snapshots: options.snapshots ?? false,
		run: 'a-run',
		runDirectory: directory,
		access: { sshConfigFile: '/nonexistent/ssh_config', end: 'kill it' },
		disks,
		journals: path.join(directory, 'journals'),
		sockets,
	};
}

/** The value of PATH for a lab, in which QEMU is a fake and everything else is the host's. */
async function programPath(directory: string, { withoutPrograms = [] }: LabOptions): Promise<string> {
	const programs = path.join(directory, 'bin');
	const fakeQemu = pasteable([process.execPath, path.join(import.meta.dirname, 'fake-qemu.js')]);
	await mkdir(programs);
	const write = async (name: string, command: string) => {
		await writeFile(path.join(programs, name), `#!/bin/sh\n${command}\n`);
		await chmod(path.join(programs, name), 0o755);
	};
	const isThere = (name: string) => !withoutPrograms.some((without) => without === name);
	if (isThere('qemu-system-x86_64')) await write('qemu-system-x86_64', `exec ${fakeQemu} "$@"`);
	if (withoutPrograms.length === 0) return `${programs}:${process.env['PATH']}`;
	for (const name of ['unshare', 'mount', 'umount', 'ip', 'dnsmasq', 'perl'].filter(isThere)) {
		const found = await thisHost().findProgram(name);
		if (found === undefined) throw new Error(`this host has no ${name}`);
		await symlink(found, path.join(programs, name));
	}
	return programs;
}

/** The processes whose environment has that variable: whoever inherited it, in whatever namespace. */
async function processesMarked(variable: string): Promise<ReadonlyMap<number, string>> {
	const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
	const found = new Map<number, string>();
	for (const pid of pids) {
		const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
		if (!environment.split('\0').includes(variable)) continue;
		const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
		found.set(Number(pid), command.replaceAll('\0', ' ').trim());
	}
	return found;
}

/** What the host's network and mounts are: interfaces with their addresses, routes, mount points. */
export async function hostState(): Promise<object> {
	const interfaces = JSON.parse((await run(['ip', '-j', 'address'])).stdout) as {
		ifname: string;
		operstate: string;
		addr_info: { local: string }[];
	}[];
	return {
		interfaces: interfaces.map(({ ifname, operstate, addr_info: addresses }) => [ifname, operstate, addresses.map(({ local }) => local)]),
		routes: (await run(['ip', 'route'])).stdout,
		forwarding: await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8'),
		mounts: (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').map((line) => line.split(' ')[4]),
	};
}
