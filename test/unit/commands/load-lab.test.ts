import path from 'node:path';
import test from 'ava';
import { loadLab } from '../../../src/commands/load-lab.js';

const quiet = { stderr: { write: () => true }, stderrColor: false } as unknown as Parameters<typeof loadLab>[1];

test('the time of the command line is for the scripts that have none of their own, and known not to be of the plan', async (t) => {
	const plan = path.resolve('test', 'plans', 'good', 'compact.yaml');
	const scriptsOf = async (options = {}) => (await loadLab(plan, quiet, options)).nodes.flatMap(({ startupScripts }) => startupScripts);
	const [own, limited] = [await scriptsOf(), await scriptsOf({ scriptTimeoutSeconds: 7 })];
	t.true(own.length > 0);
	t.deepEqual(limited, own.map((script) => (script.timeoutSeconds === undefined ? { ...script, timeoutSeconds: 7, isTimeOfRun: true } : script)));
});
