/** What is known of a node, and with which of its machines it is forgotten. */
import test from 'ava';
import type { Origin, RunEventBody } from '../../../src/lab/events.js';
import type { MachineRunSpec } from '../../../src/protocol/run-spec.js';
import { RunningNode } from '../../../src/supervisor/running-node.js';
import type { StartedMachine } from '../../../src/supervisor/start-machine.js';

const provisioned: Origin = { from: 'checkpoint', kind: 'provisioned', savedAt: 1 };
const started: Origin = { from: 'checkpoint', kind: 'started', savedAt: 1 };

/** A node that somebody was in, whose script has cut it off and asked for the end of its machine; then this begins. */
function nodeAfter(stage: 'boot' | 'restore' | 'reboot' | undefined, origin: Origin = { from: 'power-on' }) {
	const node = new RunningNode({ spec: { name: 'web' }, origin } as MachineRunSpec, { alias: '10.80.0.10/24', slowdown: 1, signal: new AbortController().signal });
	const observe = node.observing(() => undefined);
	const step = { depth: 0, status: 0 } as const;
	const trace = { steps: [{ ...step, line: 5, command: 'ip link set enp0s2 down' }, { ...step, line: 6, command: 'systemctl reboot' }] };
	node.begin({} as StartedMachine);
	observe({ type: 'script-finished', node: 'web', script: 'setup', status: 'passed', ms: 5, output: '', trace } as unknown as RunEventBody);
	node.wasVisited = true;
	node.wasUnplugged = true;
	if (stage) observe({ type: 'stage-started', stage, node: 'web' });
	node.begin({} as StartedMachine);
	return { visited: node.wasVisited, unplugged: node.wasUnplugged, cuts: node.cuts.map(({ line }) => line), suspect: node.suspect?.line };
}

const all = { visited: true, unplugged: true, cuts: [5], suspect: 6 };
test('a machine that is started again from its own disk is the one that somebody was in', (t) => {
	t.deepEqual(nodeAfter('reboot'), all);
	t.deepEqual(nodeAfter(undefined), all, 'as its own scripts reboot it');
});

test('one that is booted or restored instead is another; that its link was cut others may have seen', (t) => {
	const none = { visited: false, unplugged: true, cuts: [], suspect: undefined };
	t.deepEqual(nodeAfter('boot'), none);
	t.deepEqual(nodeAfter('restore', provisioned), none);
});

test('one that is restored as its scripts had left it is cut off as they had left it', (t) => {
	t.deepEqual(nodeAfter('restore', started), { ...all, visited: false });
});

test('a machine that did not come up is not one that did, and nothing of the one before is said of it', (t) => {
	const node = new RunningNode({ spec: { name: 'web' }, origin: { from: 'power-on' } } as MachineRunSpec, { alias: '10.80.0.10/24', slowdown: 1, signal: new AbortController().signal });
	const observe = node.observing(() => undefined);
	const stage = (type: 'stage-started' | 'stage-finished', name: 'boot' | 'reboot' | 'startup', status?: 'passed' | 'error') =>
		observe({ type, stage: name, node: 'web', ...(status === undefined ? {} : { status, ms: 1 }) } as RunEventBody);
	node.begin({} as StartedMachine);
	stage('stage-finished', 'boot', 'passed');
	stage('stage-finished', 'startup', 'passed');
	t.deepEqual([node.stage, node.startup], ['started', 'passed']);
	stage('stage-started', 'reboot');
	stage('stage-finished', 'reboot', 'error');
	t.deepEqual([node.stage, node.startup], ['booting', 'passed'], 'its scripts ran at the first boot');
	stage('stage-started', 'boot');
	node.paused = true;
	node.lose();
	stage('stage-finished', 'boot', 'error');
	t.deepEqual([node.stage, node.startup, node.paused], ['ended', undefined, false]);
});
