import test from 'ava';
import { servicePorts } from '../../../src/lab/service-ports.js';
import { labNode, labOf } from '../base/labs.js';

test('what connections and assertions name, each once, in the order of the nodes and of the ports', (t) => {
	const lab = {
		...labOf(labNode('web'), labNode('db', 1), labNode('idle', 2)),
		connections: [{ from: 'web', to: 'db', port: 5432 }],
		scenarios: [
			{
				name: 's',
				tests: [
					{
						name: 't',
						assertions: [
							{ type: 'port_listening', onVm: 'db', port: 9187, protocol: 'tcp' },
							{ type: 'port_listening', onVm: 'db', port: 5432, protocol: 'tcp' },
							{ type: 'port_listening', onVm: 'web', port: 53, protocol: 'udp' },
							{ type: 'port_listening', onVm: 'web', port: 80, protocol: 'tcp' },
						] as const,
					},
				],
			},
		],
	};
	t.deepEqual(servicePorts(lab), [
		{ node: 'web', port: 80 },
		{ node: 'db', port: 5432 },
		{ node: 'db', port: 9187 },
	]);
});
