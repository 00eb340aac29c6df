/** Building a base layer: Debian's packages as they install themselves, in a squashfs. */
import { copyFile, readdir, readFile, readlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { withCleanup } from '../base/cleanup.js';
import { usageFailure, type Failure } from '../base/errors.js';
import { pasteable } from '../base/shell.js';
import { mirrorArguments, type Sources } from '../image/archives.js';
import { bootstrap, bootstrapFailure, packageHooks, type BuildSubject } from '../image/bootstrap.js';
import type { GuestDefinition } from '../image/guest.js';
import { proxyOptions } from '../image/mirror.js';
import { keepPackages } from '../image/package-cache.js';
import { makeScratch, scratchLayout, type ScratchOptions } from '../image/scratch.js';
import { run, type Argv } from '../process/run.js';
import { readSubordinateRanges } from '../process/user-namespace.js';
import { isoDirectory, type BaseRequest } from './definition.js';
import { parseManifest, pinFailure, pinPreferences } from './manifest.js';
import type { BaseFacts } from './node-layer.js';
import type { UnitFile } from './services.js';
import { squash } from './squash.js';

export interface BaseBuildOptions extends ScratchOptions {
	readonly guest: GuestDefinition;
	/** Where packages come from; security updates as for images. */
	readonly sources: Sources;
	/** Directory that the files of `baseFiles` are written to; it exists and is empty. */
	readonly into: string;
	readonly onProgress: (detail: string) => void;
	readonly signal?: AbortSignal | undefined;
}

/** The files of a finished base layer. */
export const baseFiles = {
	squashfs: '10-base.squashfs',
	kernel: 'vmlinuz',
	initrd: 'initrd.img',
	manifest: 'dpkg-manifest',
	facts: 'facts.json',
} as const;

const subject: BuildSubject = { what: 'the base layer of the ISO', command: 'rehearse iso' };

/** What the scratch directory has beside what every build has. */
const placesIn = (scratch: string) => ({
	archive: path.join(scratch, 'root.tar'),
	/** What customize.sh hands out. */
	out: path.join(scratch, 'out'),
	preferences: path.join(scratch, 'preferences'),
});

/** The command that writes a base layer's file system into a tar archive. `files` is a copy of the directory `iso`. */
export function baseMmdebstrapArgv(
	request: BaseRequest,
	files: string,
	{ guest, sources, scratch }: Pick<BaseBuildOptions, 'guest' | 'sources'> & { readonly scratch: string },
): Argv {
	const { archive, out, preferences } = placesIn(scratch);
	const packages = packageHooks(scratch);
	const pin = `mkdir -p "$1/etc/apt/preferences.d" && cp ${pasteable([preferences])} "$1/etc/apt/preferences.d/99pinned"`;
	return [
		'mmdebstrap',
		'--mode=unshare',
		'--variant=minbase',
		'--format=tar',
		`--components=${guest.components.join(',')}`,
		`--include=${request.packages.join(',')}`,
		`--aptopt=Apt::Install-Recommends "${request.recommends}"`,
		...proxyOptions(sources),
		'--skip=essential/unlink',
		packages.handIn,
		...(request.pin === undefined ? [] : [`--setup-hook=${pin}`]),
		`--customize-hook=sh ${pasteable([path.join(files, 'customize.sh')])} "$1" ${pasteable([out])}`,
		packages.takeOut,
		request.suite,
		archive,
		...mirrorArguments(request.suite, guest.components, sources),
	];
}

/**
 * Builds a base layer into `options.into`. Takes a minute or so, and the mirror.
 * @throws Failure as `buildImage` does, or `usage` (exit 2) where the versions of a pin are not to be had
 */
export async function buildBase(request: BaseRequest, options: BaseBuildOptions): Promise<void> {
	const { into, signal } = options;
	const ranges = await readSubordinateRanges();
	await withCleanup(async (cleanup) => {
		const scratch = await makeScratch(isoDirectory(), ranges, options, cleanup);
		const { files, gathered } = scratchLayout(scratch);
		const { archive, out, preferences } = placesIn(scratch);
		const pinned = request.pin === undefined ? undefined : parseManifest(request.pin, 'dpkg-manifest');
		if (pinned) await writeFile(preferences, pinPreferences(pinned), { mode: 0o644 });
		const argv = baseMmdebstrapArgv(request, files, { ...options, scratch });
		const log = await bootstrap(argv, { ...options, scratch });
		if (log.exitCode !== 0) throw kernelFailure(log.text, request) ?? bootstrapFailure(log.text, request, subject);
		await keepPackages(gathered, options.packageCache);
		const manifest = await readFile(path.join(out, baseFiles.manifest), 'utf8');
		const failure = pinned && pinFailure(pinned, parseManifest(manifest, baseFiles.manifest), request.nodes.join(', '));
		if (failure) throw failure;
		const facts = await readFacts(out);
		options.onProgress('compressing the base layer');
		await squash({ archive }, path.join(into, baseFiles.squashfs), facts.epoch, signal);
		for (const name of [baseFiles.kernel, baseFiles.initrd]) await copyFile(path.join(out, name), path.join(into, name));
		await writeFile(path.join(into, baseFiles.manifest), manifest);
		await writeFile(path.join(into, baseFiles.facts), JSON.stringify({ ...facts, units: [...facts.units] }));
		// As for images: a power failure must not leave what looks whole.
		await run(['sync', ...Object.values(baseFiles).map((name) => path.join(into, name))], { signal });
	});
}

/** Why no base layer came about, where its packages had brought several kernels, or none: the message of customize.sh. */
export function kernelFailure(log: string, { nodes }: Pick<BaseRequest, 'nodes'>): Failure | undefined {
	const [, kernels] = /^E: not one kernel but: ?(.*)$/m.exec(log) ?? [];
	if (kernels === undefined) return undefined;
	const node = nodes.length === 1 ? { node: nodes[0] } : {};
	return usageFailure(`${nodes.join(', ')}: an ISO has one kernel, and the packages bring others: ${kernels}`, {
		...node,
		hint: 'leave linux-image packages out of the recipe, or name the same kernel by --kernel of `rehearse iso`',
	});
}

/** The facts of a finished base layer. */
export async function readStoredFacts(directory: string): Promise<BaseFacts> {
	const { units, ...facts } = JSON.parse(await readFile(path.join(directory, baseFiles.facts), 'utf8')) as Omit<BaseFacts, 'units'> & {
		readonly units: readonly (readonly [string, UnitFile])[];
	};
	return { ...facts, units: new Map(units) };
}

/** Reads what customize.sh handed out. */
async function readFacts(out: string): Promise<BaseFacts> {
	// Of regular files: a link would lead to what this host has at its place.
	const texts = async (directory: string) => {
		const entries = await readdir(path.join(out, directory), { withFileTypes: true, recursive: true });
		const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name)).sort();
		return Promise.all(files.map(async (file) => [path.relative(path.join(out, directory), file), await readFile(file, 'utf8')] as const));
	};
	const [epoch, homeMode, accounts, skeleton, unitNames] = await Promise.all([
		readFile(path.join(out, 'epoch'), 'utf8'),
		readFile(path.join(out, 'home-mode'), 'utf8'),
		texts('accounts'),
		texts('skel'),
		readdir(path.join(out, 'units'), { withFileTypes: true }),
	]);
	const units = unitNames.map(async (entry): Promise<readonly [string, UnitFile]> => {
		const file = path.join(out, 'units', entry.name);
		if (entry.isSymbolicLink()) return [entry.name, { aliasOf: path.basename(await readlink(file)) }];
		return [entry.name, { text: await readFile(file, 'utf8') }];
	});
	return {
		epoch: Number(epoch),
		homeMode: parseInt(homeMode.trim() || '755', 8),
		accounts: Object.fromEntries(accounts),
		skeleton: Object.fromEntries(skeleton),
		units: new Map((await Promise.all(units)).sort(([a], [b]) => (a < b ? -1 : 1))),
	};
}
