/**
 * The memory of guests. That of one that is booted is a file in a file system that is in the host's memory (tmpfs(5)), in
 * which the host knows what was ever used; to save the machine means to copy it. One that is restored maps the saved
 * file, and has a copy of each page that it writes to; to save it again means to save these pages. QEMU would read all of the
 * memory, what was never used too, and write it page by page.
 */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CleanupStack } from '../base/cleanup.js';
import { diskUsage } from '../base/disk-usage.js';
import { parseProcSize } from '../base/proc.js';
import { run } from '../process/run.js';
import { propertiesOf } from './accelerators.js';
import { loadState, saveState, type MigrationOptions } from './migration.js';
import { loadPrivatePages, savePrivatePages } from './private-pages.js';
import type { Qmp } from './qmp.js';
import type { Accelerator, GuestMemory } from './spec.js';

/** Where the files are, by the directory of a lab's sockets. */
export const memoryDirectory = (sockets: string): string => path.join(sockets, 'memory');

/** The QEMU that runs a machine, as saving and loading its state need it. */
export interface MachineProcess {
	readonly qmp: Qmp;
	/** QEMU's process id. */
	readonly pid: number;
	readonly memory: GuestMemory;
}

/** What a machine is restored from, but for its disk. */
export interface StateFiles {
	/** Of processor and devices. */
	readonly stateFile: string;
	/** The memory, as sparse as it is. */
	readonly ramFile: string;
	/** What has changed since, where it was the memory of a machine that was restored (./private-pages.ts). */
	readonly pagesFile?: string;
}

/** The names of the files of the machine or state with that number. */
export function stateFilesIn(directory: string, number: number): Required<StateFiles> {
	const file = (name: string) => path.join(directory, `${number}.${name}`);
	return { stateFile: file('state'), ramFile: file('ram'), pagesFile: file('pages') };
}

/**
 * The options of the file system of the files, best first (tmpfs(5)). It has no limit: a plan may give its machines more than
 * the host has, as long as they do not touch it. QEMU advises huge pages, which not every kernel has.
 */
export function memoryMounts(accelerator: Pick<Accelerator, 'name'>): readonly [string, ...string[]] {
	const plain = 'size=0,mode=0700';
	return propertiesOf(accelerator).usesHugePages ? [`${plain},huge=advise`, plain] : [plain];
}

/** Mounts that file system, in a mount namespace of this process's own. */
export async function mountMemory(directory: string, accelerator: Pick<Accelerator, 'name'>, cleanup: CleanupStack): Promise<void> {
	cleanup.defer('memory of the machines', async () => void (await run(['umount', '--lazy', directory], { allowFailure: true })));
	await mkdir(directory, { recursive: true });
	const mount = (options: string) => run(['mount', '-t', 'tmpfs', '-o', options, 'rehearse', directory]);
	const [best, ...others] = memoryMounts(accelerator);
	await others.reduce((mounted, options) => mounted.catch(() => mount(options)), mount(best));
}

/** What a disk reads or writes that is slow, and has others to serve, in bytes a millisecond. */
const slowDiskRate = 20_000;

/** The deadline of an operation that reads or writes so many bytes. */
export const deadlineFor = (deadlineMs: number, bytes: number): number => Math.ceil(deadlineMs + bytes / slowDiskRate);

/** Bytes that files occupy on the disk together; missing files count 0. */
export async function bytesOf(files: readonly (string | undefined)[]): Promise<number> {
	const sizes = await Promise.all(files.map((file) => (file === undefined ? 0 : diskUsage(file))));
	return sizes.reduce((sum, size) => sum + size, 0);
}

/**
 * Copies a file with its holes; where the file system can share blocks, it writes no data. The deadline grows with the
 * data.
 */
export async function copySparse(from: string, to: string, { deadlineMs, signal }: MigrationOptions): Promise<void> {
	const timeoutMs = deadlineFor(deadlineMs, await bytesOf([from]));
	await run(['cp', '--sparse=auto', '--reflink=auto', '--', from, to], { timeoutMs, signal });
}

/**
 * Saves a halted machine. It stays halted, and can go on. Resolves to what it can be restored from: for one that was
 * restored itself, the memory that it was restored with is among that.
 */
export async function saveMachine(
	{ qmp, pid, memory }: MachineProcess,
	{ stateFile, ramFile, pagesFile }: Required<StateFiles>,
	options: MigrationOptions,
): Promise<StateFiles> {
	// Devices may put the last of their work into the memory when they are saved.
	await saveState(qmp, stateFile, { ...options, deadlineMs: deadlineFor(options.deadlineMs, await bytesOf([memory.file])) });
	if (memory.isShared) {
		await copySparse(memory.file, ramFile, options);
		return { stateFile, ramFile };
	}
	await savePrivatePages(pid, memory.file, pagesFile, options.signal);
	return { stateFile, ramFile: memory.file, pagesFile };
}

/**
 * Loads what was saved into a machine that was started for it, with its memory. It is halted then, its clock that of old. It
 * may take the longer the more was saved.
 */
export async function loadMachine(
	{ qmp, pid, memory }: MachineProcess,
	{ stateFile, ramFile, pagesFile }: StateFiles,
	options: MigrationOptions,
): Promise<void> {
	const deadlineMs = deadlineFor(options.deadlineMs, await bytesOf([ramFile, pagesFile]));
	if (pagesFile !== undefined) await loadPrivatePages(pid, memory.file, pagesFile, options.signal);
	await loadState(qmp, stateFile, { ...options, deadlineMs });
}

/** Bytes of the host's memory that a machine occupies: its own, and QEMU's; nothing where it has ended. */
export async function occupiedMemory({ pid, memory }: Omit<MachineProcess, 'qmp'>): Promise<number | undefined> {
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
