/** The workshop of the Slurm test: a directory, the program installed in it, an ordinary user, and the cluster. */
import { spawn } from 'node:child_process';
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { CleanupStack } from '../../src/base/cleanup.js';
import { isThere } from '../../src/base/files.js';
import { packageRoot } from '../../src/base/package-root.js';
import { systemClock } from '../../src/base/waiting.js';
import { run } from '../../src/process/run.js';

/** The number of the user `ann`, who is nobody outside of the cluster. */
const annId = 64_500;

export interface CommandEnd {
	readonly exitCode: number | null;
	readonly stdout: string;
	readonly stderr: string;
	readonly ms: number;
}

export interface AnnOptions {
	/** Called with all that stderr has, each time that it grows. `interrupt` is the command's Ctrl-C. */
	readonly onStderr?: (text: string, interrupt: () => void) => void;
	/** Directories in front of PATH. */
	readonly path?: readonly string[];
}

/** A started cluster. */
export class Bed {
	readonly directory: string;
	readonly #unshare: number;

	constructor(directory: string, unshare: number) {
		this.directory = directory;
		this.#unshare = unshare;
	}

	/** The home of the user. */
	get home(): string {
		return path.join(this.directory, 'home');
	}

	/** Runs a command as the user, on the machine that jobs are submitted from, in her home. */
	async ann(argv: readonly string[], { onStderr, path: before = [] }: AnnOptions = {}): Promise<CommandEnd> {
		const began = performance.now();
		const programs = [...before, '/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin', path.dirname(process.execPath)];
		const environment = ['env', '-i', `HOME=${this.home}`, 'USER=ann', `SLURM_CONF=${this.directory}/slurm.conf`, `PATH=${programs.join(':')}`];
		const who = ['setpriv', `--reuid=${annId}`, `--regid=${annId}`, '--clear-groups'];
		const inside = ['nsenter', `--target=${await this.#first()}`, '--net', '--mount', '--uts', '--pid'];
		const [program = '', ...args] = [...inside, ...who, ...environment, 'sh', '-c', 'cd "$HOME" && exec "$@"', 'sh', ...argv];
		const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
		// nsenter has made another process, since one cannot enter a process namespace itself.
		const interrupt = () => void childrenOf(child.pid ?? 0).then((pids) => pids.forEach((pid) => process.kill(pid, 'SIGINT')));
		let [stdout, stderr] = ['', ''];
		child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
		child.stderr.on('data', (chunk: Buffer) => {
			stderr += chunk.toString();
			onStderr?.(stderr, interrupt);
		});
		return new Promise((resolve) => child.on('close', (exitCode) => resolve({ exitCode, stdout, stderr, ms: performance.now() - began })));
	}

	/** Runs the program that is installed there. */
	rehearse(args: readonly string[], options?: AnnOptions): Promise<CommandEnd> {
		return this.ann([process.execPath, path.join(this.directory, 'rehearse', 'dist', 'bin', 'main.js'), ...args], options);
	}

	/** The processes of a host, by the name that it has given itself, with their command lines. */
	async processesOf(host: 'one' | 'two'): Promise<readonly { readonly pid: number; readonly command: string }[]> {
		const found: { pid: number; command: string; uts: string }[] = [];
		for (const name of (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))) {
			const uts = await readlink(`/proc/${name}/ns/uts`).catch(() => '');
			const command = (await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ').trim();
			if (command !== '') found.push({ pid: Number(name), command, uts });
		}
		const slurmd = found.find(({ command }) => command === `slurmd -D -N ${host}`);
		return slurmd ? found.filter(({ uts }) => uts === slurmd.uts) : [];
	}

	/** Ends everything on a host at once, as if its power had failed. */
	async lose(host: 'one' | 'two'): Promise<void> {
		for (const { pid } of await this.processesOf(host)) {
			try {
				process.kill(pid, 'SIGKILL');
			} catch {
				// It has ended with another.
			}
		}
	}

	/** What is still there of jobs that have ended; empty where nothing is. */
	async leftovers(): Promise<readonly string[]> {
		const queue = await this.ann(['squeue', '--noheader', '--format=job %i %T']);
		const hosts = ['one', 'two'] as const;
		const processes = (await Promise.all(hosts.map((host) => this.processesOf(host)))).flat();
		const daemons = /^(?:slurmd|munged|sh -euc|unshare|slurmstepd)\b/;
		const directories = await Promise.all(hosts.map(async (host) => (await readdir(path.join(this.directory, host, 'tmp'))).map((name) => `/var/tmp/${name} on ${host}`)));
		const home = (await readdir(this.home)).filter((name) => name.includes('rehearse-fleet'));
		return [
			...queue.stdout.split('\n').filter((line) => line !== ''),
			...processes.flatMap(({ command }) => (daemons.test(command) ? [] : [`process: ${command.slice(0, 150)}`])),
			...directories.flat(),
			...home,
		];
	}

	/** The first process of the cluster, as it is called outside. */
	async #first(): Promise<number> {
		const [first] = await childrenOf(this.#unshare);
		if (first === undefined) throw new Error('the cluster has ended');
		return first;
	}
}

const childrenOf = async (pid: number): Promise<readonly number[]> =>
	(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter((word) => word !== '').map(Number);

/** Makes the workshop, and starts the cluster, which goes with the stack. */
export async function startBed(images: string, cleanup: CleanupStack): Promise<Bed> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-slurm-'));
	cleanup.defer('workshop', () => rm(directory, { recursive: true, force: true }));
	await chmod(directory, 0o755);
	await install(path.join(directory, 'rehearse'));
	const home = path.join(directory, 'home');
	await mkdir(path.join(home, '.cache', 'rehearse'), { recursive: true });
	await cp('test/labs', path.join(home, 'labs'), { recursive: true });
	await run(['cp', '--archive', '--sparse=always', '--reflink=auto', images, path.join(home, '.cache', 'rehearse', 'images')]);
	await run(['chown', '--recursive', `${annId}:${annId}`, home]);
	await writeEtc(path.join(directory, 'etc'), home);
	await writeFile(path.join(directory, 'slurm.conf'), slurmConf(directory));
	const namespaces = ['--net', '--mount', '--uts', '--pid', '--fork', '--mount-proc', '--kill-child'];
	let words = '';
	const child = spawn('unshare', [...namespaces, 'test/slurm/cluster.sh', directory, String(annId)], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-4000)));
	const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
	cleanup.defer('cluster', async () => {
		child.kill('SIGKILL');
		await ended;
	});
	const until = performance.now() + 60_000;
	while (!(await isThere(path.join(directory, 'ready')))) {
		if (child.exitCode !== null || performance.now() > until) throw new Error(`the cluster did not start:\n${words}`);
		await systemClock.sleep(200);
	}
	return new Bed(directory, child.pid ?? 0);
}

/** Puts the program where the user may read it: what a package has of it. */
async function install(into: string): Promise<void> {
	for (const part of ['bin', 'dist/bin', 'images', 'cloud-init', 'package.json']) {
		await mkdir(path.dirname(path.join(into, part)), { recursive: true });
		await cp(path.join(packageRoot(), part), path.join(into, part), { recursive: true });
	}
}

async function writeEtc(etc: string, home: string): Promise<void> {
	await mkdir(etc);
	await writeFile(path.join(etc, 'passwd'), `${await readFile('/etc/passwd', 'utf8')}ann:x:${annId}:${annId}::${home}:/bin/sh\n`);
	await writeFile(path.join(etc, 'group'), `${await readFile('/etc/group', 'utf8')}ann:x:${annId}:\n`);
	await writeFile(path.join(etc, 'hosts'), '127.0.0.1 localhost\n10.71.0.1 login\n10.71.0.11 one\n10.71.0.12 two\n');
	for (const file of ['subuid', 'subgid']) await writeFile(path.join(etc, file), 'ann:200000:65536\n');
	await chown(etc, 0, 0);
}

const slurmConf = (directory: string): string => `ClusterName=rehearse
SlurmctldHost=login(10.71.0.1)
AuthType=auth/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=${directory}/state
SlurmdSpoolDir=${directory}/%n/spool
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
ReturnToService=2
SlurmdTimeout=10
KillWait=20
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName=one NodeAddr=10.71.0.11 CPUs=2 RealMemory=4096
NodeName=two NodeAddr=10.71.0.12 CPUs=2 RealMemory=4096
PartitionName=all Nodes=one,two Default=YES State=UP
`;
