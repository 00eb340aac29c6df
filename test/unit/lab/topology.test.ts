/** What is drawn of a lab's connections: which assertions look at them. */
import test from 'ava';
import type { Assertion } from '../../../src/lab/lab.js';
import { topologyOf } from '../../../src/lab/topology.js';
import { defaultPortsIn } from '../../../src/lab/url-ports.js';
import { labNode, labOf } from '../base/labs.js';

const command = (text: string): Assertion => ({ onVm: 'client', type: 'command_output', command: text, expect: { exitCode: 0 } });

/** The places of the assertions that look at the connection from `client` to port 8080 of `web`. */
function lookingAt(assertions: readonly Assertion[], web: Parameters<typeof labNode>[2]): readonly number[] {
	const lab = {
		...labOf(labNode('client', 0), labNode('web', 1, web)),
		connections: [{ from: 'client', to: 'web', port: 8080 }],
		scenarios: [{ name: 's', tests: [{ name: 't', assertions }] }],
	};
	return topologyOf(lab).connections.flatMap((connection) => connection.assertions.map(({ index }) => index));
}

test('a node without an address of its own is looked at by its name only', (t) => {
	// No two characters beside each other that belong to no word: an empty word is nowhere in them.
	const commands = ['true', 'nproc', 'systemctl status nginx', '8080', 'nc web 8080'];
	t.deepEqual(lookingAt(commands.map(command), { alias: '' }), [4]);
	t.deepEqual(lookingAt([{ onVm: 'client', type: 'vm_boots' }], { alias: '' }), []);
});

test('a node is looked at by each of its addresses', (t) => {
	const reach = (host: string): Assertion => ({ onVm: 'client', type: 'network_reachable', host, port: 8080 });
	t.deepEqual(lookingAt(['10.80.0.11', '10.81.0.11', '10.81.0.1', 'web'].map(reach), { furtherAliases: ['10.81.0.11/24'] }), [0, 1, 3]);
});

test('beginnings of URLs are no work', (t) => {
	const began = performance.now();
	t.true(defaultPortsIn('http://['.repeat(50_000)).length > 0);
	t.true(performance.now() - began < 5000);
});

test('a URL without a port is about the port of its scheme', (t) => {
	const lab = {
		...labOf(labNode('client', 0), labNode('web', 1)),
		connections: [{ from: 'client', to: 'web', port: 80 }, { from: 'client', to: 'web', port: 443 }],
		scenarios: [{ name: 's', tests: [{ name: 't', assertions: ['curl http://web/', 'curl -k https://10.80.0.11', 'curl http://web:8080/', 'curl http://web:$PORT/'].map(command) }] }],
	};
	t.deepEqual(topologyOf(lab).connections.map(({ assertions }) => assertions.map(({ index }) => index)), [[0], [1]]);
});
