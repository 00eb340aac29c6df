/** Resolved labs for the tests. */
import { sha256 } from '../../../src/base/hash.js';
import { macAddresses, uplinkAddress } from '../../../src/lab/addressing.js';
import type { Lab, LabNode } from '../../../src/lab/lab.js';

/** A good node, the one at `index` of its lab. */
export const labNode = (name: string, index = 0, overrides: Partial<LabNode> = {}): LabNode => ({
	name,
	role: 'app',
	recipeSha256: sha256(name),
	memoryMiB: 1024,
	diskMiB: 8192,
	alias: `10.80.0.${10 + index}/24`,
	uplinkAddress: uplinkAddress(index),
	mac: macAddresses([name])[0] ?? '',
	dns: ['1.1.1.1'],
	features: [],
	packages: [],
	services: [],
	users: [{ username: 'ops', password: 'correct horse', groups: ['sudo'], shell: '/bin/bash' }],
	startupScripts: [],
	...overrides,
});

/** A good lab of these nodes, with nothing to assert. */
export const labOf = (...nodes: readonly LabNode[]): Lab => ({
	name: 'sample',
	planPath: '/plans/sample.yaml',
	planSha256: '0'.repeat(64),
	network: { subnet: '10.80.0.0/24', gateway: '10.80.0.1/24' },
	nodes,
	connections: [],
	scenarios: [],
	warnings: [],
	leftOut: [],
});
