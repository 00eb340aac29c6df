import { chmod, cp, lstat, mkdtemp, readdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isHeld, processToken, tokenOf } from '../base/alive.js';
import { withCleanup, type CleanupStack } from '../base/cleanup.js';
import { Failure, ExitCode, brokenFailure, hostFailure } from '../base/errors.js';
import { isThere } from '../base/files.js';
import { lastLines } from '../base/format.js';
import { pasteable } from '../base/shell.js';
import { untilAborted } from '../base/waiting.js';
import { minimumDiskMiB } from '../lab/lab.js';
import { startChild, type Child } from '../process/child.js';
import { startJanitor } from '../process/janitor.js';
import { run, type Argv } from '../process/run.js';
import { inUserNamespace, readSubordinateRanges } from '../process/user-namespace.js';
import { imagesDirectory, suiteProgram, type GuestDefinition, type ImageRequest } from './guest.js';
import type { Mirror } from './mirror.js';
import { handPackagesProgram, keepPackages, takePackages } from './package-cache.js';

/** Size of an image's file system. It is sparse, and grown to the node's disk at first boot: no disk is smaller. */
const fileSystemSize = `${minimumDiskMiB}M`;

type Ranges = Awaited<ReturnType<typeof readSubordinateRanges>>;

export interface BuildOptions {
	readonly guest: GuestDefinition;
	readonly mirror: Mirror;
	/** Directory that `root.img`, `vmlinuz`, `initrd` and `packages.txt` are written to; it exists and is empty. */
	readonly into: string;
	/** Directory in which one is made for what only lives during the build; every user of the host may pass through it. */
	readonly scratchBase: string;
	/** Directory in which downloaded packages are kept from build to build. */
	readonly packageCache: string;
	readonly onProgress: (detail: string) => void;
	readonly signal?: AbortSignal | undefined;
}

/** Where apt keeps the packages that it has downloaded. */
const archives = '/var/cache/apt/archives';

/** What a build's scratch directory holds beside the archive. */
const placesIn = (scratch: string) => ({
	images: path.join(scratch, 'images'),
	/** Packages that were there before. */
	known: path.join(scratch, 'known'),
	/** Packages that are there afterwards. */
	gathered: path.join(scratch, 'gathered'),
});

/**
 * The command that writes an image's root file system into a tar archive.
 *
 * The hooks hand it packages that were downloaded before, and take out what there is at its end. Not by its special hooks
 * `sync-in` and `sync-out` (mmdebstrap(1), section "HOOKS"): an archive of a directory that changes meanwhile fails.
 */
export function mmdebstrapArgv(
	request: ImageRequest,
	archive: string,
	options: Pick<BuildOptions, 'guest' | 'mirror'> & { readonly scratch: string; readonly hasSuiteProgram?: boolean },
): Argv {
	const { images, known, gathered } = placesIn(options.scratch);
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
		`--setup-hook=sh -c ${pasteable([handPackagesProgram])} sh "$1" ${pasteable([known])}`,
		...(options.hasSuiteProgram ? [`--customize-hook=sh ${pasteable([path.join(images, suiteProgram(request.suite))])} "$1"`] : []),
		`--customize-hook=sh ${pasteable([path.join(images, 'customize.sh')])} "$1" ${pasteable([images])}`,
		`--customize-hook=mkdir ${pasteable([gathered])} && find "$1${archives}" -maxdepth 1 -name '*.deb' -exec mv -t ${pasteable([gathered])} {} +`,
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
		let scratch = '';
		cleanup.defer('scratch directory', async () => {
			if (scratch !== '') await removeScratch(scratch, ranges);
		});
		scratch = await mkdtemp(path.join(options.scratchBase, scratchPrefix(tokenOf())));
		// mmdebstrap works as a subordinate user, whose group may write here; within the namespace that is group 1. Nobody else
		// may: who waits for such a directory would have a file of this user's copied, or a package of his own installed.
		await run(inUserNamespace(ranges, ['chgrp', '1', scratch]));
		await chmod(scratch, 0o770);
		// Copies that the subordinate user can read: checkout and cache may be in a home that is closed to others.
		const { images, known, gathered } = placesIn(scratch);
		await cp(imagesDirectory(), images, { recursive: true });
		await takePackages(options.packageCache, known);
		await run(['chmod', '-R', 'a+rX', images, known]);

		const archive = path.join(scratch, 'root.tar');
		const log = await bootstrap(request, archive, ranges, { ...options, scratch }, cleanup);
		if (log.exitCode !== 0) throw bootstrapFailure(log.text, request);
		await keepPackages(gathered, options.packageCache);
		options.onProgress('writing the file system');
		const tree = path.join(scratch, 'tree');
		const unpack = inUserNamespace(ranges, ['sh', '-c', unpackProgram, 'sh', archive, options.into, tree, fileSystemSize]);
		const { exitCode, stderr } = await run(unpack, { signal: options.signal, allowFailure: true });
		if (exitCode !== 0) throw bootstrapFailure(stderr, request);
	});
}

/** How the names of this user's scratch directories begin. */
const ownPrefix = (): string => `rehearse-${os.userInfo().uid}-`;

const scratchPrefix = (token: string): string => `${ownPrefix()}${token}-`;

/** Its files belong to subordinate users. */
const removeScratch = async (scratch: string, ranges: Ranges): Promise<void> =>
	void (await run(inUserNamespace(ranges, ['rm', '-rf', scratch])));

/** Removes the scratch directories of builds that are dead, as a power failure leaves them. What others have put there stays. */
export async function sweepScratch(base: string): Promise<void> {
	const ranges = await readSubordinateRanges();
	const own = ownPrefix();
	for (const name of await readdir(base).catch(() => [])) {
		const token = name.startsWith(own) ? processToken.exec(name.slice(own.length))?.[0] : undefined;
		const scratch = path.join(base, name);
		if (token === undefined || (await isHeld(token, scratch))) continue;
		const stats = await lstat(scratch).catch(() => undefined);
		if (stats?.isDirectory() && stats.uid === os.userInfo().uid) await removeScratch(scratch, ranges);
	}
}

/**
 * The shell program that ends a build which nobody waits for any more: $1 is mmdebstrap's process group, the rest the
 * command that removes what it made, which may not succeed before the last of the group is gone.
 */
const abandonProgram = 'kill -s KILL -- "-$1"; shift; for _ in $(seq 50); do "$@" && exit; sleep 0.2; done';

/** Runs mmdebstrap to its end; resolves to its exit status and log. */
async function bootstrap(
	request: ImageRequest,
	archive: string,
	ranges: Ranges,
	options: BuildOptions & { readonly scratch: string },
	cleanup: CleanupStack,
): Promise<{ exitCode: number | undefined; text: string }> {
	let text = '';
	let child: Child | undefined;
	cleanup.defer('mmdebstrap', () => child?.stop());
	const hasSuiteProgram = await isThere(path.join(imagesDirectory(), suiteProgram(request.suite)));
	child = await startChild(mmdebstrapArgv(request, archive, { ...options, hasSuiteProgram }), {
		// For the moment until the janitor is there; it ends the whole group, and removes what is left.
		signalWhenOrphaned: 'SIGTERM',
		env: { TMPDIR: options.scratch },
		onStderr: (chunk) => {
			text += chunk.toString();
			const step = /^I: ((?:downloading|extracting|installing|creating) .*?)(?:\.\.\.)?$/m.exec(chunk.toString());
			if (step?.[1]) options.onProgress(step[1]);
		},
	});
	const removal = inUserNamespace(ranges, ['rm', '-rf', options.scratch]);
	await startJanitor('janitor', ['sh', '-c', abandonProgram, 'sh', String(child.pid), ...removal], cleanup);
	const { exitCode } = await untilAborted(child.exited, options.signal);
	return { exitCode, text };
}

/** What went wrong, as mmdebstrap's log (apt's messages are in it) tells. */
export function bootstrapFailure(log: string, request: ImageRequest): Failure {
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
		return hostFailure('mirror-unreachable', `the image of ${nodes} is not built yet, and the mirror cannot be reached`, {
			detail,
			hint: 'run `rehearse image` once with a network; later runs need none',
		});
	}
	return brokenFailure('image-build-failed', `the image of ${nodes} could not be built`, { detail });
}
