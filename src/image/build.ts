import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { withCleanup } from '../base/cleanup.js';
import { isThere } from '../base/files.js';
import { pasteable } from '../base/shell.js';
import { minimumDiskMiB } from '../lab/lab.js';
import type { Argv } from '../process/run.js';
import { inUserNamespace, readSubordinateRanges } from '../process/user-namespace.js';
import { bootstrap, bootstrapFailure, packageHooks, runWithFamily } from './bootstrap.js';
import { imagesDirectory, suiteProgram, type GuestDefinition, type ImageRequest, type LayerRequest } from './guest.js';
import { takeLayer, type Layer } from './layer.js';
import { mirrorArguments, type Sources } from './archives.js';
import { commonOptions } from './options.js';
import { keepPackages } from './package-cache.js';
import { makeScratch, scratchLayout, type ScratchOptions } from './scratch.js';

/** Size of an image's file system. It is sparse, and grown to the node's disk at first boot: no disk is smaller. */
const fileSystemSize = `${minimumDiskMiB}M`;

export interface BuildOptions extends ScratchOptions {
	readonly guest: GuestDefinition;
	readonly sources: Sources;
	/** What it is built on; from nothing where there is none. */
	readonly below: LayerBelow | undefined;
	/** Directory that `root.img`, `vmlinuz`, `initrd`, `packages.txt` and `contents.txt` are written to; it exists and is empty. */
	readonly into: string;
	readonly onProgress: (detail: string) => void;
	readonly signal?: AbortSignal | undefined;
}

/** What an image is made on: a layer, with its packages. */
export interface LayerBelow extends Layer {
	readonly packages: LayerRequest['packages'];
}

/**
 * The command that writes an image's root file system into a tar archive: on a layer (mmdebstrap(1), the last of its
 * EXAMPLES), of which `below` has the packages, or from nothing.
 */
export function mmdebstrapArgv(
	request: ImageRequest,
	archive: string,
	options: Pick<BuildOptions, 'guest' | 'sources'> & {
		readonly scratch: string;
		readonly below: Pick<LayerBelow, 'packages'> | undefined;
		readonly hasSuiteProgram?: boolean;
	},
): Argv {
	const { files, known, layer } = scratchLayout(options.scratch);
	const { handIn, takeOut } = packageHooks(options.scratch);
	const program = (name: string) => pasteable(['sh', path.join(files, name)]);
	const { below } = options;
	const more = below ? request.packages.filter((name) => !below.packages.includes(name)) : [];
	return [
		'mmdebstrap',
		...commonOptions(options.guest, options.sources),
		...(below
			? [
					'--variant=custom',
					'--skip=update',
					`--setup-hook=${program('on-layer/unpack.sh')} "$1" ${pasteable([layer, known, request.suite, request.packages.join(' '), more.join(' ')])}`,
					...(more.length === 0 ? [] : [`--customize-hook=${program('on-layer/install.sh')} "$1" ${pasteable(more)}`]),
				]
			: ['--variant=minbase', `--include=${request.packages.join(',')}`, '--skip=essential/unlink', handIn]),
		...(options.hasSuiteProgram ? [`--customize-hook=${program(suiteProgram(request.suite))} "$1"`] : []),
		`--customize-hook=${program('customize.sh')} "$1" ${pasteable([files])}`,
		takeOut,
		request.suite,
		archive,
		...mirrorArguments(request.suite, options.guest.components, options.sources),
	];
}

/** The shell program that makes an image's files of the tar archive; runs as mapped root. */
const unpackProgram = `
set -eu
archive=$1 into=$2 tree=$3 size=$4
mkdir "$tree"
tar --extract --file="$archive" --directory="$tree" --numeric-owner --xattrs --xattrs-include='*' --exclude='./dev/*'
rm "$archive"
# The host's own: no program of the image runs as this user.
dpkg-query --admindir="$tree/var/lib/dpkg" --show --showformat '${'$'}{binary:Package}\\t${'$'}{Version}\\t${'$'}{Architecture}\\t${'$'}{source:Package}\\t${'$'}{source:Version}\\n' >"$into/packages.txt"
# See contents.ts: what every package needs, the programs and Python modules that it brings, and names that lead to programs.
{
	dpkg-query --admindir="$tree/var/lib/dpkg" --show --showformat 'package\\t${'$'}{Package}\\t${'$'}{Essential}\\t${'$'}{Priority}\\t${'$'}{Pre-Depends}, ${'$'}{Depends}\\t${'$'}{Provides}\\n'
	cd "$tree/var/lib/dpkg/info"
	grep -EH '^/(usr/)?s?bin/[^/]+$|^/usr/lib/python3/dist-packages/[^/]+(\\.py|/__init__\\.py|\\.so)$' -- *.list | sed 's/\\(:[a-z0-9]*\\)\\?\\.list:/\\t/; s/^/file\\t/'
	find "$tree/etc/alternatives" -type l -printf 'alternative\\t%f\\t%l\\n'
	cd /
} >"$into/contents.txt"
for part in vmlinuz initrd.img; do
	set -- "$tree/boot/$part"-*
	if [ $# != 1 ] || [ -L "$1" ] || [ ! -f "$1" ]; then
		echo "it has to have exactly one file $part-…, and has: $(cd "$tree/boot" && ls -d "$part"-*)" >&2
		exit 1
	fi
	cp "$1" "$into/\${part%.img}"
done
truncate --size="$size" "$into/root.img"
mke2fs -q -t ext4 -L rehearse-root -d "$tree" "$into/root.img"
chmod 0644 "$into"/*
# Other than a checkpoint, an image has no digest by which the work of a power failure would be seen.
sync "$into"/*
`;

/**
 * Builds an image into `options.into`, on a layer or from nothing. Takes the mirror unless all packages are cached.
 * @throws Failure `package-unknown` (exit 2) naming node and package, `mirror-unreachable` (exit 3), or
 * `image-build-failed` (exit 4); an UnusableLayer
 */
export async function buildImage(request: ImageRequest, options: BuildOptions): Promise<void> {
	const ranges = await readSubordinateRanges();
	await withCleanup(async (cleanup) => {
		const scratch = await makeScratch(imagesDirectory(), ranges, options, cleanup);
		const layout = scratchLayout(scratch);
		const archive = path.join(scratch, 'root.tar');
		if (options.below) await handLayer(options.below, layout.layer);
		const hasSuiteProgram = await isThere(path.join(imagesDirectory(), suiteProgram(request.suite)));
		const argv = mmdebstrapArgv(request, archive, { ...options, scratch, hasSuiteProgram });
		const log = await bootstrap(argv, { ...options, scratch });
		if (log.exitCode !== 0) throw refusal(log.text) ?? bootstrapFailure(log.text, request);
		await keepPackages(layout.gathered, options.packageCache);
		options.onProgress('writing the file system');
		const tree = path.join(scratch, 'tree');
		const unpack = inUserNamespace(ranges, ['sh', '-c', unpackProgram, 'sh', archive, options.into, tree, fileSystemSize]);
		const { exitCode, recentStderr } = await runWithFamily('unpacking', unpack, { signal: options.signal });
		if (exitCode !== 0) throw bootstrapFailure(recentStderr, request);
	});
}

/** Why an image cannot be made on a layer: its packages are outdated, they would not become the right set, or it is gone. */
export class UnusableLayer extends Error {
	readonly why: 'outdated' | 'unfit' | 'gone';

	constructor(why: UnusableLayer['why'], detail: string) {
		super(detail);
		this.why = why;
	}
}

/** The message of on-layer/unpack.sh when it refused. */
function refusal(log: string): UnusableLayer | undefined {
	const [, why, detail = ''] = /^E: the layer is (outdated|unfit): (.*)$/m.exec(log) ?? [];
	return why === 'outdated' || why === 'unfit' ? new UnusableLayer(why, detail) : undefined;
}

async function handLayer(layer: Layer, into: string): Promise<void> {
	await mkdir(into);
	await chmod(into, 0o755);
	try {
		await takeLayer(layer, into);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
		throw new UnusableLayer('gone', `${layer.archive} is gone`);
	}
}
