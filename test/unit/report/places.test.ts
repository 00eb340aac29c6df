/** Where the plan has the nodes and the tests of a run. */
import { readFile } from 'node:fs/promises';
import test from 'ava';
import { findPlaces } from '../../../src/report/places.js';
import { emptyRun } from '../../../src/outcome/fold.js';
import { node, plan, read } from '../plan/plans.js';

const testOf = (name: string, line: string) => ({ name, assertions: [{ type: 'vm_boots' }, { type: 'command', params: { command: line } }] });
const content = plan({
	nodes: [
		node('one', 10, {}, { tests: [testOf('of one', 'first')] }),
		node('two', 20, {}, { tests: [testOf('of two', 'second')], test_config: { enabled: true, tests: [testOf('more', 'third')] } }),
	],
	scenarios: [{ name: 'group', custom_tests: [{ name: 'own', assertions: [{ type: 'vm_boots', on_vm: 'one' }, { type: 'command', on_vm: 'one', params: { command: 'zeroth' } }] }] }],
});

test('assertions of scenarios and of recipes have their lines, in the order in which they are run, and nodes have theirs', async (t) => {
	const source = await read(t, content);
	const places = await findPlaces({ ...emptyRun(), planPath: source.path, planSha256: source.sha256 }, '/');
	const lines = (await readFile(source.path, 'utf8')).split('\n');
	const textFrom = (line: number | undefined): string => (line === undefined ? '' : lines.slice(line - 1, line + 6).join(' '));
	for (const [index, command] of ['zeroth', 'first', 'second', 'third'].entries()) t.true(textFrom(places.assertion(index, 1)?.line).includes(`"${command}"`), command);
	t.deepEqual(places.assertion(4, 0), { file: source.path });
	t.true(textFrom(places.node('two')?.line).includes('"name": "two"'));
	t.deepEqual(places.node('three'), { file: source.path });
});

test('of a plan that was edited since only the file is reported', async (t) => {
	const source = await read(t, content);
	const places = await findPlaces({ ...emptyRun(), planPath: source.path, planSha256: 'other' }, '/');
	t.deepEqual([places.node('two'), places.assertion(1, 1)], [{ file: source.path }, { file: source.path }]);
});

test('so it is of a script in a file of its own, whose lines may have moved', async (t) => {
	const source = await read(t, content);
	const state = { ...emptyRun(), planPath: source.path, planSha256: source.sha256, sources: [{ node: 'one', script: 'setup', file: '/lab/setup.sh', text: '' }] };
	t.deepEqual((await findPlaces(state, '/')).scriptLine('one', 'setup', 7), { file: '/lab/setup.sh', line: 7 });
	t.deepEqual((await findPlaces({ ...state, planSha256: 'other' }, '/')).scriptLine('one', 'setup', 7), { file: '/lab/setup.sh' });
});
