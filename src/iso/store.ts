/** The ISOs that rehearsals boot: each is written once, and found again by what it is made of. */
import { readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { contentKey, sha256 } from '../base/hash.js';
import { buildOnce } from '../image/build-once.js';
import type { LabNode } from '../lab/lab.js';
import { run } from '../process/run.js';
import type { BaseLayer } from './bases.js';
import { forEachNode, type BasesOptions } from './isos.js';
import { layerArchive } from './layer-tar.js';
import { earlyGrubConfig, grubConfig } from './medium.js';
import { nodeLayer } from './node-layer.js';
import { writeIso } from './write.js';

/** An ISO in the store. Nothing ever writes to it again. */
export interface StoredIso {
	readonly node: string;
	/** Of what it is made of. */
	readonly key: string;
	readonly file: string;
	readonly sha256: string;
	/** What it is made of, for whoever wants to see the kernel run without the rest. */
	readonly base: Pick<BaseLayer, 'kernel' | 'initrd' | 'manifest'>;
}

export interface IsoStoreOptions extends BasesOptions {
	/** `…/rehearse/isos` */
	readonly directory: string;
}

/** Part of every key: to be raised when `write.ts` makes another file of the same layers and the same menu. */
const isoFormat = 2;

/** The ISO of each node, written where it is not there, in the order of the nodes. */
export async function provideIsos(nodes: readonly LabNode[], options: IsoStoreOptions): Promise<readonly StoredIso[]> {
	const isos = await forEachNode(nodes, options, (node, base, signal) => provideIso(node, base, options, signal));
	await boundStore(options.directory, isos.map(({ key }) => key));
	return isos;
}

function isoKey(node: LabNode, { manifest, kernel, facts }: BaseLayer): string {
	const layer = sha256(layerArchive(nodeLayer(node, facts), facts.epoch));
	// The directory of a base layer has its key for a name.
	const base = path.basename(path.dirname(kernel));
	return contentKey({ format: isoFormat, base, manifest: sha256(manifest), layer, menu: [earlyGrubConfig(node.name), grubConfig(node.name)] });
}

/** A node's ISO on a base layer, written if it is not there. Safe when several processes want the same one. */
export async function provideIso(
	node: LabNode,
	base: BaseLayer,
	{ directory: store, emit }: Pick<IsoStoreOptions, 'directory' | 'emit'>,
	signal?: AbortSignal,
): Promise<StoredIso> {
	const key = isoKey(node, base);
	const directory = path.join(store, key);
	const progress = (what: string) => emit({ type: 'stage-progress', stage: 'isos', detail: `${node.name}: ${what}` });
	return buildOnce({
		directory,
		find: () => findIso(node.name, base, key, directory),
		build: async (into) => {
			progress('writing the ISO');
			const { file } = await writeIso(node, base, into, signal);
			// As for images: a power failure must not leave what looks whole.
			await run(['sync', file, `${file}.sha256`], { signal });
		},
		onWait: () => progress('another run writes this ISO; waiting for it'),
		signal,
	});
}

async function findIso(node: string, { kernel, initrd, manifest }: BaseLayer, key: string, directory: string): Promise<StoredIso | undefined> {
	const file = path.join(directory, `${node}.iso`);
	const [sum, size] = await Promise.all([readFile(`${file}.sha256`, 'utf8').catch(() => ''), stat(file).then((found) => found.size, () => 0)]);
	const [, digest] = /^([0-9a-f]{64}) /.exec(sum) ?? [];
	if (digest === undefined || size === 0) return undefined;
	const now = new Date();
	await utimes(directory, now, now).catch(() => undefined);
	return { node, key, file, sha256: digest, base: { kernel, initrd, manifest } };
}

/** How many ISOs are kept: every edit of a script makes another. */
const keptIsos = 24;

/** One that was used a moment ago may be about to be booted, by another run, in milliseconds. */
const restMs = 60 * 60_000;

/** Removes the ISOs that were not used for longest, where there are many. A machine that runs from one keeps what it has open. */
export async function boundStore(store: string, used: readonly string[]): Promise<void> {
	const keys = (await readdir(store).catch(() => [])).filter((name) => /^[0-9a-f]{16}$/.test(name) && !used.includes(name));
	const ages = await Promise.all(
		keys.map(async (key) => ({ directory: path.join(store, key), usedAt: await stat(path.join(store, key)).then(({ mtimeMs }) => mtimeMs, () => Date.now()) })),
	);
	const old = ages.toSorted((a, b) => b.usedAt - a.usedAt).slice(Math.max(0, keptIsos - used.length));
	for (const { directory, usedAt } of old) {
		if (Date.now() - usedAt > restMs) await rm(directory, { recursive: true, force: true }).catch(() => undefined);
	}
}
