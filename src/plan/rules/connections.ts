/** Connections between nodes, and whether the scenarios would notice that one is broken. */
import { defaultPortsIn } from '../../lab/url-ports.js';
import { holdsWord, partOfWhole } from '../../lab/words.js';
import type { AssertionDocument, ConnectionDocument, NodeDocument } from '../schema.js';
import { recipeTests } from '../recipe-tests.js';
import type { CheckContext } from './context.js';

/** Connections, and whether an assertion would notice one that is broken. */
export function checkConnections(context: CheckContext): void {
	const { connections, nodes, scenarios } = context.document;
	const assertions = [
		...scenarios.flatMap((scenario) => scenario.custom_tests.flatMap((test) => test.assertions)),
		...recipeTests(context.document).flatMap(({ test, node }) => test.assertions.map((assertion) => ({ on_vm: node, ...assertion }))),
	];
	const byPort = assertionsByPort(assertions);
	const answers = new Map<string, boolean>();
	const isCovered = (connection: ConnectionDocument, target: NodeDocument): boolean => {
		const { to, port, protocol = 'tcp' } = connection;
		const key = `${to}:${port}/${protocol}`;
		const answer = answers.get(key) ?? byPort.get(String(port))?.some((assertion) => covers(assertion, connection, target)) ?? false;
		answers.set(key, answer);
		return answer;
	};
	const nodeOf = new Map(nodes.map((node) => [node.name, node]));
	connections.forEach((connection, index) => {
		const path = ['connections', index];
		const { from, to, port } = connection;
		for (const end of ['from', 'to'] as const) {
			if (nodeOf.has(connection[end])) continue;
			const fix = () => `nodes of the plan: ${[...nodeOf.keys()].join(', ')}`;
			context.report('connection-node-unknown', [...path, end], `there is no node "${connection[end]}"`, fix);
		}
		if (from === to) {
			context.report('connection-self', [...path, 'to'], `"${from}" is joined to itself`, 'name another node');
		}
		const target = nodeOf.get(to);
		if (!isPort(port)) {
			context.report('port-range', [...path, 'port'], `${port} is no port`, 'write a whole number from 1 to 65535');
		} else if (target && from !== to && !isCovered(connection, target)) {
			const fix = `assert port_listening ${port} on "${to}", or reach it from "${from}"`;
			context.report('connection-uncovered', path, `no assertion needs ${from} → ${to}:${port}`, fix);
		}
	});
}

/** Assertions by the numbers that they name anywhere, or leave to a URL's scheme: only those can be about a port. */
function assertionsByPort(assertions: readonly AssertionDocument[]): ReadonlyMap<string, readonly AssertionDocument[]> {
	const byPort = new Map<string, AssertionDocument[]>();
	for (const assertion of assertions) {
		const parameters: Readonly<Record<string, unknown>> = { ...assertion, ...assertion.params };
		const text = [parameters['port'], parameters['command'], parameters['url']].join(' ');
		for (const number of new Set([...(text.match(/\d+/g) ?? []), ...defaultPortsIn(text).map(String)])) {
			const found = byPort.get(number);
			if (found) found.push(assertion);
			else byPort.set(number, [assertion]);
		}
	}
	return byPort;
}

/** Whether a value is the number of a TCP or UDP port. */
export const isPort = (port: unknown): boolean => Number.isInteger(port) && Number(port) >= 1 && Number(port) <= 65_535;

/** Whether the assertion fails when nobody answers at the end of the connection. */
function covers(assertion: AssertionDocument, connection: ConnectionDocument, target: NodeDocument): boolean {
	const parameters: Readonly<Record<string, unknown>> = { ...assertion, ...assertion.params };
	const isOnTarget = assertion.on_vm === target.name;
	const hasPort = String(parameters['port']) === String(connection.port);
	if (assertion.type === 'port_listening') {
		return isOnTarget && hasPort && (parameters['protocol'] ?? 'tcp') === (connection.protocol ?? 'tcp');
	}
	const addresses = target.alias.map((alias) => alias.replace(/\/.*$/, ''));
	const names = [target.name, ...addresses, ...(isOnTarget ? ['localhost', '127.0.0.1'] : [])];
	if (assertion.type === 'network_reachable') return hasPort && names.includes(String(parameters['host']));
	const text = String(parameters['command'] ?? parameters['url'] ?? '');
	const holds = (word: string) => holdsWord(text, word, partOfWhole);
	return names.some(holds) && (holds(String(connection.port)) || defaultPortsIn(text).includes(connection.port));
}
