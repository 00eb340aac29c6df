import test, { type ExecutionContext } from 'ava';
import { sha256 } from '../../../src/base/hash.js';
import { scriptFiles, subjectsOf } from '../../../src/evidence/compose.js';
import { names } from '../../../src/evidence/layout.js';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { recipeHash, recipesOf } from '../../../src/plan/recipe-hash.js';
import { resolveLab } from '../../../src/plan/resolve.js';
import { node, plan, read } from '../plan/plans.js';

test('a recipe has one hash, in whatever order its keys are (RFC 8785)', (t) => {
	t.is(recipeHash({ b: [1, 'ä'], 10: true, 9: null }), recipeHash({ 9: null, 10: true, b: [1, 'ä'] }));
	t.not(recipeHash({ a: 1 }), recipeHash({ a: 2 }));
	// printf '{"10":1,"9":2}' | sha256sum
	t.is(recipeHash({ 9: 2, 10: 1 }), '616552edfd5a183bdce250113b15ed494216894acf4234431e9eef6a1eb9675a');
});

/** What the statement on a plan has of its recipes, and what the ISOs of its nodes would have. */
async function hashes(t: ExecutionContext, content: Parameters<typeof read>[1]) {
	const source = await read(t, content);
	const subjects = subjectsOf(source, { path: names.plan(source.path), contents: Buffer.from(source.text) }, scriptFiles(source), []);
	const { nodes } = resolveLab(source, await readGuestDefinition());
	return {
		evidence: subjects.flatMap(({ name, digest }) => (name.startsWith('recipe:') ? [[name, digest.sha256]] : [])),
		isos: nodes.map(({ name, recipeSha256 }) => [`recipe:${name}`, recipeSha256]),
	};
}

test('evidence and ISO have the same of each recipe of a plan', async (t) => {
	const { evidence, isos } = await hashes(t, plan({ nodes: [node('one', 10), node('two', 20, {}, { packages: ['jq'] })] }));
	t.is(evidence.length, 2);
	t.deepEqual(isos, evidence);
	t.not(evidence[0]?.[1], evidence[1]?.[1]);
});

test('and of a recipe without a plan around it', async (t) => {
	const text = 'name: box\nbaseImage: debian-trixie\npackages: [jq]\n';
	const { evidence, isos } = await hashes(t, text);
	// As OpenFactory would compute it: keys sorted, no white space, the plan's own spelling.
	t.deepEqual(evidence, [['recipe:box', sha256('{"baseImage":"debian-trixie","name":"box","packages":["jq"]}')]]);
	t.deepEqual(isos, evidence);
});

test('a hash follows the recipe alone: neither memory nor addresses', async (t) => {
	const before = await hashes(t, plan({ nodes: [node('one', 10)] }));
	const after = await hashes(t, plan({ nodes: [node('one', 11, { memory: '2 GB' })] }));
	t.deepEqual(after.isos, before.isos);
});

test('a number that JSON does not have is refused, with its place', async (t) => {
	t.throws(() => recipeHash({ a: Infinity }), { code: 'usage', message: /number that JSON does not have/ });
	const recipe = 'name: box\nbase_image: debian-trixie\nservices: [{ name: vpn, config: { mtu: .inf } }]\n';
	await t.throwsAsync(hashes(t, recipe), { code: 'usage' });
});

for (const value of [null, 1, 'text', [], {}, { nodes: 1 }, { nodes: [null, { recipe: 1 }] }]) {
	test(`what is no plan has no recipes that could be stumbled over: ${JSON.stringify(value)}`, (t) => {
		t.true(recipesOf(value).length <= 2);
	});
}
