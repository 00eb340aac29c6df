/**
 * The memory of guests. Each one's is a file in a file system that is in the host's memory (tmpfs(5)), so that to save a
 * machine and to restore it means to copy a file, in which the host knows what was ever touched. QEMU would read all of it,
 * what was never touched too, and write it page by page. A machine that is not to be saved maps a saved file instead.
 */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CleanupStack } from '../base/cleanup.js';
import { diskUsage } from '../base/disk-usage.js';
import { brokenFailure } from '../base/errors.js';
import { parseProcSize } from '../base/proc-sizes.js';
import { run } from '../process/run.js';
import { saveState, type MigrationOptions } from './migration.js';
import type { RunningMachine } from './machine.js';
import type { Accelerator } from './spec.js';

/** Where the files are, by the directory of a lab's sockets. */
export const memoryDirectory = (sockets: string): string => path.join(sockets, 'memory');

/** What `saveMachine` writes. */
export interface StateFiles {
	/** Of processor and devices. */
	readonly stateFile: string;
	/** The memory, as sparse as it is. */
	readonly ramFile: string;
}

/** Those of the machine or state of that number. */
export function stateFilesIn(directory: string, number: number): StateFiles {
	const file = (name: string) => path.join(directory, `${number}.${name}`);
	return { stateFile: file('state'), ramFile: file('ram') };
}

/**
 * The options of the file system of the files, best first (tmpfs(5)). It has no limit: a plan may give its machines more than
 * the host has, as long as they do not touch it. With KVM a guest is the faster the larger its pages of memory are; QEMU
 * advises huge ones, which not every kernel has. An emulated guest would only touch more with them.
 */
export function memoryMounts({ name }: Pick<Accelerator, 'name'>): readonly [string, ...string[]] {
	const plain = 'size=0,mode=0700';
	return name === 'kvm' ? [`${plain},huge=advise`, plain] : [plain];
}

/** Makes that file system, in a mount namespace of one's own. */
export async function mountMemory(directory: string, accelerator: Pick<Accelerator, 'name'>, cleanup: CleanupStack): Promise<void> {
	cleanup.defer('memory of the machines', async () => void (await run(['umount', '--lazy', directory], { allowFailure: true })));
	await mkdir(directory, { recursive: true });
	const mount = (options: string) => run(['mount', '-t', 'tmpfs', '-o', options, 'rehearse', directory]);
	const [best, ...others] = memoryMounts(accelerator);
	await others.reduce((mounted, options) => mounted.catch(() => mount(options)), mount(best));
}

/** Copies a machine's memory, which must not change meanwhile. */
export async function copyMemory(from: string, to: string, { deadlineMs, signal }: MigrationOptions): Promise<void> {
	await run(['cp', '--sparse=auto', '--', from, to], { timeoutMs: deadlineMs, signal });
}

/** Saves a halted machine. It stays halted, and can go on. */
export async function saveMachine(
	{ name, qmp, memory }: Pick<RunningMachine, 'name' | 'qmp' | 'memory'>,
	{ stateFile, ramFile }: StateFiles,
	options: MigrationOptions,
): Promise<void> {
	if (!memory.isShared) throw brokenFailure('internal', `${name} was not started as a machine that can be saved`);
	// Devices may put the last of their work into the memory when they are saved.
	await saveState(qmp, stateFile, options);
	await copyMemory(memory.file, ramFile, options);
}

/** Bytes of the host's memory that a machine occupies: its own, and QEMU's; nothing where it has ended. */
export async function occupiedMemory({ pid, memory }: Pick<RunningMachine, 'pid' | 'memory'>): Promise<number | undefined> {
	const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
	const ofQemu = parseUnsharedMemory(text);
	// A file in memory occupies it whether or not QEMU has looked at it.
	const ofGuest = memory.isShared ? await diskUsage(memory.file) : 0;
	return ofQemu === undefined ? undefined : ofQemu + ofGuest;
}

/** Resident memory in bytes that is not of a file in memory, by a process's `status` (proc_pid_status(5)). */
export function parseUnsharedMemory(text: string): number | undefined {
	const [anonymous, ofFiles] = [parseProcSize(text, 'RssAnon'), parseProcSize(text, 'RssFile')];
	return anonymous === undefined || ofFiles === undefined ? undefined : anonymous + ofFiles;
}
