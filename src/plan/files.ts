/** Which files a plan is made of, and reading them: a plan may come from anybody, and name anything on this host. */
import { constants } from 'node:fs';
import { open, realpath, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { openRegular } from '../base/files.js';
import { formatBytes } from '../base/format.js';
import type { PlanSource } from './types.js';

/**
 * The largest plan that is read, in bytes: no more than is read in a few seconds. That of the bundled lab has 12 KiB. The
 * parser of YAML takes three times as long for one as ours for JSON.
 */
export const maximumPlanBytes = { json: 2 * 1024 * 1024, yaml: 1024 * 1024 } as const;

/** The largest startup script that is read, in bytes. */
export const maximumScriptBytes = 1024 * 1024;

/** Why a file is not read, as text. */
export class UnreadableFile extends Error {}

/**
 * Reads a plan, from a pipe too.
 * @param within where it is given, only a regular file in or below that directory is read
 * @throws UnreadableFile, or an error of the system
 */
export async function readPlanBytes(file: string, within?: string): Promise<Buffer> {
	const handle = within === undefined ? await open(file, constants.O_RDONLY) : await openRegular(file, within);
	if (!handle) throw new UnreadableFile('it is no regular file of its directory');
	try {
		return file.endsWith('.json')
			? await readBounded(handle, maximumPlanBytes.json, 'a plan')
			: await readBounded(handle, maximumPlanBytes.yaml, 'a plan in YAML');
	} finally {
		await handle.close();
	}
}

/**
 * Reads a script beside a plan. Only a regular file within the plan's directory is opened to be read; a symbolic link is
 * none, and neither is what lies behind one that leads out.
 * @throws UnreadableFile, or an error of the system
 */
export async function readScriptFile(file: string, directory: string): Promise<Buffer> {
	const [home, folder] = await Promise.all([realpath(directory), realpath(path.dirname(file))]);
	if (folder !== home && !folder.startsWith(home === '/' ? '/' : `${home}/`)) throw new UnreadableFile("it is outside the plan's folder");
	// Without blocking: a FIFO would wait for somebody who writes to it.
	const handle = await open(path.join(folder, path.basename(file)), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
	try {
		const status = await handle.stat();
		if (status.isDirectory()) throw new UnreadableFile('it is a directory');
		if (!status.isFile()) throw new UnreadableFile('it is no regular file');
		return await readBounded(handle, maximumScriptBytes, 'a startup script');
	} finally {
		await handle.close();
	}
}

/** The message for a file that is larger than what is read of its kind. */
export const tooLarge = (what: string, limit: number): string => `${what} has ${formatBytes(limit)} at most, and it is larger`;

async function readBounded(handle: FileHandle, limit: number, what: string): Promise<Buffer> {
	const chunks: Buffer[] = [];
	let size = 0;
	for (;;) {
		const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(64 * 1024));
		if (bytesRead === 0) return Buffer.concat(chunks);
		chunks.push(buffer.subarray(0, bytesRead));
		size += bytesRead;
		if (size > limit) throw new UnreadableFile(tooLarge(what, limit));
	}
}

/** The plan's own file and every script file that it names, absolute, whether it is there or not. */
export function filesOf(source: Pick<PlanSource, 'path' | 'value'>): string[] {
	const named = scriptFilesIn(source.value).map((file) => path.resolve(path.dirname(source.path), file));
	return [...new Set([source.path, ...named])];
}

function scriptFilesIn(value: unknown): string[] {
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([key, inner]) =>
		(key === 'script_file' || key === 'scriptFile') && typeof inner === 'string' ? [inner] : scriptFilesIn(inner),
	);
}
