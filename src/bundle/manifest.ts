/** What a bundle says of itself: the shape of its `manifest.json`, its first file, and the reading of a stranger's. */
import { usageFailure } from '../base/errors.js';
import { diskBytes, findSparseProblem, type SparseFile } from './sparse.js';
import { badArchive } from './tar.js';

/** A file of a bundle. */
export interface BundledFile {
	/** Relative to the run's directory, with slashes. */
	readonly path: string;
	readonly bytes: number;
	readonly sha256: string;
}

/** What of a file its reader should know before handing it on. */
export interface HeldSecrets {
	readonly path: string;
	/** In words, such as `password of ops`. */
	readonly holds: readonly string[];
}

/** The machines of a run, to be brought up again where the bundle is opened. */
export interface BundledMachines {
	/** The key of their checkpoint. */
	readonly checkpoint: string;
	readonly nodes: readonly string[];
	/** Nodes that had no machine any more. */
	readonly absent: readonly string[];
	/** Behind all others in the archive, in the order in which they follow. */
	readonly files: readonly SparseFile[];
}

export interface BundleManifest {
	/** 2 with machines. */
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
	/** In the order in which they follow. */
	readonly files: readonly BundledFile[];
	readonly machines?: BundledMachines;
}

/** The manifest's name. */
export const manifestName = 'manifest.json';

/** How large a manifest may be, in bytes. */
export const maximumManifestBytes = 4 * 2 ** 20;

/** How many bytes all files of a bundle may have. */
const maximumBundleBytes = 2 ** 32;

/** What the files of a bundle are called, or are below. */
const knownPlaces = /^(?:(?:events\.ndjson|result\.json|machines\.json)$|(?:plan|seeds|consoles|journals)\/)/;

/** The same of files of machines: a checkpoint's, and the images below its disks. */
const machinePlaces = /^(?:checkpoint|images)\/[0-9a-f]{16}\/[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Whether a run's file belongs into a bundle. */
export const isBundled = (path: string): boolean => knownPlaces.test(path) && isSafe(path);

/** Whether a path stays below where it starts, and is no more than it looks. */
const isSafe = (path: string): boolean =>
	!/[\\\p{Cc}]/u.test(path) && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');

/** What runs are called: a name that is one component of a path, and not hidden. */
const runName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** Reads a manifest. @throws Failure `usage` for one that this version does not know, or that nobody honest wrote */
export function parseBundleManifest(text: string): BundleManifest {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		throw badArchive(`its ${manifestName} is not JSON`);
	}
	const manifest = (value ?? {}) as Partial<BundleManifest>;
	if (manifest.kind !== 'rehearse bundle') throw badArchive(`its ${manifestName} is that of something else`);
	if (manifest.schema !== 1 && manifest.schema !== 2) {
		throw usageFailure(`this bundle has the schema ${JSON.stringify(manifest.schema)}, of which this version knows nothing`, {
			hint: 'open it with the version of rehearse that made it, or a newer one',
		});
	}
	const problem = findProblem(manifest);
	if (problem !== undefined) throw badArchive(`its ${manifestName} ${problem}`);
	return manifest as BundleManifest;
}

function findProblem(manifest: Partial<BundleManifest>): string | undefined {
	const { schema, run, lab, tool, verdict, made_at, redacted, secrets, files, machines } = manifest;
	if (typeof run !== 'string' || !runName.test(run)) return 'names no run';
	if (![lab, tool, verdict, made_at].every((text) => typeof text === 'string')) return 'lacks something';
	if (typeof redacted !== 'boolean' || !Array.isArray(secrets) || !secrets.every(isHeld)) return 'does not say what it holds';
	if (!Array.isArray(files) || !files.every(isFile)) return 'does not list its files';
	const outside = files.find(({ path }) => !isBundled(path));
	if (outside) return `lists ${JSON.stringify(outside.path)}, which is no file of a run`;
	const paths = new Set(files.map(({ path }) => path));
	if (paths.size < files.length) return 'lists a file twice';
	if (files.some(({ path }) => directoriesOf(path).some((directory) => paths.has(directory)))) return 'lists a file in a file';
	if (files.reduce((sum, { bytes }) => sum + bytes, 0) > maximumBundleBytes) return 'lists more than a run can have';
	if ((schema === 2) !== (machines !== undefined)) return 'does not say whether it has machines';
	return machines === undefined ? undefined : findMachinesProblem(machines);
}

function findMachinesProblem({ checkpoint, nodes, absent, files }: Partial<BundledMachines>): string | undefined {
	if (![nodes, absent].every((names) => Array.isArray(names) && names.every((name) => typeof name === 'string'))) return 'names no machines';
	if (!Array.isArray(files)) return 'lists no files of its machines';
	const problem = files.map(findSparseProblem).find((found) => found !== undefined);
	if (problem !== undefined) return problem;
	const outside = (files as readonly SparseFile[]).find(({ path }) => !machinePlaces.test(path));
	if (outside) return `lists ${JSON.stringify(outside.path)}, which is no file of a machine`;
	const paths = new Set(files.map(({ path }) => path));
	if (paths.size < files.length) return 'lists a file of a machine twice';
	return typeof checkpoint === 'string' && paths.has(`checkpoint/${checkpoint}/checkpoint.json`) ? undefined : 'has no checkpoint of its machines';
}

/** How many bytes on the disk a bundle takes at most when it is unpacked. */
export const unpackedBytes = ({ files, machines }: Pick<BundleManifest, 'files' | 'machines'>): number =>
	[...files.map(({ bytes }) => bytes), ...(machines?.files ?? []).map(diskBytes)].reduce((sum, bytes) => sum + bytes, 0);

const directoriesOf = (path: string): string[] =>
	path.split('/').flatMap((_part, depth, parts) => (depth === 0 ? [] : [parts.slice(0, depth).join('/')]));

const isHeld = (value: unknown): value is HeldSecrets => {
	const { path, holds } = (value ?? {}) as Partial<HeldSecrets>;
	return typeof path === 'string' && Array.isArray(holds) && holds.every((text) => typeof text === 'string');
};

const isFile = (value: unknown): value is BundledFile => {
	const { path, bytes, sha256 } = (value ?? {}) as Partial<BundledFile>;
	return typeof path === 'string' && Number.isSafeInteger(bytes) && Number(bytes) >= 0 && /^[0-9a-f]{64}$/.test(String(sha256));
};
