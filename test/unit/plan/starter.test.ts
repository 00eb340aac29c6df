/** The lab of `rehearse init`: whatever is chosen, it has no finding. */
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { parse } from 'yaml';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { checkPlan } from '../../../src/plan/check.js';
import { publishedSchema } from '../../../src/plan/json-schema.js';
import { leftOutOf } from '../../../src/plan/left-out.js';
import { readPlan } from '../../../src/plan/read.js';
import { labNameFrom, starterBases, starterFiles, starterProblem, type StarterChoices } from '../../../src/plan/starter.js';
import { writeFiles } from './plans.js';
import { violations, type Schema } from './validator.js';

const usual: StarterChoices = {
	name: 'demo',
	server: 'web',
	client: 'client',
	subnet: '10.80.0.0/24',
	base: 'debian-trixie',
	format: 'yaml',
	password: '0123456789abcdef',
};

async function readStarter(t: ExecutionContext, choices: StarterChoices) {
	const files = starterFiles(choices);
	const directory = await writeFiles(t, Object.fromEntries(files.map((file) => [file.path, file.text])));
	return readPlan(path.join(directory, files[0]?.path ?? ''));
}

const label = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
const octet = fc.integer({ min: 0, max: 255 });
const choices = fc.record({
	name: fc.oneof(label, fc.constantFrom('yes', 'null', '1e3', '0x10', '007')),
	server: fc.oneof(label, fc.constantFrom('no', 'on', '12')),
	client: fc.oneof(label, fc.constantFrom('y', 'true', '1-1')),
	subnet: fc.oneof(fc.tuple(octet, octet).map(([b, c]) => `10.${b}.${c}.0/24`), octet.map((c) => `192.168.${c}.0/24`)),
	base: fc.constantFrom(...starterBases),
	format: fc.constantFrom('yaml' as const, 'json' as const),
	password: fc.stringMatching(/^[0-9a-f]{16}$/),
});

const isGood = ({ name, server, client, subnet }: StarterChoices): boolean =>
	[starterProblem.name(name), starterProblem.node(server), starterProblem.node(client, [server]), starterProblem.subnet(subnet)].every(
		(problem) => problem === undefined,
	);

test('whatever names, networks and formats are chosen: no finding, nothing left out, and the names are as they were chosen', async (t) => {
	const guest = await readGuestDefinition();
	await fc.assert(
		fc.asyncProperty(choices.filter(isGood), async (chosen) => {
			const source = await readStarter(t, chosen);
			const { document } = source;
			if (!document) throw new Error('it has no shape');
			t.deepEqual(checkPlan(source, guest.features), []);
			t.deepEqual(leftOutOf(source, document, guest.features, guest.base), []);
			t.deepEqual([document.name, ...document.nodes.map(({ name }) => name)], [chosen.name, chosen.server, chosen.client]);
			t.true(document.nodes.every(({ recipe }) => recipe.users.every(({ password }) => password === chosen.password)));
		}),
		{ numRuns: 40 },
	);
});

test('an editor finds the schema beside the plan, and the plan is valid by it', (t) => {
	for (const format of ['yaml', 'json'] as const) {
		const files = starterFiles({ ...usual, format });
		const text = files[0]?.text ?? '';
		const first = text.split('\n')[format === 'yaml' ? 0 : 1];
		t.is(first, format === 'yaml' ? '# yaml-language-server: $schema=plan.schema.json' : '  "$schema": "./plan.schema.json",');
		const schema = JSON.parse(files.find(({ path: name }) => name === 'plan.schema.json')?.text ?? '') as Schema;
		t.deepEqual(schema, JSON.parse(JSON.stringify(publishedSchema())) as Schema);
		const plan = parse(text) as { nodes: { memroy?: number }[] };
		t.deepEqual(violations(plan, schema), []);
		if (plan.nodes[0]) plan.nodes[0].memroy = 1;
		t.deepEqual(violations(plan, schema), ['.nodes[0].memroy: unknown']);
	}
});

test('both formats are the same plan', (t) => {
	const [yaml, json] = (['yaml', 'json'] as const).map((format) => parse(starterFiles({ ...usual, format })[0]?.text ?? '') as object);
	t.deepEqual({ ...json, $schema: undefined }, { ...yaml, $schema: undefined });
});

const isRefused = test.macro({
	title: (_title, kind: string, value: string) => `a ${kind} may not be ${JSON.stringify(value)}`,
	exec(t, kind: keyof typeof starterProblem, value: string, why: RegExp) {
		t.regex(starterProblem[kind](value) ?? 'nothing is wrong', why);
	},
});

test(isRefused, 'name', 'My Lab', /DNS label/);
test(isRefused, 'name', '', /DNS label/);
test(isRefused, 'node', 'localhost', /name of every node for itself/);
test(isRefused, 'node', '$(reboot)', /DNS label/);
test(isRefused, 'subnet', '10.80.0.0/16', /256 addresses/);
test(isRefused, 'subnet', '10.80.0.1/24', /256 addresses/);
test(isRefused, 'subnet', '300.1.1.0/24', /256 addresses/);
test(isRefused, 'subnet', '8.8.8.0/24', /private/);
test(isRefused, 'subnet', '10.0.2.0/24', /default route/);

test('two nodes have two names', (t) => {
	t.is(starterProblem.node('web', ['web']), 'both nodes are called web');
});

test('a directory gives its name to the lab, as far as it can', (t) => {
	t.deepEqual(['My Lab', '.hidden', '…', ''].map(labNameFrom), ['my-lab', 'hidden', 'lab', 'lab']);
});
