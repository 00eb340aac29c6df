/** In which order the nodes of a lab come up that connect to each other. */
import test from 'ava';
import type { Connection } from '../../../src/lab/lab.js';
import { startLab, type Line, type LabOptions } from './labs.js';

const connecting = (...connections: Pick<Connection, 'from' | 'to'>[]): LabOptions => ({
	nodes: ['one', 'two', 'three'],
	changed: (run) => ({ ...run, lab: { ...run.lab, connections: connections.map((connection) => ({ ...connection, port: 1 })) } }),
});

/** Where among the lines a node's stage began or ended. */
const place = (lines: readonly Line[], node: string, type: 'stage-started' | 'stage-finished', stage: string): number =>
	lines.findIndex((line) => line.type === type && line.node === node && line.stage === stage);

test.serial('nodes that others need boot first, and no startup script begins before those that its node needs are up', async (t) => {
	const lab = await startLab(t, connecting({ from: 'one', to: 'three' }, { from: 'three', to: 'two' }));
	t.is((await lab.waitFor('done')).error, undefined);
	const boots = ['two', 'three', 'one'].map((node) => place(lab.lines, node, 'stage-started', 'boot'));
	t.deepEqual(boots, [...boots].sort((a, b) => a - b));
	t.true(place(lab.lines, 'one', 'stage-started', 'startup') > place(lab.lines, 'three', 'stage-finished', 'boot'));
	t.true(place(lab.lines, 'three', 'stage-started', 'startup') > place(lab.lines, 'two', 'stage-finished', 'boot'));
});

test.serial('nodes that need each other come up all the same', async (t) => {
	const lab = await startLab(t, connecting({ from: 'one', to: 'two' }, { from: 'two', to: 'one' }));
	t.is((await lab.waitFor('done')).error, undefined);
});

test.serial('whoever waits for a node that breaks is not left waiting', async (t) => {
	const lab = await startLab(t, { ...connecting({ from: 'one', to: 'two' }), behaviour: 'panics' });
	t.like((await lab.waitFor('done')).error, { code: 'machine-died' });
});
