/** File layout of an exported lab in the run directory that it was imported into. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Image } from '../image/store.js';

/** The names of an image's files that a machine is started from. */
export const imageFiles = ['root.img', 'vmlinuz', 'initrd'] as const;

/** The store whose only checkpoint is that of the machines. */
export const checkpointsIn = (directory: string): string => path.join(directory, 'checkpoint');

/** An image that came with a bundle. */
export const imageDirectoryIn = (directory: string, key: string): string => path.join(directory, 'images', key);

/** The same as one that was built here. What packages it has matters to nobody any more. */
export function imageIn(directory: string, key: string): Image {
	const [rootFile, kernelFile, initrdFile] = imageFiles.map((name) => path.join(imageDirectoryIn(directory, key), name)) as [string, string, string];
	return { key, packages: [], rootFile, kernelFile, initrdFile };
}

/** The directory of the checkpoint that came with a run; nothing where none did. */
export async function findCheckpointIn(directory: string): Promise<string | undefined> {
	const [key] = (await readdir(checkpointsIn(directory)).catch(() => [])).filter((name) => /^[0-9a-f]{16}$/.test(name));
	return key === undefined ? undefined : path.join(checkpointsIn(directory), key);
}
