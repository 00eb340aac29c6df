/** Plans for the tests, and reading them from a directory of their own. */
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { readPlan } from '../../../src/plan/read.js';
import type { PlanSource } from '../../../src/plan/types.js';

type Values = Readonly<Record<string, unknown>>;

/** A good node; `recipe` is merged into its recipe. */
export const node = (name: string, host: number, overrides: Values = {}, recipe: Values = {}): Values => ({
	name,
	role: 'app',
	x: 0,
	y: 0,
	memory: '1 GB',
	disk: '8 GB',
	alias: `10.80.0.${host}/24`,
	recipe: {
		base_image: 'debian-trixie',
		architecture: 'x86_64',
		users: [{ username: 'ops', password: 'secret', groups: ['sudo'] }],
		...recipe,
	},
	...overrides,
});

/** A good plan with two nodes. */
export const plan = (overrides: Values = {}): Values => ({
	name: 'pair',
	nodes: [node('one', 10), node('two', 20)],
	...overrides,
});

/** A good plan with one node; see {@link node}. */
export const single = (overrides: Values = {}, recipe: Values = {}): Values =>
	plan({ nodes: [node('one', 10, overrides, recipe)] });

/** A plan whose only test makes these assertions. */
export const asserting = (...assertions: readonly Values[]): Values =>
	plan({ scenarios: [{ name: 'group', custom_tests: [{ name: 'test', assertions }] }] });

/** Writes files into a temporary directory that goes away with the test; resolves to the directory. */
export async function writeFiles(t: ExecutionContext, files: Readonly<Record<string, string>>): Promise<string> {
	const directory = await mkdtemp(join(tmpdir(), 'rehearse-test-'));
	t.teardown(() => rm(directory, { recursive: true }));
	for (const [name, text] of Object.entries(files)) {
		await mkdir(dirname(join(directory, name)), { recursive: true });
		await writeFile(join(directory, name), text);
	}
	return directory;
}

/** Reads a plan given as a value (JSON) or as text (YAML), with files beside it. */
export async function read(
	t: ExecutionContext,
	content: Values | string,
	files: Readonly<Record<string, string>> = {},
): Promise<PlanSource> {
	const isText = typeof content === 'string';
	const name = isText ? 'plan.yaml' : 'plan.json';
	const text = isText ? content : JSON.stringify(content, undefined, 2);
	const directory = await writeFiles(t, { [name]: text, ...files });
	return readPlan(join(directory, name));
}
