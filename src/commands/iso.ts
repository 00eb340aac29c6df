import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ExitCode, reasonOf, usageFailure } from '../base/errors.js';
import { makeWritableDirectory } from '../base/files.js';
import { requiredForIso } from '../host/iso.js';
import type { Kernel } from '../iso/definition.js';
import { writeIsos } from '../iso/isos.js';
import { parseManifest } from '../iso/manifest.js';
import type { Emit } from '../lab/events.js';
import { requireNodes, type LabNode } from '../lab/lab.js';
import { stage } from '../lab/stage.js';
import { sourcesFrom } from '../prepare/sources.js';
import { isosObject, renderIsos } from '../report/isos.js';
import { ensureDirectory, type Paths } from '../runs/paths.js';
import { loadLab } from './load-lab.js';
import { stopOnSignals } from './stop.js';
import type { Terminal } from './terminal.js';
import { startView } from './view.js';

export interface IsoOptions {
	/** Name of a bundled lab, or path of a plan. */
	readonly lab: string;
	readonly paths: Pick<Paths, 'cache' | 'state' | 'isoBases'>;
	/** Is made when it is not there. */
	readonly directory: string;
	/** Names of nodes; all when there is none. */
	readonly nodes: readonly string[];
	readonly kernel: Kernel;
	readonly recommends: boolean;
	/** A `dpkg-manifest`, or a directory that `rehearse iso` wrote to. */
	readonly pin: string | undefined;
	readonly mirror: string | undefined;
	/** Limit for everything that is built. */
	readonly timeLimitMs: number;
	readonly json: boolean;
	readonly terminal: Terminal;
}

/** `rehearse iso`: writes an ISO of each node, and beside it what OpenFactory has beside one. */
export async function isoCommand({ directory, terminal, paths, kernel, recommends, json, ...options }: IsoOptions): Promise<ExitCode> {
	const lab = await loadLab(options.lab, terminal);
	requireNodes(options.nodes, lab.nodes.map(({ name }) => name));
	const nodes = lab.nodes.filter(({ name }) => options.nodes.length === 0 || options.nodes.includes(name));
	const pins = await readPins(options.pin, nodes);
	const out = path.resolve(directory);
	const stopping = stopOnSignals(options.timeLimitMs);
	const { signal } = stopping;
	// The live view is of a whole run.
	const view = await startView({ ...terminal, live: false });
	const emit: Emit = (event) => view.onEvent({ at: Date.now(), ...event });
	try {
		await requiredForIso();
		await makeOut(out, nodes);
		await ensureDirectory(paths, 'cache');
		const findSources = sourcesFrom(options.mirror, { built: 'the base layers of ISOs', emit, signal });
		const isos = await stage(emit, 'isos', () =>
			writeIsos(nodes, { kernel, recommends, pinOf: (node) => pins.get(node), bases: paths.isoBases, out, findSources, emit, signal }),
		);
		const { stdout, stdoutColor: color } = terminal;
		stdout.write(json ? `${JSON.stringify(isosObject(lab.name, isos), undefined, '\t')}\n` : renderIsos(isos, { color }));
	} finally {
		await view.stop();
		stopping.done();
	}
	return ExitCode.passed;
}

/** Makes the directory to write to. @throws Failure `usage` where that, or what a node has in it already, cannot be written to */
async function makeOut(out: string, nodes: readonly LabNode[]): Promise<void> {
	const there = (await readdir(out).catch(() => [])).filter((entry) => nodes.some(({ name }) => name === entry));
	for (const directory of [out, ...there.map((name) => path.join(out, name))]) {
		await makeWritableDirectory(directory).catch((error: Error) => {
			throw usageFailure(`--out ${directory} cannot be written to: ${reasonOf(error)}`);
		});
	}
}

/**
 * The manifest that each node is pinned to: that of its own directory, or one file for all.
 * @throws Failure `usage` where one is missing or is none
 */
async function readPins(pin: string | undefined, nodes: readonly LabNode[]): Promise<ReadonlyMap<string, string>> {
	if (pin === undefined) return new Map();
	const isDirectory = await stat(pin).then((found) => found.isDirectory(), () => false);
	const read = async ({ name }: LabNode) => {
		const file = isDirectory ? path.join(pin, name, 'dpkg-manifest') : pin;
		const text = await readFile(file, 'utf8').catch((error: Error) => {
			throw usageFailure(`--pin ${file} cannot be read: ${reasonOf(error)}`, { hint: 'give a dpkg-manifest, or a directory that `rehearse iso` wrote to' });
		});
		parseManifest(text, file);
		return [name, text] as const;
	};
	return new Map(await Promise.all(nodes.map(read)));
}
