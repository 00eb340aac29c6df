import { join, relative } from 'node:path';
import test from 'ava';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { ruleTable } from '../../../src/plan/check.js';
import { findPlan } from '../../../src/plan/find.js';
import { readPlan } from '../../../src/plan/read.js';
import { resolveLab } from '../../../src/plan/resolve.js';
import { checkFile, planFiles, plansDirectory, readText, rulesOf } from './helpers.js';

const guest = await readGuestDefinition();

const expected = JSON.parse(readText('expected.json')) as Record<string, string[]>;

const isBroken = test.macro({
	title: (_title, file: string) => `${file}: ${expected[file]?.join(', ')}`,
	async exec(t, file: string) {
		const findings = await checkFile(file);
		t.deepEqual(rulesOf(findings), expected[file] ?? []);
		t.true(findings.some(({ severity }) => severity === 'error'));
		for (const finding of findings) {
			t.regex(finding.path, /\S/);
			t.regex(finding.message, /\S/);
			t.regex(finding.fix, /\S/);
			t.true((finding.line ?? 0) > 0, `${finding.rule} has no line`);
		}
	},
});

for (const file of Object.keys(expected)) test(isBroken, file);

const isGood = test.macro({
	title: (_title, file: string) => `${file}: no finding, and it resolves`,
	async exec(t, file: string) {
		t.deepEqual(await checkFile(file), []);
		const source = await readPlan(join(plansDirectory, file));
		t.notThrows(() => resolveLab(source, guest));
	},
});

for (const file of planFiles('good')) test(isGood, join('good', file));

test('the bundled lab has no finding', async (t) => {
	t.deepEqual(await checkFile(relative(plansDirectory, findPlan('immich-photo-vault'))), []);
});

test('every plan has its expectation', (t) => {
	t.deepEqual(planFiles().sort(), Object.keys(expected).sort());
});

test('every rule that is an error has a plan that breaks it', (t) => {
	const broken = new Set(Object.values(expected).flat());
	const errors = ruleTable.filter(({ severity }) => severity === 'error').map(({ id }) => id);
	t.deepEqual(errors.filter((id) => !broken.has(id)), []);
});

test('every rule has an id in kebab-case of its own, and a summary', (t) => {
	t.is(new Set(ruleTable.map(({ id }) => id)).size, ruleTable.length);
	for (const { id, summary } of ruleTable) {
		t.regex(id, /^[a-z]+(?:-[a-z]+)*$/);
		t.regex(summary, /^\S.*\S$/);
	}
});
