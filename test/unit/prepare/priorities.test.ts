import test from 'ava';
import type { Manifest } from '../../../src/checkpoint/manifest.js';
import { nicenessOf, startupTimes, timesAhead } from '../../../src/prepare/priorities.js';
import { withStartupTimes } from '../../../src/supervisor/started-lab.js';

const machine = (node: string, startupCpuMs?: number) => ({
	...{ node, fingerprint: {}, state: '0.state', ram: '0.ram', layers: [] },
	...(startupCpuMs === undefined ? {} : { startupCpuMs }),
});
const manifest = (savedAt: number, machines: Manifest['machines'], other: Partial<Manifest> = {}): Manifest => ({
	...{ schema: 4, key: '0123456789abcdef', kind: 'started', lab: 'vault', savedAt, machines, files: {} },
	...other,
});

test('the time of a node is that of the newest started lab that knows it', (t) => {
	const known = [
		manifest(3, [machine('redis', 300), machine('web')]),
		manifest(1, [machine('redis', 100), machine('web', 50), machine('gone', 9000)]),
		manifest(9, [machine('redis', 900)], { lab: 'other' }),
		manifest(9, [machine('redis', 900)], { kind: 'failed' }),
	];
	t.deepEqual([...startupTimes(known, 'vault', ['redis', 'web'])], [['redis', 300], ['web', 50]]);
});

test('the node that takes longest goes first, and the others stand back by how much less they have to do', (t) => {
	const times = new Map([['postgres', 6500], ['mail', 5200], ['redis', 3700], ['server', 1700], ['idle', 0]]);
	const niceness = ['postgres', 'mail', 'redis', 'server', 'idle', 'new'].map((node) => nicenessOf(node, times));
	t.deepEqual(niceness, [0, 1, 3, 5, 5, 0], 'no further than that it goes on beside a busy program');
});

test('nodes whose startup scripts do not run again stand back behind those that have theirs ahead', (t) => {
	const times = new Map([['postgres', 6500], ['redis', 3700], ['server', 1700]]);
	const only = timesAhead(times, ['postgres', 'server']);
	t.deepEqual(['postgres', 'redis', 'server'].map((node) => nicenessOf(node, only)), [5, 0, 5]);
	const none = timesAhead(times, ['postgres', 'redis', 'server']);
	t.deepEqual(['postgres', 'redis', 'server'].map((node) => nicenessOf(node, none)), [0, 0, 0], 'nobody where nobody has');
});

test('where nothing is known nobody yields', (t) => {
	t.is(nicenessOf('redis', new Map()), 0);
	t.is(nicenessOf('redis', new Map([['redis', 0]])), 0);
});

test('a lab is saved with the times of those whose startup scripts ran', (t) => {
	const order = {
		...{ staging: '/store/.staging', manifest: { schema: 4, key: '0123456789abcdef', kind: 'started', lab: 'vault' } as const },
		machines: [{ node: 'redis', fingerprint: {} }, { node: 'web', fingerprint: {} }],
	};
	const { machines } = withStartupTimes(order, new Map([['redis', 300], ['web', undefined]]));
	t.deepEqual(machines, [{ node: 'redis', fingerprint: {}, startupCpuMs: 300 }, { node: 'web', fingerprint: {} }]);
});
