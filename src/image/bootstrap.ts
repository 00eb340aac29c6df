/** Running mmdebstrap: for layers, images and ISOs. */
import { withCleanup } from '../base/cleanup.js';
import { diskFullFailure, tellsOfFullDisk } from '../base/disk-usage.js';
import { brokenFailure, ExitCode, Failure, hostFailure } from '../base/errors.js';
import { formatBytes, lastLines } from '../base/format.js';
import { pasteable } from '../base/shell.js';
import { untilAborted } from '../base/waiting.js';
import { minimumDiskMiB } from '../lab/lab.js';
import { startChild, type Child, type ChildExit, type ChildOptions } from '../process/child.js';
import { findProgram } from '../process/find-program.js';
import { startJanitor } from '../process/janitor.js';
import { programMissing, type Argv } from '../process/run.js';
import { handPackagesProgram } from './package-cache.js';
import { scratchLayout } from './scratch.js';
import type { ImageRequest } from './guest.js';

/** What is built, for messages. */
export interface BuildSubject {
	/** Such as `the image`. */
	readonly what: string;
	/** The command that builds it. */
	readonly command: string;
	/** It has no package of a recipe, so that no recipe is at fault. */
	readonly isShared?: boolean;
}

/** An image. */
export const imageSubject: BuildSubject = { what: 'the image', command: 'rehearse image' };

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

/** Where Debian's own programs are. */
const systemDirectories = '/usr/sbin:/usr/bin:/sbin:/bin';

export interface BootstrapOptions {
	/** The build's scratch directory; its maker sees to it that it goes. */
	readonly scratch: string;
	readonly onProgress: (detail: string) => void;
	readonly signal?: AbortSignal | undefined;
}

/** Runs mmdebstrap to its end; resolves to its exit status and log. */
export async function bootstrap(argv: Argv, { scratch, onProgress, signal }: BootstrapOptions): Promise<{ exitCode: number | undefined; text: string }> {
	const [program, ...args] = argv;
	const found = await findProgram(program);
	if (found === undefined) throw programMissing(program);
	let text = '';
	const onStderr = (chunk: Buffer) => {
		text += chunk.toString();
		const step = /^I: ((?:downloading|extracting|installing|creating) .*?)(?:\.\.\.)?$/m.exec(chunk.toString());
		if (step?.[1]) onProgress(step[1]);
	};
	const env = {
		TMPDIR: scratch,
		// A Python that this user has for himself, such as a shim of pyenv, would be started once for each package (mmtarfilter).
		PATH: `${systemDirectories}:${process.env['PATH'] ?? ''}`,
		// initramfs-tools' kernel hook makes no initial ramdisk then: customize.sh makes the one that counts, once all is there.
		INITRD: 'No',
	};
	const { exitCode } = await runWithFamily('mmdebstrap', [found, ...args], { env, onStderr, signal });
	return { exitCode, text };
}

/**
 * Runs a program that has programs of its own work for it. All of them are killed when this process dies meanwhile, whatever
 * ends it.
 */
export async function runWithFamily(
	name: string,
	argv: Argv,
	{ signal, ...options }: Pick<ChildOptions, 'env' | 'onStderr'> & Pick<BootstrapOptions, 'signal'>,
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

/** mke2fs(8), of a file system that is too small for the files that it is to have. */
const tooLarge = /Could not allocate (?:block|inode) in ext2 filesystem/;

/** What apt tells of packages that cannot be installed together: above the line that ends it, or indented below it from apt 3 on. */
function unmetDependencies(log: string): string | undefined {
	const lines = log.split('\n');
	const end = lines.findIndex((line) => /^E: Unable to (?:correct problems, you have held broken packages|satisfy dependencies)/.test(line));
	if (end < 0) return undefined;
	const begin = lines.slice(0, end).lastIndexOf('The following packages have unmet dependencies:');
	const behind = lines.findIndex((line, index) => index > end && !/^\s+\S/.test(line));
	return lastLines(lines.slice(begin < 0 ? end : begin, behind < 0 ? undefined : behind).join('\n'), 20);
}

/** What is wrong with the packages of a recipe, by mmdebstrap's log; nothing where that is about something else. */
function recipeFailure(log: string, upToFailure: string, names: readonly string[]): Failure | undefined {
	const [node] = names;
	const nodes = names.join(', ');
	const unknown = /E: (?:Unable to locate package (\S+)|Package '(\S+)' has no installation candidate)/.exec(log);
	if (unknown) {
		const name = unknown[1] ?? unknown[2] ?? '';
		return new Failure('package-unknown', ExitCode.usage, `${nodes}: Debian has no package '${name}'`, {
			node,
			hint: `correct the name in the recipe's packages; \`apt-cache search ${name}\` may help`,
		});
	}
	if (tooLarge.test(log)) {
		return new Failure('image-too-large', ExitCode.usage, `${nodes}: the files of its packages take more than ${formatBytes(minimumDiskMiB * 2 ** 20)}`, {
			node,
			hint: 'an image is no larger than the smallest disk of a node: leave the largest packages out of the recipe',
		});
	}
	const detail = unmetDependencies(upToFailure);
	if (detail === undefined) return undefined;
	return new Failure('packages-conflict', ExitCode.usage, `${nodes}: its packages cannot be installed together`, {
		node,
		detail,
		hint: 'leave one of them out of the recipe; where all of them go together on Debian, its mirror is being changed: try again later',
	});
}

/** What went wrong, by mmdebstrap's log (apt's messages are in it). */
export function bootstrapFailure(log: string, request: Pick<ImageRequest, 'nodes'>, { what, command, isShared = false }: BuildSubject = imageSubject): Failure {
	const nodes = request.nodes.join(', ');
	// Behind that line mmdebstrap cleans up, at length.
	const failed = /^E: setup failed.*$/m.exec(log);
	const upToFailure = failed ? log.slice(0, failed.index + failed[0].length) : log;
	const ofRecipe = isShared ? undefined : recipeFailure(log, upToFailure, request.nodes);
	if (ofRecipe) return ofRecipe;
	if (tellsOfFullDisk(upToFailure)) return diskFullFailure(`${what} of ${nodes} could not be built: no room is left on the disk`);
	const detail = lastLines(upToFailure, 20);
	if (/Could not (?:resolve|connect)|Temporary failure resolving|Unable to connect|Connection failed/.test(log)) {
		return hostFailure('mirror-unreachable', `${what} of ${nodes} is not built yet, and the mirror cannot be reached`, {
			detail,
			hint: `run \`${command}\` once with a network; later runs need none`,
		});
	}
	return brokenFailure('image-build-failed', `${what} of ${nodes} could not be built`, { detail });
}
