/**
 * The manifest of a bundle: the format of `manifest.json`, the first file in the archive, and the parser for one that a
 * stranger wrote.
 */
import { usageFailure } from '../base/errors.js';
import { truncated } from '../base/format.js';
import { washed, washedText } from '../base/wash.js';
import { maximumLogBytes } from '../lab/events.js';
import { diskBytes, findSparseProblem, type SparseFile } from './sparse.js';
import { badArchive } from './tar.js';

/** A file of a bundle. */
export interface BundledFile {
	/** Relative to the run's directory, with slashes. */
	readonly path: string;
	readonly bytes: number;
	readonly sha256: string;
}

/** A file with secrets in it, and which secrets. The reader should know them before passing the bundle on. */
export interface HeldSecrets {
	readonly path: string;
	/** Descriptions, such as `password of ops`. */
	readonly holds: readonly string[];
}

/** The machines of a run. `rehearse open` restores them. */
export interface BundledMachines {
	/** The key of their checkpoint. */
	readonly checkpoint: string;
	readonly nodes: readonly string[];
	/** Nodes whose machines had ended already. */
	readonly absent: readonly string[];
	/** They follow all other files in the archive, in this order. */
	readonly files: readonly SparseFile[];
}

export interface BundleManifest {
	/** 2 when the bundle has machines, otherwise 1. */
	readonly schema: 1 | 2;
	readonly kind: 'rehearse bundle';
	/** Version of the tool that made it. */
	readonly tool: string;
	readonly run: string;
	readonly lab: string;
	readonly verdict: string;
	/** In ISO 8601. */
	readonly made_at: string;
	/** Whether passwords and keys were left out. */
	readonly redacted: boolean;
	readonly secrets: readonly HeldSecrets[];
	/** In the order of the archive. */
	readonly files: readonly BundledFile[];
	readonly machines?: BundledMachines;
}

/** The file name of the manifest. */
export const manifestName = 'manifest.json';

/** Maximum size of a manifest, in bytes. */
export const maximumManifestBytes = 4 * 2 ** 20;

/** Maximum size of all files of a bundle together, without machines, in bytes. */
export const maximumBundleBytes = 2 ** 32;

/** What the archive has room for of a path: a prefix, a slash and a name (ustar). Those are bytes, so that no longer text fits. */
const maximumPathLength = 256;

/** The paths that files of a bundle may have. */
const bundledPaths = /^(?:(?:events\.ndjson|result\.json|machines\.json)$|(?:plan|seeds|consoles|journals)\/)/;

/** The paths that files of machines may have: a checkpoint's files, and the images below its disks. */
const machinePaths = /^(?:checkpoint\/[0-9a-f]{16}\/[A-Za-z0-9][A-Za-z0-9._-]*|images\/[0-9a-f]{16}\/(?:root\.img|vmlinuz|initrd))$/;

/** Maximum size of the description of a checkpoint, and of that of its lab, in bytes. */
export const maximumDescriptionBytes = 8 * 2 ** 20;

/**
 * The most bytes of those that are read into memory as a whole, by the ends of their paths: the descriptions of a checkpoint and
 * its lab, and a kernel. A bundle need not have the data that it says they have: holes cost it nothing.
 */
const maximumWholeBytes: Readonly<Record<string, number>> = { '.json': maximumDescriptionBytes, '/vmlinuz': 2 ** 28 };

/** Whether a file of a run directory belongs into a bundle. */
export const isBundled = (path: string): boolean => bundledPaths.test(path) && isSafe(path);

/** Whether a path stays below its base directory, and is shown as it is: nothing would have to be washed out of it. */
const isSafe = (path: string): boolean =>
	!/[\\\p{Cc}]/u.test(path) && washedText(path) === path && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');

/** Valid names of runs: one component of a path, not hidden. */
const runName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** Reads a manifest, and washes its texts. @throws Failure `usage` for a manifest of an unknown version, and for one that rehearse did not write */
export function parseBundleManifest(text: string): BundleManifest {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw badArchive(`its ${manifestName} is not JSON`);
	}
	const manifest = (value ?? {}) as Partial<BundleManifest>;
	if (manifest.kind !== 'rehearse bundle') throw badArchive(`its ${manifestName} is not that of a bundle`);
	if (manifest.schema !== 1 && manifest.schema !== 2) {
		throw usageFailure(`this bundle has the schema ${truncated(JSON.stringify(manifest.schema) ?? 'of none', 100)}, which this version does not know`, {
			hint: 'open it with the version of rehearse that made it, or a newer one',
		});
	}
	const problem = findProblem(manifest);
	if (problem !== undefined) throw badArchive(`its ${manifestName} ${problem}`);
	return washed(manifest as BundleManifest);
}

function findProblem(manifest: Partial<BundleManifest>): string | undefined {
	const { schema, run, lab, tool, verdict, made_at, redacted, secrets, files, machines } = manifest;
	if (typeof run !== 'string' || !runName.test(run)) return 'does not name its run';
	if (![lab, tool, verdict, made_at].every((text) => typeof text === 'string')) return 'lacks a property';
	if (typeof redacted !== 'boolean' || !Array.isArray(secrets) || !secrets.every(isHeld)) return 'does not list its secrets';
	if (!Array.isArray(files) || !files.every(isFile)) return 'does not list its files';
	if (files.some(({ path }) => path.length > maximumPathLength)) return 'lists a path that is too long for an archive';
	const outside = files.find(({ path }) => !isBundled(path));
	if (outside) return `lists ${JSON.stringify(outside.path)}, which is not a file of a run`;
	const paths = new Set(files.map(({ path }) => path));
	if (paths.size < files.length) return 'lists a file twice';
	if (files.some(({ path }) => directoriesOf(path).some((directory) => paths.has(directory)))) return 'lists a file inside a file';
	if (files.reduce((sum, { bytes }) => sum + bytes, 0) > maximumBundleBytes) return 'lists more bytes than a run can have';
	// None of them becomes larger than the log of events may.
	if (files.some(({ bytes }) => bytes > maximumLogBytes)) return 'lists a file that is larger than any of a run';
	if (schema === 2 && machines === undefined) return 'has the schema 2, but no machines';
	if (schema === 1 && machines !== undefined) return 'has machines, but not the schema 2';
	return machines === undefined ? undefined : findMachinesProblem(machines);
}

function findMachinesProblem({ checkpoint, nodes, absent, files }: Partial<BundledMachines>): string | undefined {
	const isNames = (names: unknown) => Array.isArray(names) && names.every((name) => typeof name === 'string');
	if (![nodes, absent].every(isNames)) return 'does not name its machines';
	if (!Array.isArray(files)) return 'does not list the files of its machines';
	const problem = files.map(findSparseProblem).find((found) => found !== undefined);
	if (problem !== undefined) return problem;
	if ((files as readonly SparseFile[]).some(({ path }) => path.length > maximumPathLength)) return 'lists a path that is too long for an archive';
	const outside = (files as readonly SparseFile[]).find(({ path }) => !machinePaths.test(path));
	if (outside) return `lists ${JSON.stringify(outside.path)}, which is not a file of a machine`;
	const large = (files as readonly SparseFile[]).find(({ path, bytes }) => Object.entries(maximumWholeBytes).some(([end, most]) => path.endsWith(end) && bytes > most));
	if (large) return `lists ${JSON.stringify(large.path)} with ${large.bytes} bytes, more than such a file has`;
	const paths = new Set(files.map(({ path }) => path));
	if (paths.size < files.length) return 'lists a file of a machine twice';
	const hasCheckpoint = typeof checkpoint === 'string' && paths.has(`checkpoint/${checkpoint}/checkpoint.json`);
	return hasCheckpoint ? undefined : 'does not list the checkpoint of its machines';
}

/** The most bytes that a bundle occupies on the disk when it is unpacked. */
export const unpackedBytes = ({ files, machines }: Pick<BundleManifest, 'files' | 'machines'>): number =>
	[...files.map(({ bytes }) => bytes), ...(machines?.files ?? []).map(diskBytes)].reduce((sum, bytes) => sum + bytes, 0);

const directoriesOf = (path: string): string[] => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index));

const isHeld = (value: unknown): value is HeldSecrets => {
	const { path, holds } = (value ?? {}) as Partial<HeldSecrets>;
	return typeof path === 'string' && Array.isArray(holds) && holds.every((text) => typeof text === 'string');
};

const isFile = (value: unknown): value is BundledFile => {
	const { path, bytes, sha256 } = (value ?? {}) as Partial<BundledFile>;
	return typeof path === 'string' && Number.isSafeInteger(bytes) && Number(bytes) >= 0 && /^[0-9a-f]{64}$/.test(String(sha256));
};
