import type { Lab } from './lab.js';

/** A TCP port of a node. */
export interface ServicePort {
	readonly node: string;
	readonly port: number;
}

/** The TCP ports that a lab's connections and assertions name, each once, in the order of the nodes and of the ports. */
export function servicePorts({ nodes, connections, scenarios }: Pick<Lab, 'nodes' | 'connections' | 'scenarios'>): readonly ServicePort[] {
	const named: readonly ServicePort[] = [
		...connections.flatMap(({ to, port, protocol }) => (protocol === undefined ? [{ node: to, port }] : [])),
		...scenarios
			.flatMap(({ tests }) => tests.flatMap(({ assertions }) => assertions))
			.flatMap((assertion) =>
				assertion.type === 'port_listening' && assertion.protocol === 'tcp' ? [{ node: assertion.onVm, port: assertion.port }] : [],
			),
	];
	return nodes.flatMap(({ name }) => {
		const ports = new Set(named.filter(({ node }) => node === name).map(({ port }) => port));
		return [...ports].sort((one, other) => one - other).map((port) => ({ node: name, port }));
	});
}
