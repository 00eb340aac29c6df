/** Proofs and surveys of a lab of fake machines, in real namespaces. */
import test from 'ava';
import { readSurveys } from '../../../src/runs/surveys.js';
import { startLab, type Line } from './labs.js';

const told = <T extends Line['type']>(lines: readonly Line[], type: T) =>
	lines.filter((line): line is Extract<Line, { type: T }> => line.type === type);

test.serial('a second run that makes a file, then a restart that loses addresses', async (t) => {
	const lab = await startLab(t, { nodes: ['one', 'two'], proofs: ['twice', 'reboot'], surveys: true });
	t.is((await lab.waitFor('done')).error, undefined);
	const stages = told(lab.lines, 'stage-finished').filter(({ node }) => node === undefined);
	t.deepEqual(
		stages.map(({ stage, status }) => `${stage} ${status}`),
		['network passed', 'scenario passed', 'twice failed', 'reboot failed', 'survey passed', 'teardown passed'],
	);
	const repeated = told(lab.lines, 'script-repeated').map(({ node, status, differences }) => [node, status, differences.map(({ subject }) => subject)]);
	t.deepEqual(repeated.toSorted(), [
		['one', 'passed', ['/etc/made']],
		['two', 'passed', ['/etc/made']],
	]);
	const restarted = told(lab.lines, 'machine-restarted').map(({ node, missing }) => [node, missing.map(({ kind }) => kind)]);
	const addresses = ['address', 'address', 'address'];
	t.deepEqual(restarted.toSorted(), [
		['one', addresses],
		['two', addresses],
	]);
	const surveys = await readSurveys(lab.runDirectory);
	t.deepEqual([...surveys.keys()].toSorted(), ['one', 'two']);
	t.deepEqual(surveys.get('one')?.addresses, ['fd00::10/64 on enp0s3']);
	t.deepEqual(await lab.leftovers(), []);
});

test.serial('a lab that is stopped while its machines restart leaves nothing', async (t) => {
	const lab = await startLab(t, { proofs: ['reboot'] });
	await lab.waitFor('stage-started', 'reboot');
	lab.starter.kill('SIGKILL');
	t.deepEqual(await lab.leftovers(), []);
});
