/**
 * What processes cost, read from /proc while they run (proc(5)): processor seconds and memory of a process and of all
 * that it has started, in whatever namespaces those are.
 */
import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseProcSize } from '../../src/base/proc.js';
import { parseProcessorTime } from '../../src/base/proc.js';

/** What a process is to the benchmark, by its program. */
export type ProcessKind = 'machine' | 'tool' | 'other';

/** What the processes of one kind have cost together. */
export interface Cost {
	readonly processes: number;
	readonly cpuSeconds: number;
	/** The sum of each process's highest resident memory, in bytes; they need not have had it at the same time. */
	readonly peakBytes: number;
}

export type Usage = Readonly<Record<ProcessKind, Cost>>;

/** Processor seconds, user and system, of a process's `stat`. */
export const parseCpuSeconds = (stat: string): number => parseProcessorTime(stat) / 1000;

/** A figure of `status` or `smaps_rollup`, such as `VmHWM` or `Pss`, in bytes; 0 where there is none. */
export const parseKilobytes = (text: string, name: string): number => parseProcSize(text, name) ?? 0;

/** What a process is, by the NUL-separated words of its `cmdline`. */
export function kindOf(commandLine: string): ProcessKind {
	const program = path.basename(commandLine.split('\0')[0] ?? '');
	if (program.startsWith('qemu-system-')) return 'machine';
	return program === 'node' ? 'tool' : 'other';
}

/** A process may end while it is looked at. */
const readProcess = (pid: number, file: string): Promise<string> =>
	readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');

/** A process and everything that it has started and that still runs. */
async function familyOf(pid: number): Promise<number[]> {
	const children = (await readProcess(pid, `task/${pid}/children`)).trim();
	const pids = children === '' ? [] : children.split(' ').map(Number);
	return [pid, ...(await Promise.all(pids.map(familyOf))).flat()];
}

/** What was last seen of a process. */
interface Sighting {
	readonly kind: ProcessKind;
	readonly cpuSeconds: number;
	readonly peakBytes: number;
}

async function look(pid: number): Promise<Sighting | undefined> {
	const [commandLine, stat, status] = await Promise.all([
		readProcess(pid, 'cmdline'),
		readProcess(pid, 'stat'),
		readProcess(pid, 'status'),
	]);
	if (commandLine === '' || stat === '' || status === '') return undefined;
	return { kind: kindOf(commandLine), cpuSeconds: parseCpuSeconds(stat), peakBytes: parseKilobytes(status, 'VmHWM') };
}

/** Adds up what was seen of each process. */
export function addUp(sightings: Iterable<Sighting>): Usage {
	const nothing: Cost = { processes: 0, cpuSeconds: 0, peakBytes: 0 };
	const sum: Record<ProcessKind, Cost> = { machine: nothing, tool: nothing, other: nothing };
	for (const { kind, cpuSeconds, peakBytes } of sightings) {
		const before = sum[kind];
		sum[kind] = {
			processes: before.processes + 1,
			cpuSeconds: before.cpuSeconds + cpuSeconds,
			peakBytes: before.peakBytes + peakBytes,
		};
	}
	return sum;
}

/** Watches a process and what it starts until it is asked to stop; what ends meanwhile counts as last seen. */
export class ProcessWatch {
	readonly #seen = new Map<number, Sighting>();
	readonly #pid: number;
	readonly #timer: NodeJS.Timeout;
	#looking: Promise<void> | undefined;

	/** A look takes a millisecond or two of one core, so twice a second is no burden. */
	constructor(pid: number, intervalMs = 500) {
		this.#pid = pid;
		this.#timer = setInterval(() => void this.#look(), intervalMs);
	}

	/** Resolves to everything that was seen. */
	async stop(): Promise<Usage> {
		clearInterval(this.#timer);
		await this.#looking;
		return addUp(this.#seen.values());
	}

	#look(): Promise<void> {
		this.#looking ??= this.#lookAtAll().finally(() => (this.#looking = undefined));
		return this.#looking;
	}

	async #lookAtAll(): Promise<void> {
		for (const pid of await familyOf(this.#pid)) {
			const sighting = await look(pid);
			// A program is only known once it has replaced the one that started it.
			if (sighting) this.#seen.set(pid, sighting);
		}
	}
}

/** Memory that processes have at one moment, in bytes. */
export interface Memory {
	/** What each has, shared pages counted for each that has them. */
	readonly resident: number;
	/** What they have together, shared pages counted in parts. */
	readonly proportional: number;
}

/** The memory of the machines among the processes that `pid` has started. */
export async function machineMemory(pid: number): Promise<Memory & { readonly machines: number }> {
	const family = await familyOf(pid);
	const kinds = await Promise.all(family.map(async (member) => kindOf(await readProcess(member, 'cmdline'))));
	const machines = family.filter((_member, index) => kinds[index] === 'machine');
	const rollups = await Promise.all(machines.map((machine) => readProcess(machine, 'smaps_rollup')));
	const sum = (name: string) => rollups.reduce((total, rollup) => total + parseKilobytes(rollup, name), 0);
	const files = await Promise.all(machines.map(memoryFileBytes));
	// A guest's memory that is a file in memory is there, whether or not QEMU has looked at it since a restore.
	const unseen = files.reduce((total, bytes) => total + bytes, 0) - sum('Pss_Shmem');
	return { machines: machines.length, resident: sum('Rss') + unseen, proportional: sum('Pss') + unseen };
}

/** What the files in memory occupy that are a machine's memory; 0 where they are files on a disk, or none. */
async function memoryFileBytes(pid: number): Promise<number> {
	const directory = `/proc/${pid}/fd`;
	const sizes = (await readdir(directory).catch(() => [])).map(async (name) => {
		const target = await readlink(path.join(directory, name)).catch(() => '');
		return path.basename(path.dirname(target)) === 'memory' ? (await stat(path.join(directory, name))).blocks * 512 : 0;
	});
	return (await Promise.all(sizes)).reduce((total, bytes) => total + bytes, 0);
}
