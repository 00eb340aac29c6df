import { orDiskFull } from '../base/disk-usage.js';
import { run, type Argv } from '../process/run.js';

/**
 * The command that makes a squashfs of the tar archive on its standard input; options set the attributes of the root
 * directory. Not sqfstar(1), which mis-reads options in squashfs-tools 4.5.1.
 */
export const squashArgv = (file: string): Argv => [
	...(['mksquashfs', '-', file, '-tar', '-quiet', '-no-progress', '-noappend'] as const),
	...['-comp', 'zstd', '-Xcompression-level', '3', '-b', '256K'],
	...['-root-mode', '755', '-root-uid', '0', '-root-gid', '0'],
];

/**
 * Writes a squashfs of a tar archive, which is a file or bytes. No time in it is later than `epoch`, in seconds since 1970
 * (mksquashfs(1), SOURCE_DATE_EPOCH).
 * @throws Failure `disk-full` (exit 3), or as `run`
 */
export async function squash(
	source: { readonly archive: string } | Uint8Array,
	file: string,
	epoch: number,
	signal?: AbortSignal,
): Promise<void> {
	const argv = squashArgv(file);
	const options = { signal, env: reproducible(epoch), killWhenOrphaned: true };
	await orDiskFull(
		'archive' in source
			? run(['sh', '-c', 'archive=$1; shift; exec "$@" <"$archive"', 'sh', source.archive, ...argv], options)
			: run(argv, { ...options, input: source }),
		file,
	);
}

/** The environment in which the tools of an ISO write the same on every day and in every time zone. */
export const reproducible = (epoch: number): Record<string, string> => ({ SOURCE_DATE_EPOCH: String(epoch), TZ: 'UTC' });
