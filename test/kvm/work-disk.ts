/** The second disk of the outer machine: the built checkout, the labs' images, and room for what the tool writes. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import { packageRoot } from '../../src/base/package-root.js';
import { run } from '../../src/process/run.js';
import { inUserNamespace, readSubordinateRanges } from '../../src/process/user-namespace.js';
import { userPaths } from '../../src/runs/paths.js';

const sizeMiB = 24 * 1024;

/** What of the checkout the tool needs when it runs, and the labs. */
const parts = ['bin', 'dist', 'src', 'images', 'cloud-init', 'node_modules', 'package.json', 'package-lock.json', 'test/labs'];

/** The labs that are rehearsed, by the names of their directories in `test/labs`. */
const labs = ['single', 'pair'];

/** Writes the disk. The labs' images come from this user's cache, and are built where they are missing. */
export async function makeWorkDisk(file: string, print: (text: string) => void): Promise<void> {
	const root = packageRoot();
	const images = new Set<string>();
	for (const lab of labs) {
		const { stdout } = await run([process.execPath, path.join(root, 'dist', 'bin', 'main.js'), 'image', path.join(root, 'test', 'labs', lab)]);
		for (const [key] of stdout.matchAll(/^[\da-f]{16}\b/gm)) images.add(key);
	}
	print('writing the checkout and the images to a disk');
	const tree = await mkdtemp(path.join(path.dirname(file), 'tree-'));
	try {
		for (const part of parts) await copyTree(path.join(root, part), path.join(tree, 'rehearse', part));
		for (const key of images) {
			await copyTree(path.join(userPaths().images, key), path.join(tree, 'cache', 'rehearse', 'images', key));
		}
		await rm(file, { force: true });
		await run(['truncate', `--size=${sizeMiB}M`, file]);
		await run(inUserNamespace(await readSubordinateRanges(), ['mke2fs', '-q', '-t', 'ext4', '-L', 'bed-work', '-d', tree, file]));
	} finally {
		await rm(tree, { recursive: true, force: true });
	}
}

/** By hard links where they can be made: the copy is only read. */
async function copyTree(from: string, to: string): Promise<void> {
	await mkdir(path.dirname(to), { recursive: true });
	const copy = (flags: string) => run(['cp', flags, '--', from, to]);
	await copy('-al').catch(async () => {
		await rm(to, { recursive: true, force: true });
		await copy('-a');
	});
}
