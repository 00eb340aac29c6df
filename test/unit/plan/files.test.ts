import test from 'ava';
import { filesOf } from '../../../src/plan/files.js';

test('the plan and every script file that it names, in either spelling and however broken it is', (t) => {
	const value = {
		nodes: [
			{ recipe: { os: { startup_scripts: [{ script_file: 'startup/a.sh' }, { script: 'true' }] } } },
			{ recipe: { startupScripts: [{ scriptFile: '../b.sh' }, { scriptFile: 7 }] } },
			null,
		],
	};
	t.deepEqual(filesOf({ path: '/labs/web/plan.yaml', value }), ['/labs/web/plan.yaml', '/labs/web/startup/a.sh', '/labs/b.sh']);
	t.deepEqual(filesOf({ path: '/labs/web/plan.yaml', value: undefined }), ['/labs/web/plan.yaml']);
});
