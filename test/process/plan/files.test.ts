/** What a plan names on the host is not read when it is no regular file; nothing waits for it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { findPlan } from '../../../src/plan/find.js';
import { readPlan } from '../../../src/plan/read.js';
import { run, type Argv } from '../../../src/process/run.js';

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

const ways: readonly (readonly [string, (plan: string) => Argv])[] = [
	['a FIFO to which nobody writes', (plan) => ['mkfifo', plan]],
	['a link to a file elsewhere', (plan) => ['ln', '-s', '/etc/passwd', plan]],
	['a link to a device', (plan) => ['ln', '-s', '/dev/zero', plan]],
	['a directory', (plan) => ['mkdir', plan]],
];

for (const [what, make] of ways) {
	test(`a lab whose plan is ${what}`, async (t) => {
		const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-test-'));
		t.teardown(() => rm(directory, { recursive: true }));
		await run(make(path.join(directory, 'plan.yaml')));
		t.throws(() => findPlan(directory), { code: 'usage', message: /plan\.yaml is no regular file of its directory$/ });
	});
}

test('a lab whose plan is a link within its directory, and a directory that is named by a link', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-test-'));
	t.teardown(() => rm(directory, { recursive: true }));
	await run(['mkdir', path.join(directory, 'lab')]);
	await writeFile(path.join(directory, 'lab', 'lab.yaml'), '');
	await run(['ln', '-s', 'lab.yaml', path.join(directory, 'lab', 'plan.yaml')]);
	await run(['ln', '-s', 'lab', path.join(directory, 'link')]);
	for (const name of ['lab', 'link']) t.is(findPlan(name, directory), path.join(directory, name, 'plan.yaml'));
});
