import { mkdir, mkdtemp, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
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
 * Writes a seed disk. The directory of `file` must exist; a disk that is there is replaced as a whole, or stays.
 * @param workBeside the disk is made in a directory beside this file, of the same file system: a run has a place that goes
 * even when it is killed
 */
export async function writeSeedDisk(files: SeedFiles, file: string, signal?: AbortSignal, workBeside = file): Promise<void> {
	await withCleanup(async (cleanup) => {
		let work: string | undefined;
		cleanup.defer('seed files', () => (work ? rm(work, { recursive: true, force: true }) : undefined));
		work = await mkdtemp(`${workBeside}.`);
		const [tree, disk] = [path.join(work, 'files'), path.join(work, 'disk')];
		await mkdir(tree);
		for (const [name, content] of Object.entries(files)) {
			const target = path.join(tree, name);
			await mkdir(path.dirname(target), { recursive: true });
			await writeFile(target, content, { mode: isStartupFile(name) || content.toString().startsWith('#!') ? 0o755 : 0o644 });
		}
		await run(isoArgv(tree, disk), { signal });
		const { size } = await stat(disk);
		await truncate(disk, Math.ceil(size / seedDiskBytes) * seedDiskBytes);
		await rename(disk, file);
	});
}
