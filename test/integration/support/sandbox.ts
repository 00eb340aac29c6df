/** A private place for runs of the tool, and what is left of them in it and on the host. */
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { poll } from '../../../src/base/waiting.js';
import { userPaths } from '../../../src/runs/paths.js';

/**
 * `shared`: the user's own, so that images are built once for all tests; `no accelerator`: its images, but nothing
 * known of accelerators; `empty`: no images either, only the packages that were ever downloaded for them; `kept`: its
 * images, and checkpoints that only sandboxes of this kind use, one after another.
 */
export type CacheKind = 'shared' | 'no accelerator' | 'empty' | 'kept';

/** Whether checkpoints are used and made; where they are, the lab may well have been booted by another test. */
export type BootKind = 'cold' | 'warm';

export interface HostProcess {
	readonly pid: number;
	readonly commandLine: string;
}

export interface Sandbox {
	readonly path: string;
	/** The tool's environment: temporary files, state and perhaps the cache are in the sandbox. */
	readonly env: NodeJS.ProcessEnv;
	/** Every process that was started with this environment, by whomever and in whatever namespace it is. */
	processes(): Promise<readonly HostProcess[]>;
	/** The directories of the runs, oldest first. */
	runs(): Promise<readonly string[]>;
	/** What is still there of runs that are over, a sentence each; looks again and again until `ms` have passed. */
	leftovers(ms: number): Promise<readonly string[]>;
	/** Leases of runs that are over; the next run removes those of a run that was killed. */
	leases(): Promise<readonly string[]>;
}

/** In the environment of everything that runs in a sandbox: how processes are recognised. */
const marker = 'TEST_SANDBOX';

/** A test, as far as a sandbox is concerned. */
interface Teardown {
	teardown(end: () => unknown): void;
}

/** Makes a sandbox; when the test ends, so does everything in it. */
export async function makeSandbox(t: Teardown, cache: CacheKind = 'shared', boot: BootKind = 'cold'): Promise<Sandbox> {
	// Its path is short: sockets go below it, and a socket's path may have no more than 107 bytes.
	const root = await mkdtemp(path.join(os.tmpdir(), 'rt-'));
	const before = await interfaces();
	const temporary = path.join(root, 'tmp');
	await mkdir(temporary);
	// mmdebstrap works as a subordinate user, who has to get through.
	for (const directory of [root, temporary]) await chmod(directory, 0o755);
	const caches = cache === 'kept' ? keptCache() : path.join(root, 'cache');
	if (cache !== 'shared') await makeCache(path.join(caches, 'rehearse'), cache);
	const own = [path.join(root, 'state'), ...(cache === 'shared' ? [] : [caches])];
	const settings = Object.entries(process.env).filter(([name]) => !/^(?:REHEARSE_|NODE_|FORCE_COLOR$)/.test(name));
	const sandbox: Sandbox = {
		path: root,
		env: {
			...Object.fromEntries(settings),
			[marker]: root,
			TMPDIR: temporary,
			XDG_STATE_HOME: path.join(root, 'state'),
			...(boot === 'cold' ? { REHEARSE_COLD: '1' } : {}),
			...(cache === 'shared' ? {} : { XDG_CACHE_HOME: caches }),
		},
		processes: () => findProcesses(root),
		runs: () => listDirectory(path.join(root, 'state', 'rehearse', 'runs')),
		leftovers: async (ms) => {
			const look = () => findLeftovers(sandbox, temporary, before, own);
			const { last } = await poll(look, (found) => found.length === 0, { intervalMs: 100, deadlineMs: ms });
			return last;
		},
		leases: () => findFiles(own, /^in-use\./),
	};
	t.teardown(async () => {
		for (const { pid } of await sandbox.processes()) killQuietly(pid);
		await rm(root, { recursive: true, force: true });
	});
	return sandbox;
}

/** Where sandboxes with a `kept` cache have it. */
const keptCache = (): string => path.join(path.dirname(userPaths().cache), 'rehearse-kills', 'cache');

async function makeCache(directory: string, kind: Exclude<CacheKind, 'shared'>): Promise<void> {
	await mkdir(directory, { recursive: true });
	const { cache } = userPaths();
	for (const name of kind === 'empty' ? ['packages'] : ['packages', 'layers', 'images']) {
		const shared = path.join(cache, name);
		await mkdir(shared, { recursive: true });
		await symlink(shared, path.join(directory, name)).catch(unlessThere);
	}
}

function unlessThere(error: NodeJS.ErrnoException): void {
	if (error.code !== 'EEXIST') throw error;
}

async function findProcesses(root: string): Promise<readonly HostProcess[]> {
	const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
	const looks = pids.map(async (pid) => {
		const [environment, commandLine] = await Promise.all([readProcess(pid, 'environ'), readProcess(pid, 'cmdline')]);
		const isOurs = environment.split('\0').includes(`${marker}=${root}`) || commandLine.includes(`${root}/`);
		return isOurs ? [{ pid, commandLine: commandLine.replaceAll('\0', ' ').trim() }] : [];
	});
	return (await Promise.all(looks)).flat();
}

/** A process may end, or be somebody else's, while it is looked at. */
const readProcess = (pid: number, file: string): Promise<string> =>
	readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');

const listDirectory = async (directory: string): Promise<string[]> =>
	(await readdir(directory).catch(() => [])).sort().map((name) => path.join(directory, name));

/** Files and directories below some directories, links not followed, whose names match. */
async function findFiles(directories: readonly string[], name: RegExp): Promise<readonly string[]> {
	const find = async (directory: string) => {
		const found = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
		return found.filter((entry) => name.test(entry.name)).map((entry) => path.join(entry.parentPath, entry.name));
	};
	return (await Promise.all(directories.map(find))).flat();
}

/** How locks are named, and what is only half made: builds, checkpoints, runs, disks of seeds, files before they are renamed. */
const unfinished = /\.lock$|\.partial|^\.|\.new$|\.iso\.(?!sha256$)[A-Za-z0-9]{6}$/;

/** The network interfaces of the host, by name. */
const interfaces = (): Promise<string[]> => readdir('/sys/class/net');

async function findLeftovers(sandbox: Sandbox, temporary: string, before: readonly string[], own: readonly string[]): Promise<readonly string[]> {
	const [processes, files, now, mounts, sockets, runs, halves] = await Promise.all([
		sandbox.processes(),
		listDirectory(temporary),
		interfaces(),
		readFile('/proc/self/mountinfo', 'utf8'),
		readFile('/proc/net/unix', 'utf8'),
		sandbox.runs(),
		findFiles(own, unfinished),
	]);
	const disks = await Promise.all(runs.map((run) => listDirectory(path.join(run, 'disks'))));
	const linesOfOurs = (text: string) => text.split('\n').filter((line) => line.includes(`${sandbox.path}/`));
	return [
		...processes.map(({ pid, commandLine }) => `process ${pid}: ${commandLine}`),
		...files.map((file) => `temporary file: ${file}`),
		...disks.flat().map((file) => `disk: ${file}`),
		...halves.map((file) => `lock, or half a thing: ${file}`),
		...now.filter((name) => !before.includes(name)).map((name) => `interface: ${name}`),
		...linesOfOurs(mounts).map((line) => `mount: ${line}`),
		...linesOfOurs(sockets).map((line) => `socket: ${line}`),
	];
}

export function killQuietly(pid: number): void {
	try {
		process.kill(pid, 'SIGKILL');
	} catch {
		// It ended by itself.
	}
}

/** Copies a directory into the sandbox; resolves to the copy. */
export async function copyInto(sandbox: Sandbox, directory: string): Promise<string> {
	const copy = await mkdtemp(path.join(sandbox.path, 'lab-'));
	await cp(directory, copy, { recursive: true });
	return copy;
}
