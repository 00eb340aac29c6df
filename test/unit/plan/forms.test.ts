/** Every documented way to write a key leads to the same plan. */
import test from 'ava';
import { toCamelCase } from '../../../src/plan/keys.js';
import { validatePlan } from '../../../src/plan/problems.js';
import type { PlanDocument } from '../../../src/plan/schema.js';
import { parsePlanTree } from '../../../src/plan/tree.js';

type Values = Readonly<Record<string, unknown>>;

const recipeKeys: Values = {
	base_image: 'debian-trixie',
	features: ['ssh'],
	packages: ['jq'],
	package_overrides: [{ name: 'nano', action: 'replace', replacement: 'vim' }],
	services: ['nginx', { name: 'ssh', config: { port: 22 } }],
	network: { dhcp: true, dns: ['1.1.1.1'] },
	security: { ssh: true, firewall: true, hardening_level: 'strict', audit_logging: true, automatic_updates: true },
	users: [{ username: 'ops', password: 'x', ssh_keys: ['ssh-ed25519 AAAA'], vyatta_level: 'admin' }],
	startup_scripts: [{ name: 'a', script: 'true', after: 'multi-user.target', timeout: 9 }],
	tests: [{ description: 'd', assertions: [{ type: 'vm_boots', on_vm: 'web' }] }],
	test_config: { enabled: true, tests: [] },
	custom_packages: [{ name: 'x', git_url: 'https://example.com/x.git', branch: 'main' }],
	custom_obs_packages: ['x'],
	extra_repos: ['deb http://example.com x main'],
	desktop: { theme: 'dark' },
	security_level: 'strict',
	use_case: 'web',
};

const planWith = (recipe: Values, nodeKeys: Values = {}): Values => ({
	name: 'lab',
	nodes: [{ name: 'web', memory: 1024, disk: '8 GB', alias: '10.70.0.10/24', ...nodeKeys, recipe }],
});

/** Every key in camelCase, but for what a person has named. */
const camelCase = (value: unknown): unknown => {
	if (Array.isArray(value)) return value.map(camelCase);
	if (value === null || typeof value !== 'object') return value;
	return Object.fromEntries(Object.entries(value).map(([key, inner]) => [toCamelCase(key), camelCase(inner)]));
};

function documentOf(plan: unknown, file: string): PlanDocument | undefined {
	const text = JSON.stringify(plan, undefined, 1);
	const { document, problems } = validatePlan(parsePlanTree(text, file));
	if (problems.length > 0) throw new Error(JSON.stringify(problems));
	return document;
}

const wholePlan = documentOf(planWith(recipeKeys), 'plan.json');

const isSame = test.macro((t, plan: unknown) => {
	// A text of JSON is one of YAML.
	for (const file of ['plan.json', 'plan.yaml']) t.deepEqual(documentOf(plan, file), wholePlan);
});

for (const key of Object.keys(recipeKeys)) {
	const { [key]: value, ...rest } = recipeKeys;
	test(`recipe: ${key} under os`, isSame, planWith({ ...rest, os: { [key]: value } }));
	const camel = { [toCamelCase(key)]: camelCase(value) };
	test(`recipe: ${key}, in camelCase`, isSame, planWith({ ...rest, ...camel }));
	test(`recipe: ${key} under os, in camelCase`, isSame, planWith({ ...rest, os: camel }));
}
test('everything in camelCase', isSame, camelCase(planWith(recipeKeys)));
test('everything under os', isSame, planWith({ os: recipeKeys }));
const { network, ...withoutNetwork } = recipeKeys;
test('networking at the root', isSame, planWith({ ...withoutNetwork, networking: network }));
test('networking under os', isSame, planWith({ ...withoutNetwork, os: { networking: network } }));

const nodeIs = test.macro({
	title: (_title, keys: Values) => `node: ${JSON.stringify(keys)}`,
	exec(t, keys: Values, expected: Values) {
		const { name: _name, nodes: [written = {}] = [] } = planWith(recipeKeys) as { name: string; nodes: Values[] };
		const replaced = Object.keys(expected);
		const kept = Object.fromEntries(Object.entries(written).filter(([key]) => !replaced.includes(key)));
		for (const spelled of [keys, camelCase(keys) as Values]) {
			t.like(documentOf({ name: 'lab', nodes: [{ ...kept, ...spelled }] }, 'plan.json')?.nodes[0], expected);
		}
	},
});
test(nodeIs, { node_id: 'db' }, { name: 'db' });
test(nodeIs, { memory_mb: 2048 }, { memory: 2048 });
test(nodeIs, { disk_size_gb: 16 }, { disk: '16 GB' });
test(nodeIs, { disk_size_gb: '16' }, { disk: '16 GB' });
test(nodeIs, { alias: ['10.70.0.1/24', '10.71.0.1/24'] }, { alias: ['10.70.0.1/24', '10.71.0.1/24'] });
test(nodeIs, { aliases: ['10.70.0.1/24'] }, { alias: ['10.70.0.1/24'] });
test(nodeIs, { aliases: '10.70.0.1/24' }, { alias: ['10.70.0.1/24'] });
test(nodeIs, {}, { alias: [], role: 'node' });
test(nodeIs, { vcpus: '2' }, { vcpus: 2 });
test(nodeIs, { x: '1.5' }, { x: 1.5 });

const keysIn = test.macro({
	title: (_title, key: string) => `user: ${key}`,
	exec(t, key: string) {
		// What is in a .pub file ends with a newline.
		for (const keys of ['ssh-ed25519 AAAA', 'ssh-ed25519 AAAA\n', '# of the office\nssh-ed25519 AAAA\n\n', ['ssh-ed25519 AAAA'], ['ssh-ed25519 AAAA\n']]) {
			const document = documentOf(planWith({ base_image: 'debian-trixie', users: [{ username: 'ops', [key]: keys }] }), 'plan.json');
			t.deepEqual(document?.nodes[0]?.recipe.users[0]?.ssh_keys, ['ssh-ed25519 AAAA']);
		}
	},
});
for (const key of ['ssh_keys', 'sshKeys', 'ssh_authorized_keys', 'sshAuthorizedKeys', 'authorized_keys', 'ssh_public_keys', 'keys']) test(keysIn, key);

test('a text of several keys is a list of them, each with the line of the text', (t) => {
	const tree = parsePlanTree('name: lab\nnodes:\n  - { name: a, memory: 1G, disk: 8G, recipe: { users: [{ username: ops,\n    keys: "ssh-ed25519 AAAA a\\nssh-ed25519 BBBB b\\n" }] } }\n', 'plan.yaml');
	t.deepEqual(validatePlan(tree).document?.nodes[0]?.recipe.users[0]?.ssh_keys, ['ssh-ed25519 AAAA a', 'ssh-ed25519 BBBB b']);
	t.deepEqual(tree.locate(['nodes', 0, 'recipe', 'users', 0, 'ssh_keys', 1]), { path: 'nodes[0].recipe.users[0].keys', line: 4 });
});

const standsTwice = test.macro({
	title: (_title, recipe: Values) => `twice: ${JSON.stringify(recipe)}`,
	exec(t, recipe: Values, path: string) {
		const { problems } = validatePlan(parsePlanTree(JSON.stringify(planWith(recipe)), 'plan.json'));
		t.deepEqual(problems.map((problem) => [problem.code, problem.path]), [['duplicate-key', path]]);
	},
});
test(standsTwice, { packages: [], os: { packages: [] } }, 'nodes[0].recipe.os.packages');
test(standsTwice, { os: { packages: [] }, packages: [] }, 'nodes[0].recipe.packages');
test(standsTwice, { network: {}, networking: {} }, 'nodes[0].recipe.networking');
test(standsTwice, { baseImage: 'x', base_image: 'x' }, 'nodes[0].recipe.base_image');
test(standsTwice, { startupScripts: [], os: { startup_scripts: [] } }, 'nodes[0].recipe.os.startup_scripts');

test('a key with a dot in it is no place of another', (t) => {
	const config = { 'http.port': 80, http: { port: 8080 }, 'list[0]': 1, list: [2], '': { x: 1 }, x: 2 };
	const { document, problems } = validatePlan(parsePlanTree(JSON.stringify(planWith({ base_image: 'debian-trixie', services: [{ name: 'nginx', config }] })), 'plan.json'));
	t.deepEqual(problems, []);
	t.deepEqual(document?.nodes[0]?.recipe.services[0]?.config, config);
});

test('two names of one key are told with each other', (t) => {
	const messagesOf = (text: string) => validatePlan(parsePlanTree(text, 'recipe.yaml')).problems.map(({ path, message }) => `${path} ${message}`);
	t.deepEqual(messagesOf('name: x\nbase_image: debian-trixie\nos: { baseImage: debian-trixie }\n'), ['os.baseImage means the same as base_image on line 2']);
	t.deepEqual(messagesOf('base_image: debian-trixie\nnetwork: {}\nos:\n  networking: {}\n'), ['os.networking means the same as network on line 2']);
	t.deepEqual(messagesOf('name: x\nnodes: [{ name: a, disk: 8G, memory: 1G, memory_mb: 5, recipe: {} }]\n'), ['nodes[0].memory_mb means the same as nodes[0].memory on line 2']);
});

test('an os that stands twice is one of them, and the other is reported', (t) => {
	for (const [file, text] of [
		['recipe.yaml', 'name: x\nos:\n  base_image: debian-trixie\nos:\n  packages: [jq]\n'],
		['recipe.json', '{ "name": "x",\n"os": { "base_image": "debian-trixie" },\n\n"os": { "packages": ["jq"] } }'],
	] as const) {
		const { problems } = validatePlan(parsePlanTree(text, file));
		t.deepEqual(problems.map(({ code, path, line, message }) => [code, path, line, message]), [['duplicate-key', 'os', 4, 'appears twice; the first is on line 2']]);
	}
});

test('a recipe by itself is a lab of one node, and its places are its own', (t) => {
	const tree = parsePlanTree(JSON.stringify({ name: 'My Custom Server', ...recipeKeys }, undefined, 1), 'recipe.json');
	const { document, problems } = validatePlan(tree);
	t.deepEqual(problems, []);
	t.like(document, { name: 'my-custom-server' });
	t.like(document?.nodes[0], { name: 'my-custom-server', memory: '1 GB', disk: '8 GB', alias: [] });
	t.deepEqual(tree.locate(['nodes', 0, 'recipe', 'packages', 0]).path, 'packages[0]');
});

test('an os that is no mapping is reported', (t) => {
	const { problems } = validatePlan(parsePlanTree(JSON.stringify(planWith({ os: ['x'] })), 'plan.json'));
	t.deepEqual(problems.map(({ path, message }) => `${path}: ${message}`), ['nodes[0].recipe.os: expected an object, got a list']);
});

const merges = test.macro((t, yaml: string, expected: Values) => {
	const { document, problems } = validatePlan(parsePlanTree(`name: lab\nnodes:\n${yaml}`, 'plan.yaml'));
	t.deepEqual(problems, []);
	t.like(document?.nodes[1]?.recipe, expected);
});
const first = '  - { name: a, memory: 1G, disk: 8G, recipe: &base { base_image: debian-trixie, packages: [jq], features: [ssh] } }\n';
test('a merge key', merges, `${first}  - { name: b, memory: 1G, disk: 8G, recipe: { <<: *base, packages: [vim] } }\n`, { base_image: 'debian-trixie', packages: ['vim'] });
test(
	'a merge key behind the keys that it does not replace, and of several mappings',
	merges,
	`${first}  - { name: b, memory: 1G, disk: 8G, recipe: { packages: [vim], <<: [{ features: [git] }, *base] } }\n`,
	{ base_image: 'debian-trixie', packages: ['vim'], features: ['git'] },
);
