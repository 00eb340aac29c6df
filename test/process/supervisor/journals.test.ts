import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { startLab } from './labs.js';

test.serial('a lab that fails leaves the journals of its machines', async (t) => {
	const lab = await startLab(t, { behaviour: 'fails' });
	t.is((await lab.waitFor('done')).error, undefined);
	t.deepEqual((await readdir(lab.journals)).sort(), ['one.log', 'two.log']);
	t.is(await readFile(path.join(lab.journals, 'one.log'), 'utf8'), 'the last 2000 lines\n');
});

test.serial('a lab that passes is not asked for them', async (t) => {
	const lab = await startLab(t);
	t.is((await lab.waitFor('done')).error, undefined);
	await t.throwsAsync(readdir(lab.journals), { code: 'ENOENT' });
});
