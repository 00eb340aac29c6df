import { chmod, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { withCleanup } from '../base/cleanup.js';
import { orDiskFull } from '../base/disk-usage.js';
import { hashOfFile, makeDirectory } from '../base/files.js';
import type { LabNode } from '../lab/lab.js';
import { scriptsHash } from '../lab/script-bytes.js';
import { removal, startJanitor } from '../process/janitor.js';
import { acquireLock } from '../process/lock.js';
import { run } from '../process/run.js';
import { takeBase, type BaseLayer } from './bases.js';
import { layerArchive } from './layer-tar.js';
import { bootLoaderCommands, earlyGrubConfig, grubConfig, mediumFiles, xorrisoArgv } from './medium.js';
import { nodeLayer } from './node-layer.js';
import { reproducible, squash } from './squash.js';

/** An ISO that was written, with what lies beside it. */
export interface WrittenIso {
	readonly node: string;
	/** Absolute path. */
	readonly file: string;
	readonly bytes: number;
	readonly sha256: string;
	readonly recipeHash: string;
}

/**
 * The names of the layers on the medium. live-boot (9990-overlay.sh, 9990-misc-helpers.sh) puts what `filesystem.module` lists
 * later above what it lists earlier; but with persistence it goes by names, and puts the first on top.
 */
const layerNames = { base: '20-base.squashfs', node: '10-node.squashfs', order: 'filesystem.module' } as const;

/**
 * Writes a node's ISO, what OpenFactory has beside one, and the hash of its startup scripts into `directory`, which is made.
 * What is there already stays until the new files are whole.
 * @throws BaseGone, Failure `disk-full` (exit 3), or as `run`
 */
export async function writeIso(node: LabNode, base: BaseLayer, directory: string, signal?: AbortSignal): Promise<WrittenIso> {
	return withCleanup(async (cleanup) => {
		await makeDirectory(directory);
		let staging: string | undefined;
		cleanup.defer('staging directory', () => (staging ? rm(staging, { recursive: true, force: true }) : undefined));
		staging = await mkdtemp(path.join(directory, '.partial-'));
		await startJanitor('janitor of the staging directory', removal(staging), cleanup);
		const place = (name: string) => path.join(staging ?? '', name);
		const iso = `${node.name}.iso`;
		const { epoch } = base.facts;
		// What xorriso reads of the base layer, and what is hashed of it.
		const taken = { squashfs: place(layerNames.base), kernel: place('vmlinuz'), initrd: place('initrd.img') };
		await orDiskFull(takeBase(base, taken), directory);

		const layer = place(layerNames.node);
		await squash(layerArchive(nodeLayer(node, base.facts), epoch), layer, epoch, signal);
		const files = mediumFiles(staging);
		await writeFile(place(layerNames.order), `${layerNames.base}\n${layerNames.node}\n`);
		await writeFile(files.earlyConfig, earlyGrubConfig(node.name));
		await writeFile(files.grubConfig, grubConfig(node.name));
		const options = { signal, env: reproducible(epoch), killWhenOrphaned: true };
		for (const command of bootLoaderCommands(files)) await orDiskFull(run(command, options), directory);
		const live = {
			'vmlinuz': taken.kernel,
			'initrd.img': taken.initrd,
			[layerNames.base]: taken.squashfs,
			[layerNames.node]: layer,
			[layerNames.order]: place(layerNames.order),
		};
		await orDiskFull(run(xorrisoArgv({ node: node.name, files, live, epoch, output: place(iso) }), options), directory);
		// The hashes of passwords are in it.
		await chmod(place(iso), 0o600);

		const [isoSum, baseSum, nodeSum] = await Promise.all([place(iso), taken.squashfs, layer].map((file) => hashOfFile(file, signal)));
		const sum = isoSum ?? '';
		const beside = {
			'dpkg-manifest': base.manifest,
			'squashfs-hashes.sha256': `${baseSum}  live/${layerNames.base}\n${nodeSum}  live/${layerNames.node}\n`,
			'recipe_hash': `${node.recipeSha256}\n`,
			'scripts_hash': `${scriptsHash(node.startupScripts)}\n`,
			[`${iso}.sha256`]: `${sum}  ${iso}\n`,
		};
		for (const [name, text] of Object.entries(beside)) await orDiskFull(writeFile(place(name), text), directory);
		const { size: bytes } = await stat(place(iso));
		await putInPlace([iso, ...Object.keys(beside)], staging, directory, signal);
		return { node: node.name, file: path.join(directory, iso), bytes, sha256: sum, recipeHash: node.recipeSha256 };
	});
}

/** How long somebody else may take to put files in their place, in milliseconds. */
const placingMs = 60_000;

/** Puts files in their place one after another, so that no two writers' are mixed. */
async function putInPlace(names: readonly string[], from: string, directory: string, signal?: AbortSignal): Promise<void> {
	const lock = await acquireLock(path.join(directory, '.placing'), { timeoutMs: placingMs, signal });
	try {
		for (const name of names) await rename(path.join(from, name), path.join(directory, name));
	} finally {
		await lock.release();
	}
}
