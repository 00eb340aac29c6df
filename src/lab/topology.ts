/** What a report draws of a lab: its nodes where the plan places them, and the connections between them. */
import { oneLine, truncated } from '../base/format.js';
import type { Assertion, Lab } from './lab.js';
import { defaultPortsIn } from './url-ports.js';
import { holdsWord, partOfName, partOfWhole } from './words.js';

/** A node as a report shows it. */
export interface TopologyNode {
	readonly name: string;
	readonly role: string;
	readonly memoryMiB: number;
	readonly diskMiB: number;
	/** Lab address with prefix length. */
	readonly alias: string;
	readonly uplinkAddress: string;
	/** Where the plan draws the node; absent where the plan does not have that. */
	readonly position?: { readonly x: number; readonly y: number };
}

/** Where an assertion is among the announced tests. */
export interface AssertionPlace {
	/** Indexes from 0: of the test in the run, and of the assertion in the test. */
	readonly test: number;
	readonly index: number;
}

/** A connection as a report shows it, with the assertions that look at it. */
export interface TopologyConnection {
	readonly from: string;
	readonly to: string;
	readonly port: number;
	readonly intent?: string;
	readonly assertions: readonly AssertionPlace[];
}

export interface Topology {
	readonly subnet: string;
	readonly nodes: readonly TopologyNode[];
	readonly connections: readonly TopologyConnection[];
}

/** Characters of a text that a plan has for people. */
const maximumText = 200;

const short = (text: string): string => truncated(oneLine(text), maximumText);

/** What a report draws of a lab. Texts are bounded and free of control characters. */
export function topologyOf({ network, nodes, connections, scenarios }: Pick<Lab, 'network' | 'nodes' | 'connections' | 'scenarios'>): Topology {
	const tests = scenarios.flatMap((scenario) => scenario.tests);
	return {
		subnet: network.subnet,
		nodes: nodes.map(({ name, role, memoryMiB, diskMiB, alias, uplinkAddress, position }) => ({
			...{ name, role: short(role), memoryMiB, diskMiB, alias, uplinkAddress },
			...(position ? { position } : {}),
		})),
		connections: connections.map(({ from, to, port, intent }) => {
			const addresses = nodes
				.filter(({ name }) => name === to)
				.flatMap(({ alias, furtherAliases = [] }) => [alias, ...furtherAliases])
				.map((one) => one.replace(/\/.*/, ''));
			const assertions = tests.flatMap((test, testIndex) =>
				test.assertions.flatMap((assertion, index) =>
					looksAt(assertion, { from, to, port }, [to, ...addresses]) ? [{ test: testIndex, index }] : [],
				),
			);
			return { from, to, port, ...(intent === undefined ? {} : { intent: short(intent) }), assertions };
		}),
	};
}

/** Whether an assertion looks at a connection: from its end, that the port is listened on; from its beginning, by address and port. */
function looksAt(assertion: Assertion, { from, to, port }: { from: string; to: string; port: number }, names: readonly string[]): boolean {
	if (assertion.type === 'port_listening') return assertion.onVm === to && assertion.port === port;
	if (assertion.onVm !== from) return false;
	const text = targetOf(assertion);
	return names.some((name) => holdsWord(text, name, partOfName)) && (holdsWord(text, String(port), partOfWhole) || defaultPortsIn(text).includes(port));
}

function targetOf(assertion: Assertion): string {
	if (assertion.type === 'command_output') return assertion.command;
	if (assertion.type === 'http_responds') return assertion.url;
	return assertion.type === 'network_reachable' ? `${assertion.host} ${assertion.port ?? ''}` : '';
}
