import path from 'node:path';
import { withCleanup } from '../base/cleanup.js';
import { brokenFailure, ExitCode, Failure, hostFailure } from '../base/errors.js';
import { isThere } from '../base/files.js';
import { lastLines } from '../base/format.js';
import { pasteable } from '../base/shell.js';
import { untilAborted } from '../base/waiting.js';
import { minimumDiskMiB } from '../lab/lab.js';
import { startChild, type Child, type ChildExit, type ChildOptions } from '../process/child.js';
import { startJanitor } from '../process/janitor.js';
import type { Argv } from '../process/run.js';
import { inUserNamespace, readSubordinateRanges } from '../process/user-namespace.js';
import { imagesDirectory, suiteProgram, type GuestDefinition, type ImageRequest } from './guest.js';
import type { Mirror } from './mirror.js';
import { handPackagesProgram, keepPackages } from './package-cache.js';
import { makeScratch, scratchLayout, type ScratchOptions } from './scratch.js';

/** Size of an image's file system. It is sparse, and grown to the node's disk at first boot: no disk is smaller. */
const fileSystemSize = `${minimumDiskMiB}M`;

export interface BuildOptions extends ScratchOptions {
	readonly guest: GuestDefinition;
	readonly mirror: Mirror;
	/** Directory that `root.img`, `vmlinuz`, `initrd`, `packages.txt` and `contents.txt` are written to; it exists and is empty. */
	readonly into: string;
	readonly onProgress: (detail: string) => void;
	readonly signal?: AbortSignal | undefined;
}

/** What is built, for messages. */
export interface BuildSubject {
	/** Such as `the image`. */
	readonly what: string;
	/** The command that builds it. */
	readonly command: string;
}

/** Where apt keeps the packages that it has downloaded. */
const archives = '/var/cache/apt/archives';

/**
 * The hooks that hand mmdebstrap packages that were downloaded before, and take out what there is at its end. Not its
 * special hooks `sync-in` and `sync-out` (mmdebstrap(1), section "HOOKS"): an archive of a directory that changes meanwhile
 * fails.
 */
export function packageHooks(scratch: string): { readonly handIn: string; readonly takeOut: string } {
	const { known, gathered } = scratchLayout(scratch);
	return {
		handIn: `--setup-hook=sh -c ${pasteable([handPackagesProgram])} sh "$1" ${pasteable([known])}`,
		takeOut: `--customize-hook=mkdir ${pasteable([gathered])} && find "$1${archives}" -maxdepth 1 -name '*.deb' -exec mv -t ${pasteable([gathered])} {} +`,
	};
}

/** The command that writes an image's root file system into a tar archive. */
export function mmdebstrapArgv(
	request: ImageRequest,
	archive: string,
	options: Pick<BuildOptions, 'guest' | 'mirror'> & { readonly scratch: string; readonly hasSuiteProgram?: boolean },
): Argv {
	const { files } = scratchLayout(options.scratch);
	const packages = packageHooks(options.scratch);
	return [
		'mmdebstrap',
		'--mode=unshare',
		'--variant=minbase',
		'--format=tar',
		`--components=${options.guest.components.join(',')}`,
		`--include=${request.packages.join(',')}`,
		'--aptopt=Apt::Install-Recommends "false"',
		...(options.mirror.proxy ? [`--aptopt=Acquire::http::Proxy "${options.mirror.proxy}"`] : []),
		'--dpkgopt=path-exclude=/usr/share/man/*',
		'--dpkgopt=path-exclude=/usr/share/locale/*',
		'--dpkgopt=path-exclude=/usr/share/doc/*',
		'--dpkgopt=path-include=/usr/share/doc/*/copyright',
		'--skip=essential/unlink',
		packages.handIn,
		...(options.hasSuiteProgram ? [`--customize-hook=sh ${pasteable([path.join(files, suiteProgram(request.suite))])} "$1"`] : []),
		`--customize-hook=sh ${pasteable([path.join(files, 'customize.sh')])} "$1" ${pasteable([files])}`,
		packages.takeOut,
		request.suite,
		archive,
		...(options.mirror.uri ? [options.mirror.uri] : []),
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
 * Builds an image into `options.into`. Takes a minute or so, and the mirror.
 * @throws Failure `package-unknown` (exit 2) naming node and package, `mirror-unreachable` (exit 3), or
 * `image-build-failed` (exit 4).
 */
export async function buildImage(request: ImageRequest, options: BuildOptions): Promise<void> {
	const ranges = await readSubordinateRanges();
	await withCleanup(async (cleanup) => {
		const scratch = await makeScratch(imagesDirectory(), ranges, options, cleanup);
		const archive = path.join(scratch, 'root.tar');
		const hasSuiteProgram = await isThere(path.join(imagesDirectory(), suiteProgram(request.suite)));
		const argv = mmdebstrapArgv(request, archive, { ...options, scratch, hasSuiteProgram });
		const log = await bootstrap(argv, { ...options, scratch });
		if (log.exitCode !== 0) throw bootstrapFailure(log.text, request);
		await keepPackages(scratchLayout(scratch).gathered, options.packageCache);
		options.onProgress('writing the file system');
		const tree = path.join(scratch, 'tree');
		const unpack = inUserNamespace(ranges, ['sh', '-c', unpackProgram, 'sh', archive, options.into, tree, fileSystemSize]);
		const { exitCode, recentStderr } = await runWithFamily('unpacking', unpack, { signal: options.signal });
		if (exitCode !== 0) throw bootstrapFailure(recentStderr, request);
	});
}

/** Runs mmdebstrap to its end; resolves to its exit status and log. */
export async function bootstrap(
	argv: Argv,
	options: Pick<BuildOptions, 'onProgress' | 'signal'> & { readonly scratch: string; readonly env?: Readonly<Record<string, string>> },
): Promise<{ exitCode: number | undefined; text: string }> {
	let text = '';
	const onStderr = (chunk: Buffer) => {
		text += chunk.toString();
		const step = /^I: ((?:downloading|extracting|installing|creating) .*?)(?:\.\.\.)?$/m.exec(chunk.toString());
		if (step?.[1]) options.onProgress(step[1]);
	};
	const env = { TMPDIR: options.scratch, ...options.env };
	const { exitCode } = await runWithFamily('mmdebstrap', argv, { env, onStderr, signal: options.signal });
	return { exitCode, text };
}

/**
 * Runs a program that has programs of its own work for it. All of them are killed when this process dies meanwhile, whatever
 * ends it.
 */
async function runWithFamily(
	name: string,
	argv: Argv,
	{ signal, ...options }: Pick<ChildOptions, 'env' | 'onStderr'> & Pick<BuildOptions, 'signal'>,
): Promise<ChildExit> {
	return withCleanup(async (cleanup) => {
		let child: Child | undefined;
		cleanup.defer(name, () => child?.stop());
		// The signal is for the moment until the janitor is there.
		child = await startChild(argv, { signalWhenOrphaned: 'SIGTERM', ...options });
		await startJanitor(`janitor of ${name}`, ['sh', '-c', 'kill -s KILL -- "-$1"', 'sh', String(child.pid)], cleanup);
		return untilAborted(child.exited, signal);
	});
}

/** What went wrong, as mmdebstrap's log (apt's messages are in it) tells. */
export function bootstrapFailure(
	log: string,
	request: ImageRequest,
	{ what, command }: BuildSubject = { what: 'the image', command: 'rehearse image' },
): Failure {
	const nodes = request.nodes.join(', ');
	const unknown = /E: (?:Unable to locate package (\S+)|Package '(\S+)' has no installation candidate)/.exec(log);
	if (unknown) {
		const name = unknown[1] ?? unknown[2] ?? '';
		return new Failure('package-unknown', ExitCode.usage, `${nodes}: Debian has no package '${name}'`, {
			node: request.nodes[0],
			hint: `correct the name in the recipe's packages; \`apt-cache search ${name}\` may help`,
		});
	}
	// Behind that line mmdebstrap cleans up, at length.
	const upToFailure = /^[^]*?^E: setup failed.*$/m.exec(log)?.[0] ?? log;
	const detail = lastLines(upToFailure, 20);
	if (/Could not (?:resolve|connect)|Temporary failure resolving|Unable to connect|Connection failed/.test(log)) {
		return hostFailure('mirror-unreachable', `${what} of ${nodes} is not built yet, and the mirror cannot be reached`, {
			detail,
			hint: `run \`${command}\` once with a network; later runs need none`,
		});
	}
	return brokenFailure('image-build-failed', `${what} of ${nodes} could not be built`, { detail });
}
