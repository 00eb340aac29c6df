/** What `rehearse init` writes passes, and its scripts may run again. */
import path from 'node:path';
import test from 'ava';
import { makeSandbox } from './support/sandbox.js';
import { resultIn, runTool } from './support/tool.js';

test('a lab that was begun with `init` passes as it is, twice', async (t) => {
	t.timeout(15 * 60_000);
	const sandbox = await makeSandbox(t);
	const lab = path.join(sandbox.path, 'begun');
	t.is((await runTool(sandbox, ['init', lab, '--yes'])).status, 0);
	const ended = await runTool(sandbox, ['run', lab, '--twice', '--json']);
	t.is(ended.status, 0, ended.stderr + ended.stdout);
	const result = resultIn(ended);
	t.is(result.verdict, 'passed');
	t.deepEqual(result.tests.map(({ assertions }) => assertions.map(({ status }) => status)), [['passed', 'passed'], ['passed', 'passed']]);
	t.deepEqual(await sandbox.leftovers(0), []);
});
