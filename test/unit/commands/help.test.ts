/** The reference describes what the code does: every key of a plan, every flag, every limit. */
import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import type { Failure } from '../../../src/base/errors.js';
import { maximumBundleBytes } from '../../../src/bundle/manifest.js';
import { commands } from '../../../src/cli/commands.js';
import { variableOf } from '../../../src/cli/environment.js';
import { flagsText } from '../../../src/cli/flags-text.js';
import { topicText, writtenTopics } from '../../../src/commands/help.js';
import { maximumNodes } from '../../../src/lab/addressing.js';
import { defaultScriptSeconds, minimumDiskMiB } from '../../../src/lab/lab.js';
import { maximumLogBytes as maximumConsoleBytes } from '../../../src/machine/console.js';
import { maximumJournalBytes } from '../../../src/machine/control-channel.js';
import { assertionTypes, parameterNames } from '../../../src/plan/assertions.js';
import { maximumPlanBytes, maximumScriptBytes } from '../../../src/plan/files.js';
import { publishedSchema } from '../../../src/plan/json-schema.js';
import { maximumScriptsBytes } from '../../../src/plan/read.js';
import { maximumDiskMiB, maximumMemoryMiB, maximumProcessors, minimumMemoryMiB } from '../../../src/plan/rules/recipes.js';
import { maximumShellLines } from '../../../src/plan/rules/scripts.js';
import { maximumDepth, maximumItems } from '../../../src/plan/syntax.js';
import { maximumLogBytes } from '../../../src/lab/events.js';
import { maximumDifferences } from '../../../src/outcome/differences.js';
import { keptRuns } from '../../../src/runs/run-directory.js';
import { maximumBody } from '../../../src/scenario/http.js';
import { kept as keptStops } from '../../../src/supervisor/debugging/save-points.js';
import type { Schema } from '../plan/validator.js';

const help = (topic: string): string => readFileSync(`bin/help/${topic}.md`, 'utf8');

/** Every name of a key in a schema, however deep. */
function keysOf(value: unknown): string[] {
	if (value === null || typeof value !== 'object') return [];
	const own = Array.isArray(value) ? [] : Object.keys((value as Schema).properties ?? {});
	return [...own, ...Object.values(value).flatMap(keysOf)];
}

test('`rehearse help plan` names every key that a plan may have', (t) => {
	const words = new Set(help('plan').match(/[\w$]+/g));
	const keys = [...new Set(keysOf(publishedSchema()))];
	t.true(keys.length > 80);
	t.deepEqual(keys.filter((key) => !words.has(key)).sort(), []);
});

test('and every assertion, each with its parameters', (t) => {
	// Every type has it, and it is reported once.
	const ofAll = 'timeout';
	t.regex(help('plan'), new RegExp(`Each type has a \`${ofAll}\``));
	for (const type of assertionTypes) {
		const line = new RegExp(`^\\| \`${type}\` \\|.*$`, 'm').exec(help('plan'))?.[0] ?? '';
		t.deepEqual(parameterNames(type).filter((name) => name !== ofAll && !line.includes(`\`${name}\``)), [], type);
	}
});

test('`rehearse help flags` names every flag of every command, with its variable', (t) => {
	const sections = flagsText(commands).split('\n## ').slice(1);
	t.is(sections.length, commands.filter(({ describe }) => describe !== '').length);
	for (const { usage, flags, describe } of commands.filter((command) => command.describe !== '')) {
		const section = sections.find((one) => one.startsWith(`rehearse ${usage}\n`)) ?? '';
		t.true(section.includes(describe));
		for (const [name, { type, default: preset, hidden }] of Object.entries(flags)) {
			if (hidden) continue;
			const typed = type === 'boolean' && preset === true ? `no-${name}` : name;
			t.regex(section, new RegExp(`^- \`--${typed}[ \`].*\\(${variableOf(typed)}\\)$`, 'm'), `${usage} --${name}`);
		}
	}
});

test('`rehearse help run` names every flag of `run`, and no other', (t) => {
	const text = help('run');
	const run = commands.find(({ name }) => name === 'run');
	const known = Object.entries(run?.flags ?? {}).filter(([, { hidden }]) => !hidden).map(([name, { type, default: preset }]) => (type === 'boolean' && preset === true ? `no-${name}` : name));
	const all = new Set(commands.flatMap(({ flags }) => Object.keys(flags).flatMap((name) => [name, `no-${name}`])));
	t.deepEqual(known.filter((name) => !new RegExp(`--${name}\\b`).test(text)), []);
	t.deepEqual([...text.matchAll(/`--([a-z-]+)/g)].map(([, name = '']) => name).filter((name) => !all.has(name)), []);
});

test('the README names every command, and no flag that there is not', (t) => {
	const readme = readFileSync('README.md', 'utf8');
	const known = new Set(commands.flatMap(({ flags }) => Object.keys(flags).flatMap((name) => [name, `no-${name}`])));
	// npm's, and yargs' own.
	for (const other of ['global', 'help', 'version']) known.add(other);
	t.deepEqual([...readme.matchAll(/(?<![\w-])--([a-z][a-z-]+)/g)].map(([, name = '']) => name).filter((name) => !known.has(name)), []);
	t.deepEqual(commands.filter(({ name, describe }) => describe !== '' && !new RegExp(`\`(?:rehearse )?${name}\\b`).test(readme)).map(({ name }) => name), []);
});

const [MiB, GiB, TiB] = [2 ** 20, 2 ** 30, 2 ** 40];
const size = (bytes: number): string =>
	bytes >= TiB ? `${bytes / TiB} TiB` : bytes >= GiB ? `${bytes / GiB} GiB` : `${bytes / MiB} MiB`;

/** Every row of the table of limits, made of the constants that are obeyed. */
const limits: Readonly<Record<string, string>> = {
	'a plan in JSON; in YAML': `${size(maximumPlanBytes.json)}; ${size(maximumPlanBytes.yaml)}`,
	'a startup script; all of a plan together': `${size(maximumScriptBytes)}; ${size(maximumScriptsBytes)}`,
	'entries of a list; levels of nesting': `${maximumItems}; ${maximumDepth}`,
	'nodes of a lab': `${maximumNodes}`,
	'memory of a node': `${size(minimumMemoryMiB * MiB)} to ${size(maximumMemoryMiB * MiB)}`,
	'disk of a node': `${size(minimumDiskMiB * MiB)} to ${size(maximumDiskMiB * MiB)}`,
	'files of all packages of a node': size(minimumDiskMiB * MiB),
	'processors of a node': `${maximumProcessors}`,
	'lines of shell in a startup script, in a plan with `profile: compact`': `${maximumShellLines}`,
	'time of a startup script without one in the plan or `--script-timeout`': `${defaultScriptSeconds} s`,
	'body that an `http_responds` reads': size(maximumBody),
	'event log of a run; console log of a node; journal that is kept': [maximumLogBytes, maximumConsoleBytes, maximumJournalBytes].map(size).join('; '),
	'runs that are kept': `${keptRuns}`,
	'stops that the debugger can go back to': `${keptStops}`,
	'differences of a script or a machine in summary, progress and JUnit report': `${maximumDifferences}`,
	'files of a bundle, without machines': size(maximumBundleBytes),
};

test('`rehearse help limits` has the limits that are obeyed', (t) => {
	const table = help('limits').split('## Sizes and numbers')[1] ?? '';
	const rows = [...table.matchAll(/^\| (.*?) \| (.*?) \|$/gm)].slice(1).map(([, what, value]) => [what, value]);
	t.deepEqual(Object.fromEntries(rows), limits);
});

test('every topic has a title and leads to topics that there are', (t) => {
	const topics = writtenTopics();
	t.deepEqual(topics.map(({ name }) => `${name}.md`), readdirSync('bin/help').filter((file) => file.endsWith('.md')).sort());
	for (const { name, title } of topics) {
		t.regex(title, /^[A-Z]/, name);
		const text = topicText(name, topics);
		t.notRegex(text, /\]\((?!http)/, name);
		for (const [, other = ''] of text.matchAll(/\(rehearse help ([\w-]+)\)/g)) t.true(topics.some((topic) => topic.name === other), `${name} leads to ${other}`);
	}
});

test('links of the README lead to files that there are', (t) => {
	for (const [, file = ''] of readFileSync('README.md', 'utf8').matchAll(/\]\((?!http|#)([^)#]+)\)/g)) t.notThrows(() => readFileSync(file), file);
});

test('what is no topic is reported, with the one that was meant', (t) => {
	t.throws(() => topicText('pland', writtenTopics()), { code: 'usage', message: 'there is no topic "pland"' });
	t.is(t.throws<Failure>(() => topicText('check', writtenTopics(), ['check'])).hint, '`rehearse check --help` has that command');
	t.throws(() => topicText('../README', writtenTopics()), { code: 'usage' });
});
