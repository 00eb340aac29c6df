/** The rules that the source tree keeps: who may import whom, where packages are used, how long files are. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { findCycle, importsOf, parseSource, readSources, root, undocumentedExports } from './source.js';

const sources = readSources('src');
const tests = readSources('test');

/** Folders from the ground up; those of one row do not import each other. */
const layers: readonly (readonly string[])[] = [
	['base'],
	['process', 'shell'],
	['lab'],
	['plan', 'image', 'checkpoint', 'seed', 'network', 'ssh', 'control', 'bundle', 'outcome', 'trace'],
	['machine', 'iso'],
	['scenario'],
	['host', 'protocol'],
	['runs', 'saved-lab'],
	['report', 'prepare', 'supervisor'],
	['page', 'evidence', 'shard', 'slurm'],
	['rehearse'],
	// An agent's way in beside that of people: both talk to labs and read runs, and neither is made of the other.
	['commands', 'mcp'],
	['cli'],
];

const levelOf = (folder: string): number => layers.findIndex((layer) => layer.includes(folder));

/** Whether a file of one folder may import one of another. */
const mayImport = (from: string, to: string): boolean => from === to || levelOf(to) < levelOf(from);

/** Where each npm package is imported: one file, or one folder where it ends in a slash; several where that is listed. */
const importers: Readonly<Record<string, string | readonly string[]>> = {
	'@clack/prompts': 'src/commands/questions.ts',
	'@modelcontextprotocol/server': 'src/mcp/',
	'canonicalize': 'src/plan/recipe-hash.ts',
	'diff': 'src/base/line-diff.ts',
	'env-paths': 'src/runs/paths.ts',
	'execa': 'src/process/',
	'ip-num': 'src/lab/addressing.ts',
	'junit-report-builder': 'src/report/junit.ts',
	'preact': 'src/page/',
	'preact-render-to-string': 'src/page/',
	'proper-lockfile': 'src/process/lock.ts',
	'ssh2': 'src/ssh/',
	'tmp-promise': 'src/runs/run-directory.ts',
	'unbash': 'src/shell/',
	'yaml': 'src/plan/yaml-text.ts',
	'yargs': 'src/cli/',
	// Plans are read with it; the protocol's tools declare with it what they take and answer.
	'zod': ['src/plan/', 'src/mcp/'],
};

const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
	readonly dependencies?: Readonly<Record<string, string>>;
	readonly devDependencies: Readonly<Record<string, string>>;
};

test('every folder of src has its place in the order', (t) => {
	t.deepEqual([...new Set(sources.map(({ folder }) => folder))].sort(), layers.flat().sort());
});

test('folders import what is below them only', (t) => {
	const violations = sources.flatMap(({ path, folder, files }) =>
		files.filter((file) => !mayImport(folder, file.split('/')[1] ?? '')).map((file) => `${path} imports ${file}`),
	);
	t.deepEqual(violations, []);
});

/**
 * The law of the processes. What runs inside the lab's namespaces knows no screen and builds nothing; what prepares a lab
 * outside of them starts nothing; a command talks to a supervisor and contains none of it.
 */
const forbidden: readonly { readonly from: string; readonly to: readonly string[]; readonly except?: string }[] = [
	{ from: 'supervisor', to: ['report', 'outcome', 'prepare', 'host', 'image', 'seed', 'plan', 'bundle'] },
	{ from: 'prepare', to: ['report', 'outcome', 'supervisor'] },
	{ from: 'rehearse', to: ['supervisor'] },
	{ from: 'commands', to: ['supervisor'] },
	{ from: 'mcp', to: ['supervisor', 'prepare', 'rehearse'] },
	{ from: 'cli', to: ['supervisor'], except: 'src/cli/supervisor.ts' },
];

for (const { from, to, except } of forbidden) {
	test(`${from} imports nothing of ${to.join(', ')}`, (t) => {
		const violations = sources
			.filter(({ folder, path }) => folder === from && path !== except)
			.flatMap(({ path, files }) => files.filter((file) => to.includes(file.split('/')[1] ?? '')).map((file) => `${path} imports ${file}`));
		t.deepEqual(violations, []);
	});
}

test('no room holds more than an eighth of the source', (t) => {
	const lines = (texts: readonly { readonly text: string }[]) => texts.reduce((sum, { text }) => sum + text.split('\n').length - 1, 0);
	const large = [...new Set(sources.map(({ folder }) => folder))].filter(
		(room) => lines(sources.filter(({ folder }) => folder === room)) * 8 > lines(sources),
	);
	t.deepEqual(large, []);
});

/** `readline` ends a line at U+2028 as well, from Node 24 on; text of guests has that character in it. */
test('only the prompt of the debugger reads lines with node:readline', (t) => {
	const users = [...sources, ...tests].filter(({ text }) => /from 'node:readline(?:\/promises)?'/.test(text)).map(({ path }) => path);
	t.deepEqual(users, ['src/commands/live/debugger/lines.ts']);
});

/** Node's `mkdir` with `recursive` never returns where the kernel refuses an entry, as in /proc. */
test('directories that people name are made by makeDirectory', (t) => {
	const users = sources.filter(({ folder, text }) => ['commands', 'iso', 'shard'].includes(folder) && /\bmkdir\([^;]*recursive/.test(text));
	t.deepEqual(users.map(({ path }) => path), []);
});

test('src imports files of src only, and those are there', (t) => {
	const violations = sources.flatMap(({ path, files }) =>
		files.filter((file) => !file.startsWith('src/') || !existsSync(join(root, file))).map((file) => `${path} imports ${file}`),
	);
	t.deepEqual(violations, []);
});

test('no files import each other in a ring', (t) => {
	t.is(findCycle(sources), undefined);
});

test('an npm package has one importing place', (t) => {
	const violations = sources.flatMap(({ path, packages }) =>
		packages.filter((name) => ![importers[name] ?? 'nowhere'].flat().some((place) => path.startsWith(place))).map((name) => `${path} imports ${name}`),
	);
	t.deepEqual(violations, []);
});

test('every package that is known is imported, and nothing else', (t) => {
	const imported = new Set(sources.flatMap(({ packages }) => packages));
	t.deepEqual([...imported].sort(), Object.keys(importers).sort());
});

test('the build joins all packages into the programs: they are needed to develop, and nothing has to be installed with the tool', (t) => {
	t.is(dependencies, undefined);
	t.deepEqual(Object.keys(importers).filter((name) => !Object.hasOwn(devDependencies, name)), []);
});

const maximumLines = 300;

test('files are short enough to be read in one go', (t) => {
	const long = [...sources, ...tests]
		.map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
		.filter(({ lines }) => lines > maximumLines);
	t.deepEqual(long, []);
});

test('nothing is left for later', (t) => {
	const marks = /\b(?:TODO|FIXME|XXX|HACK)\b/;
	t.deepEqual(sources.filter(({ text }) => marks.test(text)).map(({ path }) => path), []);
});

test('no wait leaves something on a signal that lasts: AbortSignal.any does, for as long as the signal lives', (t) => {
	const leaking = sources.filter(({ text }) => /AbortSignal\.(?:any|timeout)\(/.test(text));
	t.deepEqual(leaking.map(({ path }) => path), []);
});

test('no file is named by a bare process number: it is somebody else\'s too, in another container with the same home', (t) => {
	t.deepEqual(sources.filter(({ text }) => /\$\{process\.pid\}/.test(text)).map(({ path }) => path), []);
});

test('every exported value of src has a doc comment', (t) => {
	const missing = sources.flatMap(({ path, text }) => undocumentedExports(text).map((line) => `${path}: ${line}`));
	t.deepEqual(missing, []);
});

test('the lock file names no place to download from', (t) => {
	const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
		readonly packages: Readonly<Record<string, { readonly resolved?: string }>>;
	};
	t.deepEqual(Object.keys(lock.packages).filter((name) => lock.packages[name]?.resolved !== undefined), []);
});

// The rules above are as good as the reading of the sources.

test('every way to import is seen', (t) => {
	const text = `
import a from 'a';
import {
	b,
	type B,
} from './b.js';
import type { C } from '@scope/c/deep';
import 'd';
export { e } from '../e.js';
const f = await import('./f.js');
type G = typeof import('g');
const h = createRequire(import.meta.url)('h') as typeof import('h');
// import of "x" from 'y' in a comment is none
`;
	t.deepEqual([...new Set(importsOf(text))].sort(), ['../e.js', './b.js', './f.js', '@scope/c/deep', 'a', 'd', 'g', 'h']);
	const { files, packages } = parseSource('src/lab/x.ts', text);
	t.deepEqual([...new Set(packages)].sort(), ['@scope/c', 'a', 'd', 'g', 'h']);
	t.deepEqual([...files].sort(), ['src/e.ts', 'src/lab/b.ts', 'src/lab/f.ts']);
});

const permits = test.macro({
	title: (_title, from: string, to: string, expected: boolean) => `${from} ${expected ? 'may' : 'may not'} import ${to}`,
	exec(t, from: string, to: string, expected: boolean) {
		t.is(mayImport(from, to), expected);
	},
});

test(permits, 'rehearse', 'report', true);
test(permits, 'plan', 'plan', true);
test(permits, 'plan', 'image', false);
test(permits, 'base', 'process', false);

test('a ring of files is found', (t) => {
	const files = (path: string, ...imported: string[]) => ({ path, files: imported });
	t.deepEqual(findCycle([files('a', 'b'), files('b', 'c'), files('c', 'b')]), ['b', 'c', 'b']);
	t.is(findCycle([files('a', 'b', 'c'), files('b', 'c'), files('c')]), undefined);
});

test('an exported value without a doc comment is found', (t) => {
	const text = '/** Said. */\nexport const a = 1;\n\nexport const b = 2;\n/** Said. */\nexport async function c() {}\nexport type D = 1;\n';
	t.deepEqual(undocumentedExports(text), ['export const b = 2;']);
});
