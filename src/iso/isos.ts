import os from 'node:os';
import path from 'node:path';
import { Semaphore } from '../base/semaphore.js';
import { withEither } from '../base/waiting.js';
import type { FindSources } from '../image/archives.js';
import { readGuestDefinition } from '../image/guest.js';
import type { Emit } from '../lab/events.js';
import type { LabNode } from '../lab/lab.js';
import { BaseGone, provideBase, type BaseLayer } from './bases.js';
import { baseRequests, readIsoDefinition, type BaseOptions, type BaseRequest } from './definition.js';
import { writeIso, type WrittenIso } from './write.js';

export interface BasesOptions extends BaseOptions {
	/** Where base layers are kept. */
	readonly bases: string;
	readonly findSources: FindSources;
	readonly emit: Emit;
	readonly signal?: AbortSignal | undefined;
}

export interface IsosOptions extends BasesOptions {
	/** Each node's ISO goes into a directory in it that has the node's name. */
	readonly out: string;
}

/** A mixture of unpacking, of single-threaded scripts and of waiting for the disk: one more than there are cores, but few. */
const buildsAtOnce = Math.min(3, os.availableParallelism() + 1);

/** Writes the ISO of each of the nodes, and builds the base layers that are missing for it. */
export function writeIsos(nodes: readonly LabNode[], options: IsosOptions): Promise<readonly WrittenIso[]> {
	const progress = (detail: string) => options.emit({ type: 'stage-progress', stage: 'isos', detail });
	return forEachNode(nodes, options, (node, base, signal) => {
		progress(`${node.name}: writing the ISO`);
		return writeIso(node, base, path.join(options.out, node.name), signal);
	});
}

/**
 * Calls a function with each node and its base layer, and builds the layer where it is missing. The first failure ends
 * the others.
 */
export async function forEachNode<T>(
	nodes: readonly LabNode[],
	options: BasesOptions,
	use: (node: LabNode, base: BaseLayer, signal: AbortSignal) => Promise<T>,
): Promise<readonly T[]> {
	const { bases, findSources, emit, signal } = options;
	const [guest, definition] = await Promise.all([readGuestDefinition(), readIsoDefinition()]);
	const failing = new AbortController();
	const semaphore = new Semaphore(buildsAtOnce);
	const results = new Map<string, T>();
	const write = async (request: BaseRequest, either: AbortSignal) => {
		const progress = (detail: string) => emit({ type: 'stage-progress', stage: 'isos', detail });
		const onProgress = (detail: string) => progress(`${request.nodes.join(', ')}: ${detail}`);
		const provide = () => provideBase(request, { directory: bases, guest, findSources, onProgress, signal: either });
		for (const node of nodes.filter(({ name }) => request.nodes.includes(name))) {
			either.throwIfAborted();
			results.set(node.name, await withBase(provide, (base) => use(node, base, either)));
		}
	};
	const work = async (request: BaseRequest, either: AbortSignal) => {
		try {
			await semaphore.take(() => write(request, either));
		} catch (error) {
			failing.abort(error);
			throw error;
		}
	};
	await withEither([signal, failing.signal], async (either) => {
		// All are waited for, so that no build goes on behind a failure.
		await Promise.allSettled(baseRequests(nodes, guest, definition, options).map((request) => work(request, either)));
		either.throwIfAborted();
	});
	return nodes.flatMap(({ name }) => results.get(name) ?? []);
}

/** How often a base layer is provided for one node: somebody may remove it before its files are taken. */
const basesTried = 3;

/** Calls a function with a base layer, and again with another where that one is gone. */
async function withBase<T>(provide: () => Promise<BaseLayer>, use: (base: BaseLayer) => Promise<T>): Promise<T> {
	for (let tried = 1; ; tried++) {
		try {
			return await use(await provide());
		} catch (error) {
			if (!(error instanceof BaseGone) || tried === basesTried) throw error;
		}
	}
}
