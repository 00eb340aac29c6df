import test from 'ava';
import type { NodeStatus } from '../../../src/protocol/requests.js';
import { statusText } from '../../../src/report/lab-status.js';

const node = (name: string, more: Partial<NodeStatus> = {}): NodeStatus => ({
	name,
	stage: 'started',
	paused: false,
	uptimeMs: 61_000,
	uplinkAddress: '10.0.2.11',
	alias: '10.80.0.10/24',
	residentMiB: 300,
	memoryMiB: 1024,
	link: { state: 'up' },
	...more,
});

test('no lab runs', (t) => {
	t.is(statusText([], { color: false }), 'No lab runs. `rehearse up` brings one up.\n');
});

test('labs with their nodes', (t) => {
	const nodes = [
		node('web', { paused: true, link: { state: 'bad', delayMs: 200 } }),
		node('database', { stage: 'ended', link: { state: 'down' } }),
		node('mail', { stage: 'startup failed', failedScripts: ['setup', 'relay'] }),
	];
	const { uptimeMs: _uptime, residentMiB: _resident, ...dead } = nodes[1] as NodeStatus;
	const text = statusText(
		[
			{ lab: 'shop', isReady: true, runDirectory: '/runs/shop', ageMs: 65_000, nodes: [nodes[0] as NodeStatus, dead, nodes[2] as NodeStatus] },
			{ lab: 'new', isReady: false, runDirectory: '/runs/new', ageMs: 1000, nodes: [] },
		],
		{ color: false },
	);
	t.is(
		text,
		`shop  up for 1 min 05 s
  node      stage                          running for  lab address    uplink     resident  RAM       link
  web       started, paused                1 min 01 s   10.80.0.10/24  10.0.2.11  300 MiB   1024 MiB  200 ms later
  database  ended                          –            10.80.0.10/24  10.0.2.11  –         1024 MiB  down
  mail      startup failed (setup, relay)  1 min 01 s   10.80.0.10/24  10.0.2.11  300 MiB   1024 MiB  up
  /runs/shop

new  coming up, or rehearsed for 1.0 s
  /runs/new
`,
	);
});
