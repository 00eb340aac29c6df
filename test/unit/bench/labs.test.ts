import { mkdtemp, readFile, rm, cp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { checkPlan } from '../../../src/plan/check.js';
import { bundledLabsDirectory } from '../../../src/plan/find.js';
import { readPlan } from '../../../src/plan/read.js';
import { resolveLab } from '../../../src/plan/resolve.js';
import { editScript } from '../../bench/edits.js';
import { measurements } from '../../bench/measurements.js';
import { smallPlan } from '../../bench/small-lab.js';
import { read } from '../plan/plans.js';

test('small labs are good plans', async (t) => {
	const guest = await readGuestDefinition();
	const { features } = guest;
	for (const count of [4, 16]) {
		const source = await read(t, smallPlan(count) as Record<string, unknown>);
		t.deepEqual(checkPlan(source, features).filter(({ severity }) => severity === 'error'), []);
		const { document } = source;
		if (!document) return t.fail('no plan');
		const lab = resolveLab({ ...source, document }, guest);
		t.is(lab.nodes.length, count);
		t.is(lab.scenarios[0]?.tests[0]?.assertions.length, count);
	}
});

test('an edited lab is a good plan, with one mark however often it is edited', async (t) => {
	const lab = await mkdtemp(path.join(os.tmpdir(), 'rehearse-test-'));
	t.teardown(() => rm(lab, { recursive: true }));
	await cp(path.join(bundledLabsDirectory(), 'immich-photo-vault'), lab, { recursive: true });
	await editScript(lab, 'redis', 'one');
	await editScript(lab, 'redis', 'two');
	const source = await readPlan(path.join(lab, 'plan.json'));
	const { features } = await readGuestDefinition();
	t.deepEqual(checkPlan(source, features).filter(({ severity }) => severity === 'error'), []);
	t.deepEqual(source.document?.scenarios[0]?.custom_tests.at(-1)?.name, 'Edit two');
	t.is(source.document?.scenarios[0]?.custom_tests.length, 6);
	t.regex(await readFile(path.join(lab, 'startup', 'redis.sh'), 'utf8'), /echo two >\/run\/rehearse-bench\n$/);
});

test('measurements have names of their own', (t) => {
	const names = measurements.map(({ name }) => name);
	t.deepEqual([...new Set(names)], names);
	t.true(names.includes('by-hand'));
});
