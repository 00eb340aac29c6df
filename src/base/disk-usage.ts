import type { Stats } from 'node:fs';
import { lstat, readdir, statfs } from 'node:fs/promises';
import path from 'node:path';
import { hostFailure } from './errors.js';
import { formatBytes } from './format.js';

/** Bytes that a file or a whole directory occupies on its disk, holes not counted; 0 for what is not there. */
export const diskUsage = (file: string): Promise<number> => sumBlocks(file, () => 1);

/**
 * The same, where what is shared with others by hard links counts by the share: for directories that have all the links of
 * their files among them, the sum is what they occupy together.
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

/** @throws Failure `disk-full` where a directory's file system has no room for as many bytes */
export async function requireSpace(directory: string, bytes: number): Promise<void> {
	const free = await freeBytes(directory);
	if (bytes <= free) return;
	throw hostFailure('disk-full', `there is no room in ${directory}: up to ${formatBytes(bytes)} are to be written, ${formatBytes(free)} are free`, {
		hint: '`rehearse prune` empties the caches and removes old runs',
	});
}
