/** `rehearse graph`: a lab's nodes and connections as a picture, from the plan; nothing is booted. */
import { writeFile } from 'node:fs/promises';
import { ExitCode, reasonOf, usageFailure } from '../base/errors.js';
import { topologyOf } from '../lab/topology.js';
import { loadLab } from './load-lab.js';
import type { Terminal } from './terminal.js';

export interface GraphOptions {
	/** Name of a bundled lab, or path of a plan. */
	readonly lab: string;
	readonly format: 'svg' | 'mermaid';
	/** To stdout where there is none. */
	readonly out: string | undefined;
	readonly terminal: Pick<Terminal, 'stdout' | 'stderr' | 'stderrColor'>;
}

/** Prints or writes the picture. */
export async function graphCommand({ lab, format, out, terminal }: GraphOptions): Promise<ExitCode> {
	const topology = topologyOf(await loadLab(lab, terminal));
	const text = format === 'svg' ? (await import('../page/graph.js')).topologySvg(topology) : (await import('../page/mermaid.js')).topologyMermaid(topology);
	if (out === undefined) {
		terminal.stdout.write(text);
		return ExitCode.passed;
	}
	await writeFile(out, text).catch((error: unknown) => {
		throw usageFailure(`the graph ${out} cannot be written: ${reasonOf(error)}`, { cause: error });
	});
	return ExitCode.passed;
}
