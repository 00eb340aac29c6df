import { open } from 'node:fs/promises';
import { usageFailure } from '../base/errors.js';

/** A text, and whether only the end of it was read. */
export interface FileEnd {
	readonly text: string;
	readonly isCut: boolean;
}

/**
 * Reads the end of a file, `maximumBytes` of it at most.
 * @throws Failure `usage` with the message `missing` where it cannot be opened
 */
export async function readFileEnd(file: string, maximumBytes: number, missing: string, hint?: string): Promise<FileEnd> {
	const handle = await open(file).catch((cause: unknown) => {
		throw usageFailure(missing, { cause, hint });
	});
	try {
		const { size } = await handle.stat();
		const length = Math.min(size, maximumBytes);
		const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length);
		return { text: buffer.subarray(0, bytesRead).toString('utf8'), isCut: size > length };
	} finally {
		await handle.close();
	}
}
