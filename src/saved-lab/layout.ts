/** File layout of an exported lab in the run directory that it was imported into. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Image } from '../image/store.js';

/** The names of the files of an image that a machine needs. */
export const imageFiles = ['root.img', 'vmlinuz', 'initrd'] as const;

/** The checkpoint store of an imported run. Its only checkpoint is that of the machines. */
export const checkpointsIn = (directory: string): string => path.join(directory, 'checkpoint');

/** The directory of an image that came with the bundle. */
export const imageDirectoryIn = (directory: string, key: string): string => path.join(directory, 'images', key);

/** Describes that image like one that was built here. Its package list stays empty: nobody needs it any more. */
export function imageIn(directory: string, key: string): Image {
	const [rootFile, kernelFile, initrdFile] = imageFiles.map((name) => path.join(imageDirectoryIn(directory, key), name)) as [string, string, string];
	return { key, packages: [], rootFile, kernelFile, initrdFile };
}

/** The directory of the checkpoint in an imported run; undefined where the bundle had no machines. */
export async function findCheckpointIn(directory: string): Promise<string | undefined> {
	const [key] = (await readdir(checkpointsIn(directory)).catch(() => [])).filter((name) => /^[0-9a-f]{16}$/.test(name));
	return key === undefined ? undefined : path.join(checkpointsIn(directory), key);
}
