/** The lab as a diagram in Mermaid, which GitHub and GitLab draw. */
import { formatBytes } from '../base/format.js';
import type { Topology } from '../lab/topology.js';
import { shownLine } from './shown.js';

/** The diagram, ending in a newline. */
export function topologyMermaid({ nodes, connections }: Topology): string {
	const ids = new Map(nodes.map(({ name }, index) => [name, `n${index}`]));
	const lines = nodes.map(({ name, role, alias, memoryMiB }) => {
		const about = [role, alias, memoryMiB === 0 ? '' : formatBytes(memoryMiB * 2 ** 20)].filter((part) => part !== '');
		return `\t${ids.get(name) ?? ''}["${[name, ...about].map(label).join('<br/>')}"]`;
	});
	const edges = connections.flatMap(({ from, to, port, intent }) => {
		const [one, other] = [ids.get(from), ids.get(to)];
		const about = label(intent === undefined ? String(port) : `${port} ${intent}`);
		return one === undefined || other === undefined ? [] : [`\t${one} -->|"${about}"| ${other}`];
	});
	return ['flowchart TD', ...lines, ...edges, ''].join('\n');
}

/** A text in which Mermaid finds nothing to act on: all but the plainest characters by their numbers. */
const label = (text: string): string =>
	shownLine(text, 80).replaceAll(/[^\p{L}\p{N} .,:/-]/gu, (character) => `#${character.codePointAt(0) ?? 0};`);
