import { mkdir, mkdtemp, rm, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { withCleanup } from '../base/cleanup.js';
import { run } from '../process/run.js';
import { isStartupFile, type SeedFiles } from './content.js';

/** Seed disks are padded to a multiple of this, so that an edited one fits a machine that knows the size. */
export const seedDiskBytes = 2 * 1024 * 1024;

/** The command that makes an ISO 9660 image of a directory, with the label that NoCloud looks for. */
export const isoArgv = (directory: string, file: string): readonly [string, ...string[]] => [
	'bsdtar',
	...['--create', '--file', file],
	// It is padded below. By default it has Rock Ridge, whose names are as long as a file's may be, with modes that let
	// everybody read, whatever the umask was here, and execute what somebody may (archive_write_set_options(3), rockridge).
	...['--format', 'iso9660', '--options', 'volume-id=cidata,!pad'],
	...['--uid', '0', '--gid', '0'],
	...['--directory', directory, '.'],
];

/**
 * Writes a seed disk. The directory of `file` must exist; a disk that is there is replaced.
 * @param workBeside the files are laid out in a directory beside this one: a run has a place that goes even when it is killed
 */
export async function writeSeedDisk(files: SeedFiles, file: string, signal?: AbortSignal, workBeside = file): Promise<void> {
	await withCleanup(async (cleanup) => {
		let tree: string | undefined;
		cleanup.defer('seed files', () => (tree ? rm(tree, { recursive: true, force: true }) : undefined));
		tree = await mkdtemp(`${workBeside}.`);
		for (const [name, content] of Object.entries(files)) {
			const target = path.join(tree, name);
			await mkdir(path.dirname(target), { recursive: true });
			await writeFile(target, content, { mode: isStartupFile(name) || content.toString().startsWith('#!') ? 0o755 : 0o644 });
		}
		await rm(file, { force: true });
		await run(isoArgv(tree, file), { signal });
		const { size } = await stat(file);
		await truncate(file, Math.ceil(size / seedDiskBytes) * seedDiskBytes);
	});
}
