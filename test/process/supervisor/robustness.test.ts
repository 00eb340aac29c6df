/** Robustness checks and state snapshots of a lab of fake machines, in real namespaces. */
import test from 'ava';
import { readSnapshots } from '../../../src/runs/snapshots.js';
import { startLab, type Line } from './labs.js';

const reported = <T extends Line['type']>(lines: readonly Line[], type: T) =>
	lines.filter((line): line is Extract<Line, { type: T }> => line.type === type);

test.serial('a second run that makes a file, then a restart that loses addresses', async (t) => {
	const lab = await startLab(t, { nodes: ['one', 'two'], robustness: ['twice', 'reboot'], snapshots: true });
	t.is((await lab.waitFor('done')).error, undefined);
	const stages = reported(lab.lines, 'stage-finished').filter(({ node }) => node === undefined);
	t.deepEqual(
		stages.map(({ stage, status }) => `${stage} ${status}`),
		['network passed', 'scenario passed', 'twice failed', 'reboot failed', 'snapshot passed', 'teardown passed'],
	);
	const repeated = reported(lab.lines, 'script-repeated').map(({ node, status, differences }) => [node, status, differences.map(({ subject }) => subject)]);
	t.deepEqual(repeated.toSorted(), [
		['one', 'passed', ['/etc/made']],
		['two', 'passed', ['/etc/made']],
	]);
	const restarted = reported(lab.lines, 'machine-restarted').map(({ node, missing }) => [node, missing.map(({ kind }) => kind)]);
	const addresses = ['address', 'address', 'address'];
	t.deepEqual(restarted.toSorted(), [
		['one', addresses],
		['two', addresses],
	]);
	const snapshots = await readSnapshots(lab.runDirectory);
	t.deepEqual([...snapshots.keys()].toSorted(), ['one', 'two']);
	t.deepEqual(snapshots.get('one')?.addresses, ['fd00::10/64 on enp0s3']);
	t.deepEqual(await lab.leftovers(), []);
});

test.serial('a lab that is stopped while its machines restart leaves nothing', async (t) => {
	const lab = await startLab(t, { robustness: ['reboot'] });
	await lab.waitFor('stage-started', 'reboot');
	lab.starter.kill('SIGKILL');
	t.deepEqual(await lab.leftovers(), []);
});
