/** Reading and writing files and parts of them, and making directories. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, copyFile, link, mkdir, open, realpath, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import path from 'node:path';

/**
 * Opens a file for `body`, and closes it when `body` has ended or failed.
 * @param flags as in Node: `r`, `r+`, `w`, `wx`
 * @param mode permissions of a file that it creates
 */
export async function withFile<T>(file: string, flags: string, body: (handle: FileHandle) => Promise<T>, mode?: number): Promise<T> {
	const handle = await open(file, flags, mode);
	try {
		return await body(handle);
	} finally {
		await handle.close();
	}
}

/**
 * Opens a regular file for reading; nothing where there is none, or where something else has its name: no link is followed,
 * and no FIFO waited for.
 * @param within a directory that the file has to be in or below, wherever links in its path lead
 */
export async function openRegular(file: string, within?: string): Promise<FileHandle | undefined> {
	if (within !== undefined && !(await isBelow(path.dirname(file), within))) return undefined;
	const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
	const handle = await open(file, flags).catch(() => undefined);
	if (!handle || (await handle.stat()).isFile()) return handle;
	await handle.close();
	return undefined;
}

/** Whether a directory is another one or lies below it, with links followed. */
async function isBelow(directory: string, other: string): Promise<boolean> {
	const [inner, outer] = await Promise.all([directory, other].map((one) => realpath(one).catch(() => undefined)));
	if (inner === undefined || outer === undefined) return false;
	return inner === outer || inner.startsWith(outer === '/' ? '/' : `${outer}/`);
}

/**
 * Reads the text of a regular file that may be a stranger's.
 * @throws Error where there is none, something else has its name, or it is larger than that, in bytes
 */
export async function readRegular(file: string, maximumBytes: number, within?: string): Promise<string> {
	const handle = await openRegular(file, within);
	if (!handle) throw new Error(`${file} is no regular file that can be read`);
	try {
		const { size } = await handle.stat();
		if (size > maximumBytes) throw new Error(`${file} has ${size} bytes, and ${maximumBytes} at most are read`);
		return (await readFully(handle, Buffer.alloc(size), 0)).toString('utf8');
	} finally {
		await handle.close();
	}
}

/**
 * A name beside a file for what is to take its place. Nobody else has it: a process number would be another process's too, in
 * another container or on another host with the same home.
 */
export const stagingName = (file: string): string => `${file}.${randomBytes(6).toString('hex')}.new`;

/** Copies a file; where the file system can share blocks, it writes no data. */
const copyWhole = (file: string, to: string): Promise<void> => copyFile(file, to, constants.COPYFILE_FICLONE);

/**
 * Gives a file a second name, or copies it where it cannot have one, as on another file system. It stays there under the new
 * name whatever becomes of the other.
 */
export async function linkOrCopy(file: string, to: string, copy = copyWhole): Promise<void> {
	try {
		await link(file, to);
	} catch (error) {
		if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
		await copy(file, to);
	}
}

/** Writes a file as a whole: who reads it finds what was there before, or all of the new. @throws Error of the system */
export async function replaceFile(file: string, text: string, mode = 0o666): Promise<void> {
	const staging = stagingName(file);
	try {
		await writeFile(staging, text, { mode });
		await rename(staging, file);
	} catch (error) {
		await rm(staging, { force: true });
		throw error;
	}
}

/** Fills a buffer from a file. @throws Error where the file ends too early */
export async function readFully(file: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
	const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
	if (bytesRead < buffer.length) throw new Error(`only ${bytesRead} of ${buffer.length} bytes could be read`);
	return buffer;
}

/** Writes a buffer to a file. @throws Error where the disk has no space for the whole buffer */
export async function writeFully(file: FileHandle, buffer: Buffer, position: number): Promise<void> {
	const { bytesWritten } = await file.write(buffer, 0, buffer.length, position);
	if (bytesWritten < buffer.length) throw new Error(`only ${bytesWritten} of ${buffer.length} bytes could be written`);
}

/**
 * Makes a directory and its missing parents. Node's own `recursive` never returns where a parent exists but the kernel
 * refuses a new entry in it, as in /proc (seen with Node 20).
 * @throws Error of mkdir(2)
 */
export async function makeDirectory(directory: string, mode = 0o777): Promise<void> {
	try {
		await makeOne(directory, mode);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
		await makeDirectory(path.dirname(directory), mode);
		await makeOne(directory, mode);
	}
}

/** Makes one directory. It may exist already. */
async function makeOne(directory: string, mode: number): Promise<void> {
	try {
		await mkdir(directory, mode);
	} catch (error) {
		const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST' && (await stat(directory)).isDirectory();
		if (!isThere) throw error;
	}
}

/**
 * Makes a directory and its missing parents, and checks that this user may write to it.
 * @throws Error of mkdir(2) or access(2)
 */
export async function makeWritableDirectory(directory: string): Promise<void> {
	await makeDirectory(directory);
	await access(directory, constants.W_OK);
}

/** Whether a file or directory exists and this process may access it by `mode` (access(2)). */
export const isThere = (file: string, mode = constants.F_OK): Promise<boolean> =>
	access(file, mode).then(
		() => true,
		() => false,
	);

/** Whether every user of the host may search a directory and its parents. Missing ones count as searchable. */
export async function isOpenToAll(directory: string): Promise<boolean> {
	const above = path.dirname(directory);
	const mode = await stat(directory).then((found) => found.mode, () => undefined);
	const isOpen = mode === undefined || (mode & constants.S_IXOTH) !== 0;
	return isOpen && (above === directory || (await isOpenToAll(above)));
}

/** The SHA-256 of a file's bytes, in hex, however long it is. Rejects with what reading it rejects with, and when `signal` aborts. */
export async function hashOfFile(file: string, signal?: AbortSignal): Promise<string> {
	const hash = createHash('sha256');
	for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) {
		signal?.throwIfAborted();
		hash.update(chunk as Buffer);
	}
	return hash.digest('hex');
}
