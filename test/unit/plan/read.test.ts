import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import type { Failure } from '../../../src/base/errors.js';
import { readPlan, readPlanAlone } from '../../../src/plan/read.js';
import type { Problem } from '../../../src/plan/types.js';
import { asserting, node, plan, read, single, writeFiles } from './plans.js';

const reported = ({ code, path, message, fix }: Problem): string => `${code} | ${path}: ${message} | ${fix}`;

const hasProblems = test.macro(async (t, content: Parameters<typeof read>[1], expected: readonly string[]) => {
	const source = await read(t, content);
	t.deepEqual(source.problems.map(reported), expected);
});

test('a good plan has no problems', hasProblems, plan(), []);
test('a byte order mark is no problem', hasProblems, `\ufeff${JSON.stringify(plan())}`, []);

test('a plan is read alone, without looking for what it names', async (t) => {
	const directory = await writeFiles(t, { 'plan.json': JSON.stringify(single({}, { startup_scripts: [{ name: 'one', script_file: '/dev/zero' }] })) });
	const { document, scripts, problems } = await readPlanAlone(join(directory, 'plan.json'));
	t.is(document?.nodes.length, 1);
	t.deepEqual([scripts, problems], [[], []]);
});

test('a wrong size is reported with what was expected and found', hasProblems, single({ memory: '2 bananas' }), [
	'schema | nodes[0].memory: expected MiB or a size such as "4 GB", got "2 bananas" | write MiB or a size such as "4 GB"',
]);

test('every problem is reported at once, in the order of the lines', hasProblems, {
	...single({ role: 7, x: 'left', disk: undefined }),
	profile: 'tiny',
}, [
	'missing-key | nodes[0].disk: is missing | add "disk"',
	'schema | nodes[0].role: expected a text, got 7 | put it in quotes',
	'schema | nodes[0].x: expected a number, got "left" | write a number',
	'schema | profile: expected "general" or "compact", got "tiny" | write "general" or "compact"',
]);

test('a misspelt key is reported with the one that was meant', hasProblems, plan({ conections: [] }), [
	'unknown-key | conections: unknown key "conections" | did you mean "connections"?',
]);

test('an unknown key is reported in the spelling of the plan', hasProblems, single({ diskColour: 'red' }), [
	'unknown-key | nodes[0].diskColour: unknown key "diskColour" | ' +
		'remove it; known here: name, description, role, x, y, memory, disk, vcpus, alias, recipe, waive',
]);

test('a plan without nodes is reported', hasProblems, plan({ nodes: [] }), [
	'schema | nodes: expected at least one, got an empty list | write at least one',
]);

test('an empty plan is reported', hasProblems, '', ['schema | : there is nothing in the file | `rehearse init` writes a plan to begin with']);

test('a script is inline or a file, not both and not neither', async (t) => {
	const scripts = [{ name: 'a' }, { name: 'b', script: '', script_file: 'b.sh' }];
	const { problems } = await read(t, single({}, { os: { startup_scripts: scripts } }));
	t.deepEqual(problems.map(({ path }) => path), [
		'nodes[0].recipe.os.startup_scripts[0]',
		'nodes[0].recipe.os.startup_scripts[1]',
	]);
	for (const { message } of problems) t.is(message, 'expected either "script" (inline) or "script_file" (a path)');
});

test('a key in both spellings is a duplicate', hasProblems, single({}, { baseImage: 'x' }), [
	'duplicate-key | nodes[0].recipe.baseImage: means the same as nodes[0].recipe.base_image on line 13 | keep one of them',
]);

test('a key that appears twice in one spelling is a duplicate, and its line is reported', async (t) => {
	const source = await read(t, 'name: a\nnodes: []\nname: b\n');
	const duplicate = source.problems.find(({ code }) => code === 'duplicate-key');
	t.is(duplicate?.line, 3);
	t.regex(duplicate?.message ?? '', /line 1/);
});

test('unknown keys alone leave the document, so that rules can speak too', async (t) => {
	t.truthy((await read(t, plan({ colour: 'red' }))).document);
	t.is((await read(t, plan({ nodes: 3 }))).document, undefined);
});

test('both spellings give the same document', async (t) => {
	const scripts = [{ name: 'a', script: 'true' }];
	const assertion = { type: 'vm_boots' };
	const snake = await read(t, {
		...single({}, { test_config: { enabled: false }, os: { startup_scripts: scripts } }),
		scenarios: [{ name: 's', custom_tests: [{ name: 't', assertions: [{ ...assertion, on_vm: 'one' }] }] }],
	});
	const { base_image: baseImage, ...recipe } = node('one', 10)['recipe'] as Record<string, unknown>;
	const camelRecipe = { ...recipe, baseImage, testConfig: { enabled: false }, os: { startupScripts: scripts } };
	const camel = await read(t, {
		...single({ recipe: camelRecipe }),
		scenarios: [{ name: 's', customTests: [{ name: 't', assertions: [{ ...assertion, onVm: 'one' }] }] }],
	});
	t.deepEqual(camel.problems, []);
	t.truthy(snake.document);
	t.deepEqual(camel.document, snake.document);
	t.is(camel.locate(['nodes', 0, 'recipe', 'base_image']).path, 'nodes[0].recipe.baseImage');
});

test('parameters of assertions are read in both spellings', async (t) => {
	const assertion = {
		type: 'command_output',
		onVM: 'one',
		params: { command: 'x', expectedOutput: 'y', exitCode: 1 },
	};
	const { document } = await read(t, asserting(assertion));
	t.deepEqual(document?.scenarios[0]?.custom_tests[0]?.assertions[0], {
		type: 'command_output',
		on_vm: 'one',
		params: { command: 'x', expected_output: 'y', exit_code: 1 },
	});
});

const refused = test.macro({
	async exec(t, name: string, text: string, expected: RegExp) {
		const directory = await writeFiles(t, { [name]: text });
		await t.throwsAsync(readPlan(join(directory, name)), { message: expected, code: 'usage' });
	},
	title: (title, name: string) => title ?? name,
});
test('broken JSON is refused with line and column', refused, 'plan.json', '{\n  "name" "x"\n}', /plan\.json:2:10: /);
test('broken YAML is refused with line and column', refused, 'plan.yaml', 'name: x\nnodes: [\n', /plan\.yaml:3:1: /);
test(
	'a trailing comma in JSON is refused with line and column',
	refused,
	'plan.json',
	'{\n"name": 1,\n}',
	/plan\.json:3:1: this is YAML but not JSON/,
);
test('a comment in JSON is refused', refused, 'plan.json', '# x\n{}', /plan\.json:1:1: this is YAML but not JSON/);
test(
	'two YAML documents are refused',
	refused,
	'plan.yaml',
	'a: 1\n---\nb: 1\n',
	/plan\.yaml:2:1: a second document begins here/,
);
test('a YAML alias without an anchor is refused', refused, 'plan.yaml', 'a: *b\n', /unresolved alias/);
test('a YAML anchor that contains itself is refused', refused, 'plan.yaml', 'a: &b [*b]\n', /contains itself/);

test('a plan that is not there is refused', async (t) => {
	await t.throwsAsync(readPlan('/nowhere/plan.json'), {
		message: 'cannot read the plan /nowhere/plan.json: no such file or directory',
		code: 'usage',
	});
});

test('YAML aliases are followed', async (t) => {
	const source = await read(
		t,
		'name: x\nnodes:\n  - {name: a, role: &r app, x: 0, y: 0, memory: 1G, disk: *r, alias: a, recipe: {}}\n',
	);
	t.deepEqual(source.problems.map(({ path, line }) => [path, line]), [['nodes[0].disk', 3]]);
});

test('scripts are read in their order, from files beside the plan and from the plan itself', async (t) => {
	const recipe = {
		os: { startup_scripts: [{ name: 'first', script_file: 'startup/first.sh' }, { name: 'last', script: 'echo last' }] },
	};
	const source = await read(
		t,
		single({}, recipe),
		{ 'startup/first.sh': 'echo first\n' },
	);
	t.deepEqual(source.problems, []);
	const directory = join(source.path, '..');
	t.deepEqual(source.scripts, [
		{
			nodeIndex: 0,
			scriptIndex: 0,
			path: ['nodes', 0, 'recipe', 'startup_scripts', 0],
			name: 'first',
			text: 'echo first\n',
			file: join(directory, 'startup/first.sh'),
			lineOffset: 0,
		},
		{
			nodeIndex: 0,
			scriptIndex: 1,
			path: ['nodes', 0, 'recipe', 'startup_scripts', 1],
			name: 'last',
			text: 'echo last',
		},
	]);
});

test('an inline block of YAML knows its lines', async (t) => {
	const text = `name: x
nodes:
  - name: a
    role: r
    x: 0
    y: 0
    memory: 1G
    disk: 2G
    alias: 10.80.0.1/24
    recipe:
      startup_scripts:
        - name: s
          script: |
            echo one
            echo two
`;
	const [script] = (await read(t, text)).scripts;
	t.is(script?.text, 'echo one\necho two\n');
	const lineOfTwo = (script?.lineOffset ?? 0) + 2;
	t.is(text.split('\n')[lineOfTwo - 1]?.trim(), 'echo two');
});

test('a script file that is not there is a problem at its place', async (t) => {
	const recipe = { os: { startup_scripts: [{ name: 'a', script_file: 'gone.sh' }] } };
	const source = await read(t, single({}, recipe));
	t.like(source.problems[0], {
		code: 'script-file',
		path: 'nodes[0].recipe.os.startup_scripts[0].script_file',
		message: 'cannot read gone.sh: no such file or directory',
	});
	t.deepEqual(source.scripts, []);
});

test('the hash changes with the plan and with each script', async (t) => {
	const withScript = plan(
		{ nodes: [node('one', 10, {}, { os: { startup_scripts: [{ name: 'a', script_file: 'a.sh' }] } })] },
	);
	const original = await read(t, withScript, { 'a.sh': 'echo 1' });
	const same = await read(t, withScript, { 'a.sh': 'echo 1' });
	const otherScript = await read(t, withScript, { 'a.sh': 'echo 2' });
	const otherPlan = await read(t, { ...withScript, name: 'other' }, { 'a.sh': 'echo 1' });
	t.is(same.sha256, original.sha256);
	t.is(new Set([original, otherScript, otherPlan].map(({ sha256 }) => sha256)).size, 3);
});

test('a place that is missing has the line of what surrounds it', async (t) => {
	const source = await read(t, 'name: x\nnodes:\n  - name: a\n    recipe:\n      packages: []\n');
	t.deepEqual(source.locate(['nodes', 0, 'recipe', 'test_config']), { path: 'nodes[0].recipe.test_config', line: 4 });
});

test('the bytes of a plan are those that its text and its hash are of, whatever became of the file since', async (t) => {
	const directory = await writeFiles(t, {});
	const file = join(directory, 'plan.yaml');
	const bytes = Buffer.from('\ufeffname: lab # für\r\n');
	await writeFile(file, bytes);
	const source = await readPlan(file);
	await writeFile(file, 'name: another\n');
	t.deepEqual(Buffer.from(source.bytes), bytes);
	t.is(source.text, bytes.toString('utf8'));
});

const isNoText = test.macro(async (t, name: string, bytes: Buffer, message: string) => {
	const file = join(await writeFiles(t, {}), name);
	await writeFile(file, bytes);
	const error = await t.throwsAsync(readPlan(file), { code: 'usage' });
	t.is(error?.message, `${file}${message}`);
	t.is((error as Failure | undefined)?.hint, 'save it as UTF-8');
});
const yaml = 'name: lab\nnodes:\n  - name: a\n    recipe: { users: [{ username: ops, password: Gr\u00fcn }] }\n';
test('a plan in Latin-1, whose password would be another one', isNoText, 'plan.yaml', Buffer.from(yaml, 'latin1'), ':4: there is a character that is no UTF-8');
test('a JSON plan in Latin-1', isNoText, 'plan.json', Buffer.from('{\n"name": "\u00e4"}', 'latin1'), ':2: there is a character that is no UTF-8');
test('a plan in UTF-16 with its mark', isNoText, 'plan.yaml', Buffer.from(`\ufeff${yaml}`, 'utf16le'), ': the plan is UTF-16');
test('a plan in UTF-16 without one', isNoText, 'plan.json', Buffer.from('{ "name": "lab" }', 'utf16le'), ': the plan is UTF-16');
test('a plan in UTF-16, the other way round', isNoText, 'plan.yaml', Buffer.from(`\ufeff${yaml}`, 'utf16le').swap16(), ': the plan is UTF-16');
test('a plan with null bytes of a disk', isNoText, 'plan.yaml', Buffer.from(`name: lab\n${'\0'.repeat(512)}`), ':2: there is a null byte');

const isMeant = test.macro(async (t, nodeKeys: Readonly<Record<string, unknown>>, userKeys: object, fix: RegExp) => {
	const { problems } = await read(t, single(nodeKeys, { users: [{ username: 'ops', ...userKeys }] }));
	t.is(problems.length, 1);
	t.regex(problems[0]?.fix ?? '', fix);
});
test('a misspelt other name of a key, of a user', isMeant, {}, { authorized_key: [] }, /^did you mean "authorized_keys"\?$/);
test('a misspelt other name of a key, of a node', isMeant, { node_ids: 'x' }, {}, /^did you mean "node_id"\?$/);
test('a size in another unit is not the same number', isMeant, { disk_size_mb: 8192 }, {}, /^remove it; known here: /);

test('a text that YAML or JSON takes for something else is to be put in quotes', hasProblems, single({}, { users: [{ username: true }] }), [
	'schema | nodes[0].recipe.users[0].username: expected a text, got true | put it in quotes',
]);
test('a key with nothing behind it', hasProblems, 'name: lab\nnodes: [{ name: a, memory: 1G, disk: 8G, recipe: { base_image: debian-trixie, packages: } }]\n', [
	'schema | nodes[0].recipe.packages: expected a list, got null | write a list, or take the key away',
]);
test('a number that JSON does not have is shown as what it is', hasProblems, 'name: lab\nnodes: [{ name: a, x: .inf, memory: 1G, disk: 8G, recipe: { base_image: debian-trixie } }]\n', [
	'schema | nodes[0].x: expected a number, got Infinity | write a number',
]);

test('a file of JSON with nothing in it is empty, and not YAML', async (t) => {
	for (const text of ['', '\n \n']) {
		const file = join(await writeFiles(t, { 'plan.json': text }), 'plan.json');
		await t.throwsAsync(readPlan(file), { code: 'usage', message: `${file}: the file is empty` });
	}
});
