/**
 * A host on which the whole program runs, from the plan to the verdict, with machines that are fakes: its QEMU is
 * ../supervisor/fake-qemu, its images are empty files, its home and its temporary files are a directory of its own.
 */
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pasteable } from '../../../src/base/shell.js';
import { poll } from '../../../src/base/waiting.js';
import { imageRequests, readGuestDefinition } from '../../../src/image/guest.js';
import { imageKey } from '../../../src/image/store.js';
import { readPlan } from '../../../src/plan/read.js';
import { resolveLab } from '../../../src/plan/resolve.js';

/** How the machines behave that are started from now on; see ../supervisor/fake-qemu. */
export type Behaviour = 'works' | 'fails' | 'hangs' | 'panics' | 'evil' | 'evil-passes';

export interface FakeHost {
	/** Plans are below it; a server is started for it. */
	readonly root: string;
	/** Beside the root. */
	readonly directory: string;
	readonly runs: string;
	/** The environment of the program. */
	readonly env: Readonly<Record<string, string>>;
	behave(behaviour: Behaviour): Promise<void>;
	/** Writes a plan of that name with these nodes, `NAME/plan.yaml` below the root, and the script of each. */
	writeLab(name: string, nodes?: readonly string[]): Promise<void>;
	/** What is left but for processes with these ids: processes with their command lines, temporary files, disks. Looks again and again for a while. */
	leftovers(...spared: readonly number[]): Promise<readonly string[]>;
	/** Waits until a process of this host has such a command line, and resolves to its id. */
	finds(pattern: RegExp): Promise<number>;
}

/** The password of every user of such a lab. */
export const password = 'correct-horse-battery';

const planOf = (name: string, nodes: readonly string[]): string =>
	[
		`name: ${name}`,
		'nodes:',
		...nodes.flatMap((node, index) => [
			`  - name: ${node}`,
			'    memory: 256 MB',
			'    disk: 4 GB',
			`    alias: 10.79.0.${10 + index}/24`,
			'    recipe:',
			'      base_image: debian-trixie',
			'      features: [headless]',
			`      users: [{ username: ops, password: ${password}, groups: [sudo] }]`,
			'      startup_scripts:',
			`        - { name: setup, script_file: ${node}.sh }`,
		]),
		'scenarios:',
		`  - name: ${name}-validation`,
		'    custom_tests:',
		'      - name: It answers',
		'        assertions:',
		`          - { type: command_output, on_vm: ${nodes[0]}, params: { command: echo hello, contains: hello } }`,
		'',
	].join('\n');

/** What must be gone in this time, in milliseconds: that of a teardown on a busy host. */
const leftoverMs = 30_000;

/** How long something may take to begin, in milliseconds. */
const findMs = 60_000;

export async function makeFakeHost(t: { teardown(end: () => unknown): void }): Promise<FakeHost> {
	// Short: the paths of sockets are limited.
	const directory = await mkdtemp(path.join(os.tmpdir(), 'fh-'));
	const [root, bin, temporary, cache, state] = ['root', 'bin', 'tmp', 'cache', 'state'].map((name) => path.join(directory, name)) as [string, string, string, string, string];
	for (const made of [root, bin, temporary]) await mkdir(made);
	const mode = path.join(directory, 'behaviour');
	await writeFile(mode, 'works');
	const supervisor = path.join(import.meta.dirname, '..', 'supervisor', 'fake-qemu.js');
	const canary = path.join(import.meta.dirname, '..', 'machine', 'fake-canary.js');
	const qemu = path.join(bin, 'qemu-system-x86_64');
	await writeFile(
		qemu,
		[
			'#!/bin/sh',
			`case "$*" in`,
			'*--version*) echo "QEMU emulator version 10.0.2" ;;',
			`*rdinit=/bin/sh*) REHEARSE_TEST_QEMU=works exec ${pasteable([process.execPath, canary])} "$@" ;;`,
			`*) REHEARSE_TEST_QEMU=$(cat ${mode}) exec ${pasteable([process.execPath, supervisor])} "$@" ;;`,
			'esac',
			'',
		].join('\n'),
	);
	await chmod(qemu, 0o755);
	const mark = `REHEARSE_FAKE_HOST=${directory}`;
	const settings = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && !/^(?:REHEARSE_|NODE_|FORCE_COLOR$|CI$|GITHUB_)/.test(entry[0]));
	const host: FakeHost = {
		root,
		directory,
		runs: path.join(state, 'rehearse', 'runs'),
		env: {
			...Object.fromEntries(settings),
			...{ HOME: directory, TMPDIR: temporary, XDG_CACHE_HOME: cache, XDG_STATE_HOME: state, PATH: `${bin}:${process.env['PATH']}` },
			...{ REHEARSE_ACCEL: 'tcg', REHEARSE_FAKE_HOST: directory },
		},
		behave: (behaviour) => writeFile(mode, behaviour),
		async writeLab(name, nodes = ['box']) {
			const home = path.join(root, name);
			await mkdir(home, { recursive: true });
			for (const node of nodes) await writeFile(path.join(home, `${node}.sh`), 'echo one\necho two\n');
			await writeFile(path.join(home, 'plan.yaml'), planOf(name, nodes));
			await makeImages(path.join(home, 'plan.yaml'), path.join(cache, 'rehearse', 'images'));
		},
		async leftovers(...spared) {
			const isSpared = (line: string) => spared.includes(Number.parseInt(line, 10));
			const look = async () => [
				...(await processesWith(mark)).filter((line) => !isSpared(line)),
				...(await readdir(temporary)).map((name) => `temporary file ${name}`),
				...(await disksOf(host.runs)),
			];
			return (await poll(look, (left) => left.length === 0, { intervalMs: 50, deadlineMs: leftoverMs })).last;
		},
		async finds(pattern) {
			const look = async () => (await processesWith(mark)).find((line) => pattern.test(line));
			const { last } = await poll(look, (found) => found !== undefined, { intervalMs: 100, deadlineMs: findMs });
			if (last === undefined) throw new Error(`no process like ${String(pattern)}`);
			return Number.parseInt(last, 10);
		},
	};
	t.teardown(async () => {
		for (const line of await processesWith(mark)) killQuietly(Number.parseInt(line, 10));
		await rm(directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
	});
	return host;
}

/** Files in the place of the images that the lab needs. */
async function makeImages(plan: string, images: string): Promise<void> {
	const guest = await readGuestDefinition();
	const lab = resolveLab(await readPlan(plan), guest);
	for (const request of imageRequests(lab, guest)) {
		const directory = path.join(images, await imageKey(request, guest));
		await mkdir(directory, { recursive: true });
		for (const name of ['root.img', 'vmlinuz', 'initrd']) await writeFile(path.join(directory, name), 'not empty');
	}
}

/** `123 node …` of each process with that variable in its environment. */
async function processesWith(variable: string): Promise<readonly string[]> {
	const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
	const looks = pids.map(async (pid) => {
		const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
		const isOurs = (await read('environ')).split('\0').includes(variable);
		return isOurs ? [`${pid} ${(await read('cmdline')).replaceAll('\0', ' ').trim()}`] : [];
	});
	return (await Promise.all(looks)).flat();
}

async function disksOf(runs: string): Promise<readonly string[]> {
	const names = await readdir(runs).catch(() => []);
	const disks = await Promise.all(names.map(async (name) => (await readdir(path.join(runs, name, 'disks')).catch(() => [])).map((disk) => `disk ${name}/${disk}`)));
	return disks.flat();
}

function killQuietly(pid: number): void {
	try {
		process.kill(pid, 'SIGKILL');
	} catch {
		// It ended by itself.
	}
}
