/** Plans that nobody meant well, or nobody meant at all: an answer, soon, and nothing read that is not the plan's. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { ExitCode, Failure } from '../../../src/base/errors.js';
import { checkCommand } from '../../../src/commands/check.js';
import { readPlan } from '../../../src/plan/read.js';
import { readText } from '../check/helpers.js';
import { plan, single, writeFiles } from './plans.js';

const refusesScript = test.macro(async (t, scriptFile: string, reason: RegExp) => {
	const directory = await writeFiles(t, {
		'lab/plan.json': JSON.stringify(single({}, { startup_scripts: [{ name: 'a', script_file: scriptFile }] })),
		'lab/startup/good.sh': 'true\n',
		'outside.sh': 'true\n',
	});
	const lab = join(directory, 'lab');
	await symlink('good.sh', join(lab, 'startup', 'link.sh'));
	await symlink(directory, join(lab, 'up'));
	await mkdir(join(lab, 'directory.sh'));
	await writeFile(join(lab, 'large.sh'), Buffer.alloc(1024 * 1024 + 1, '#'));
	const { problems, scripts } = await readPlan(join(lab, 'plan.json'));
	t.deepEqual(scripts, []);
	t.deepEqual(problems.map(({ code, path }) => [code, path]), [['script-file', 'nodes[0].recipe.startup_scripts[0].script_file']]);
	t.regex(problems[0]?.message ?? '', reason);
});
test('a script above the plan', refusesScript, '../outside.sh', /outside the plan's folder/);
test('a script of the system', refusesScript, '/etc/passwd', /outside the plan's folder/);
test('a device', refusesScript, '/dev/zero', /outside the plan's folder/);
test('a script behind a link that leads out', refusesScript, 'up/outside.sh', /outside the plan's folder/);
test('a link', refusesScript, 'startup/link.sh', /symbolic link/);
test('a directory', refusesScript, 'directory.sh', /directory/);
test('a megabyte of script', refusesScript, 'large.sh', /1 MiB at most/);
test('a name that is too long', refusesScript, 'x'.repeat(5000), /too long/);

test('a script in the folder, by any path within', async (t) => {
	const entry = { name: 'a', script_file: 'startup/../startup/good.sh' };
	const directory = await writeFiles(t, { 'plan.json': JSON.stringify(single({}, { startup_scripts: [entry] })), 'startup/good.sh': 'true\n' });
	const { scripts, problems } = await readPlan(join(directory, 'plan.json'));
	t.deepEqual(problems, []);
	t.is(scripts[0]?.text, 'true\n');
});

/** What `check` answers; a failure counts as what is printed of it. */
async function answer(file: string): Promise<{ readonly status: number; readonly output: string }> {
	let output = '';
	try {
		const status = await checkCommand({ lab: file, format: 'text', schema: false, color: false, stdout: (text) => void (output += text) });
		return { status, output };
	} catch (error) {
		if (!(error instanceof Failure)) throw error;
		return { status: error.exitCode, output: `${output}${error.message}\n${error.hint ?? ''}` };
	}
}

/** Within 5 s on two processors that others need too. */
const answersSoon = test.macro(async (t, name: string, text: string, expected: RegExp) => {
	const directory = await writeFiles(t, { [name]: text });
	const began = performance.now();
	const { status, output } = await answer(join(directory, name));
	t.true(performance.now() - began < 5000, `${Math.round(performance.now() - began)} ms`);
	t.is(status, ExitCode.usage);
	t.regex(output, expected);
	t.true(output.length < 200_000);
});
const manyNodes = Array.from({ length: 10_000 }, (_, index) => ({ name: `n${index}`, memory: 1024, disk: '8 GB', recipe: { base_image: 'debian-trixie' } }));
test.serial('10,000 nodes', answersSoon, 'plan.json', JSON.stringify({ name: 'big', nodes: manyNodes }), /10000 nodes are more than the 244/);
test.serial('30 MB of JSON', answersSoon, 'plan.json', `{"name":"${'x'.repeat(30e6)}"}`, /2 MiB at most/);
test.serial('30 MB of YAML', answersSoon, 'plan.yaml', `name: "${'x'.repeat(30e6)}"`, /1 MiB at most/);
test.serial('objects without end', answersSoon, 'plan.json', '{"a":'.repeat(200_000), /too deep/);
test.serial('lists without end', answersSoon, 'plan.yaml', '['.repeat(200_000), /too deep/);
test.serial('aliases that swell', answersSoon, 'plan.yaml', ['a: &a [x,x,x,x,x,x,x,x,x,x]', ...'bcdefghi'.split('').map((name, index) => `${name}: &${name} [${Array(10).fill(`*${'abcdefgh'[index]}`).join(',')}]`)].join('\n'), /without YAML aliases|excessive alias/);
test.serial('more anchors than anybody needs', answersSoon, 'plan.yaml', `x-a:\n${Array.from({ length: 20_000 }, (_, index) => `  - &a${index} x\n  - *a${index}\n`).join('')}`, /20000 aliases are more than/);
test.serial('a list that does not end', answersSoon, 'plan.json', JSON.stringify(single({}, { packages: Array.from({ length: 200_000 }, (_, index) => index) })), /200000 entries/);
test.serial('more unknown keys than anybody reads', answersSoon, 'plan.json', JSON.stringify({ ...plan(), ...Object.fromEntries(Array.from({ length: 1900 }, (_, index) => [`key${index}`, 1])) }), /more problems/);

const good = ['good/general.yaml', 'good/compact.yaml', 'good/compact-camel.json'].map((name) => ({ ending: name.replace(/.*\./, ''), text: readText(name) }));

/** What a disk, an editor, or a person with bad intentions does to a text. */
const damage = fc.record({
	plan: fc.constantFrom(...good),
	cuts: fc.array(
		fc.record({
			at: fc.double({ min: 0, max: 1, noNaN: true }),
			length: fc.nat(40),
			instead: fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), fc.constantFrom('\u001b[2J', '\u009b31m', '\u202e', '\u2028', '\r\n::error::', '{', '}', '[', '- ', ': ', '&a ', '*a', '<<: ', '"', "'", '|', '\t', '../../etc/passwd', '-1', '1e400', '0x1', 'null', '~', '!!binary ')),
		}),
		{ minLength: 1, maxLength: 6 },
	),
});

test('damaged plans: exit status 0 or 2, and no control character', async (t) => {
	const directory = await writeFiles(t, { 'startup/none': '' });
	await fc.assert(
		fc.asyncProperty(damage, async ({ plan: { ending, text }, cuts }) => {
			let damaged = text;
			for (const { at, length, instead } of cuts) {
				const start = Math.floor(at * damaged.length);
				damaged = damaged.slice(0, start) + instead + damaged.slice(start + length);
			}
			const file = join(directory, `plan.${ending}`);
			await writeFile(file, damaged);
			const { status, output } = await answer(file);
			t.true(status === ExitCode.passed || status === ExitCode.usage, `status ${status}`);
			t.notRegex(output, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/);
			t.notRegex(output, /^::/m);
		}),
		{ seed: 20_261, numRuns: 1000, endOnFailure: true },
	);
});
