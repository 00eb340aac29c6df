/** What a plan names on the host is not read when it is no regular file; nothing waits for it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { readPlan } from '../../../src/plan/read.js';
import { run } from '../../../src/process/run.js';

test('a FIFO to which nobody writes', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-test-'));
	t.teardown(() => rm(directory, { recursive: true }));
	await run(['mkfifo', path.join(directory, 'pipe.sh')]);
	const recipe = { base_image: 'debian-trixie', startup_scripts: [{ name: 'a', script_file: 'pipe.sh' }] };
	const file = path.join(directory, 'plan.json');
	await writeFile(file, JSON.stringify({ name: 'lab', nodes: [{ name: 'web', memory: '1 GB', disk: '8 GB', recipe }] }));
	const began = performance.now();
	const { problems, scripts } = await readPlan(file);
	t.true(performance.now() - began < 2000);
	t.deepEqual(scripts, []);
	t.deepEqual(problems.map(({ message }) => message), ['cannot read pipe.sh: it is no regular file']);
});
