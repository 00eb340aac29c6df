/** Files that are read and written in parts. */
import { open, type FileHandle } from 'node:fs/promises';

/**
 * Opens a file, and closes it whatever becomes of `body`.
 * @param flags as Node has them: `r`, `r+`, `w`, `wx`
 * @param mode of a file that is made
 */
export async function withFile<T>(file: string, flags: string, body: (handle: FileHandle) => Promise<T>, mode?: number): Promise<T> {
	const handle = await open(file, flags, mode);
	try {
		return await body(handle);
	} finally {
		await handle.close();
	}
}

/** Fills a buffer from a file. @throws Error where the file ends before */
export async function readFully(file: FileHandle, buffer: Buffer, position: number): Promise<Buffer> {
	const { bytesRead } = await file.read(buffer, 0, buffer.length, position);
	if (bytesRead < buffer.length) throw new Error(`only ${bytesRead} of ${buffer.length} bytes could be read`);
	return buffer;
}

/** Writes a buffer to a file. @throws Error where there is no room for the whole of it */
export async function writeFully(file: FileHandle, buffer: Buffer, position: number): Promise<void> {
	const { bytesWritten } = await file.write(buffer, 0, buffer.length, position);
	if (bytesWritten < buffer.length) throw new Error(`only ${bytesWritten} of ${buffer.length} bytes could be written`);
}
