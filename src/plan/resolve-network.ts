/** The networks of a lab, and what the firewalls of its nodes let in. */
import { firstFreeHost, isInside, parseCidr } from '../lab/addressing.js';
import type { Assertion, Connection, LabNetwork, LabNode, Scenario } from '../lab/lab.js';
import type { PlanDocument } from './schema.js';
import type { PlanPath } from './types.js';

/** The subnet of a lab whose nodes have no lab addresses. */
const defaultSubnet = '10.71.0.0/24';

/**
 * The subnet that a lab's gateway is in: the plan's own when it names one, else that of the aliases which has the given
 * gateway in it, else the first of them.
 */
export function mainSubnet(planned: string | undefined, gateway: string | undefined, ofAliases: readonly string[]): string {
	const address = gateway?.replace(/\/.*$/, '');
	const around = address === undefined ? undefined : ofAliases.find((subnet) => isInside(address, subnet));
	return planned ?? around ?? ofAliases[0] ?? defaultSubnet;
}

/** Throws a failure that names the place. */
export type Refuse = (path: PlanPath, message: string) => never;

/** The main subnet, and the others of the aliases, each with an address for the bridge. */
export function resolveNetwork({ network, nodes }: PlanDocument, refuse: Refuse): LabNetwork {
	const aliases = nodes.flatMap(({ alias }, index) =>
		alias.map((text, at) => parseCidr(text) ?? refuse(['nodes', index, 'alias', at], 'is no address with prefix length')),
	);
	const planned = network?.subnet === undefined ? undefined : parseCidr(network.subnet)?.subnet;
	if (network?.subnet !== undefined && planned === undefined) return refuse(['network', 'subnet'], 'is no subnet');
	const taken = nodes.flatMap(({ alias }) => alias);
	const ofAliases = [...new Set(aliases.map(({ subnet }) => subnet))];
	const main = mainSubnet(planned, network?.gateway, ofAliases);
	const others = ofAliases.filter((subnet) => subnet !== main);
	const freeIn = (subnet: string): string =>
		firstFreeHost(subnet, taken) ?? refuse(['network'], `${subnet} has no address left for the gateway`);
	const given = network?.gateway === undefined ? undefined : gatewayIn(network.gateway, main, refuse);
	return {
		subnet: main,
		gateway: given ?? freeIn(main),
		...(others.length > 0 ? { others: others.map((subnet) => ({ subnet, gateway: freeIn(subnet) })) } : {}),
	};
}

function gatewayIn(given: string, subnet: string, refuse: Refuse): string {
	const gateway = given.includes('/') ? given : `${given}${subnet.slice(subnet.indexOf('/'))}`;
	return parseCidr(gateway)?.subnet === subnet ? gateway : refuse(['network', 'gateway'], `is not in ${subnet}`);
}

type Reachable = Pick<LabNode, 'name' | 'alias' | 'furtherAliases' | 'uplinkAddress' | 'ssh'>;

/** The ports that a node's firewall has to let in: SSH, and those that connections and assertions name, sorted. */
export function openPorts(
	node: Reachable,
	connections: readonly Connection[],
	scenarios: readonly Scenario[],
): NonNullable<LabNode['firewall']> {
	const assertions = scenarios.flatMap(({ tests }) => tests.flatMap((test) => test.assertions));
	const named = [
		{ port: node.ssh?.port ?? 22, protocol: 'tcp' },
		...connections.filter(({ to }) => to === node.name).map(({ port, protocol = 'tcp' }) => ({ port, protocol })),
		...assertions.flatMap((assertion) => portOf(assertion, node) ?? []),
	];
	const of = (wanted: string): number[] =>
		[...new Set(named.filter(({ protocol }) => protocol === wanted).map(({ port }) => port))].sort((one, other) => one - other);
	return { tcp: of('tcp'), udp: of('udp') };
}

/** The port of the node that an assertion names. */
function portOf(assertion: Assertion, node: Reachable): { readonly port: number; readonly protocol: string } | undefined {
	switch (assertion.type) {
		case 'port_listening':
			return assertion.onVm === node.name ? { port: assertion.port, protocol: assertion.protocol } : undefined;
		case 'network_reachable':
			return assertion.port !== undefined && isNode(assertion.host, node) ? { port: assertion.port, protocol: 'tcp' } : undefined;
		case 'http_responds': {
			const { hostname, port, protocol } = new URL(assertion.url);
			const isHere = assertion.onVm === node.name && /^(?:localhost|127\.)/.test(hostname);
			return isHere || isNode(hostname, node) ? { port: Number(port) || (protocol === 'https:' ? 443 : 80), protocol: 'tcp' } : undefined;
		}
		default:
			return undefined;
	}
}

const isNode = (host: string, { name, alias, furtherAliases = [], uplinkAddress }: Reachable): boolean =>
	host === name || host === uplinkAddress || [alias, ...furtherAliases].some((one) => isInside(host, one.replace(/\/.*$/, '/32')));
