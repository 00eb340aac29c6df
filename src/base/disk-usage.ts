import type { Stats } from 'node:fs';
import { lstat, readdir, statfs } from 'node:fs/promises';
import path from 'node:path';
import { hostFailure, toFailure, type Failure } from './errors.js';
import { formatBytes } from './format.js';

/** Bytes that a file or a whole directory occupies on its disk, without holes. A missing file counts 0. */
export const diskUsage = (file: string): Promise<number> => sumBlocks(file, () => 1);

/**
 * Bytes that a file or directory occupies on its disk; a file with n hard links counts a n-th of its size. Over directories
 * that contain all links of their files, the shares sum up to what the directories occupy together.
 */
export const diskShare = (file: string): Promise<number> => sumBlocks(file, ({ nlink }) => nlink);

async function sumBlocks(file: string, sharersOf: (stats: Stats) => number): Promise<number> {
	const stats = await lstat(file).catch(() => undefined);
	if (!stats) return 0;
	// stat(2) counts blocks of 512 bytes, whatever the file system's own size is.
	const own = stats.blocks * 512;
	if (!stats.isDirectory()) return own / sharersOf(stats);
	const names = await readdir(file).catch(() => []);
	const inner = await Promise.all(names.map((name) => sumBlocks(path.join(file, name), sharersOf)));
	return Math.round(inner.reduce((sum, bytes) => sum + bytes, own));
}

/** Bytes that are free for this user on a directory's file system (statfs(2)). */
export async function freeBytes(directory: string): Promise<number> {
	const { bavail, bsize } = await statfs(directory);
	return bavail * bsize;
}

/** Checks that a directory's file system has `bytes` bytes free. @throws Failure `disk-full` where it has not */
export async function requireSpace(directory: string, bytes: number): Promise<void> {
	const free = await freeBytes(directory);
	if (bytes <= free) return;
	const [needed, available] = [formatBytes(bytes), formatBytes(free)];
	throw hostFailure('disk-full', `not enough disk space in ${directory}: up to ${needed} are needed, ${available} are free`, {
		hint: '`rehearse prune` empties the caches and removes old runs',
	});
}

/** What the system, dpkg, apt and xorriso say of a full disk; the last two look before they write. */
const noRoom = /No space left on device|ENOSPC|You don't have enough free space|exceeds free space on media/;

/** Whether a text tells of a full disk. */
export const tellsOfFullDisk = (text: string): boolean => noRoom.test(text);

/** The failure for want of space, in the middle of something. */
export const diskFullFailure = (message: string, cause?: unknown): Failure =>
	hostFailure('disk-full', message, { hint: 'free some space (`rehearse prune --list` lists what could go), then run it again', cause });

/** Passes on a result; reports a failure for want of space as such. @param place where it was written */
export async function orDiskFull<T>(working: Promise<T>, place: string): Promise<T> {
	try {
		return await working;
	} catch (error) {
		const { code, message, detail } = toFailure(error);
		if (code === 'disk-full' || !tellsOfFullDisk(`${message}\n${detail ?? ''}`)) throw error;
		throw diskFullFailure(`no room is left on the disk of ${place}`, error);
	}
}
