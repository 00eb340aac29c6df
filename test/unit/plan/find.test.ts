import { join } from 'node:path';
import test from 'ava';
import { bundledLabs, bundledLabsDirectory, findPlan } from '../../../src/plan/find.js';
import { writeFiles } from './plans.js';

test('the name of a bundled lab is found from anywhere', (t) => {
	t.is(findPlan('immich-photo-vault', '/'), join(bundledLabsDirectory(), 'immich-photo-vault', 'plan.json'));
	t.true(bundledLabs().includes('immich-photo-vault'));
});

test('a directory with a plan in it, and a plan file, are found', async (t) => {
	const directory = await writeFiles(t, { 'lab/plan.yml': '', 'other.yaml': '', 'empty/readme': '' });
	t.is(findPlan('lab', directory), join(directory, 'lab/plan.yml'));
	t.is(findPlan('./other.yaml', directory), join(directory, 'other.yaml'));
	t.throws(() => findPlan('empty', directory), { message: /no plan in .*empty/, code: 'usage' });
});

test('of two plans in a directory neither is taken', async (t) => {
	const directory = await writeFiles(t, { 'lab/plan.yaml': '', 'lab/plan.json': '{}' });
	const error = t.throws(() => findPlan('lab', directory), { message: /^2 plans in .*lab: plan\.json, plan\.yaml$/, code: 'usage' });
	t.is((error as { hint?: string } | undefined)?.hint, 'give the path of the one that is meant');
	t.is(findPlan('lab/plan.yaml', directory), join(directory, 'lab/plan.yaml'));
});

test('a path that leads through a file is bad usage', async (t) => {
	const directory = await writeFiles(t, { 'plan.yaml': '' });
	t.throws(() => findPlan('plan.yaml/plan.yaml', directory), { message: /cannot look at .*plan\.yaml.*no directory$/, code: 'usage' });
});

test('an unknown lab is refused with the bundled ones', (t) => {
	const error = t.throws(() => findPlan('immich'), { message: /no lab "immich"/, code: 'usage' });
	t.like(error, { exitCode: 2 });
	t.regex((error as { hint?: string } | undefined)?.hint ?? '', /immich-photo-vault/);
});
