/**
 * The workflows of `rehearse help ci`, as far as they run without a guest, and the commands of SKILL.md. The steps that rehearse are run by the tests that boot
 * machines anyway (`bundled` and `judging` of the integration tests).
 */
import { readFileSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { parse } from 'yaml';
import { run } from '../../../src/process/run.js';
import { makeRun } from './finished-run.js';
import { makeRehearse } from './rehearse.js';
import { githubJob, githubSteps, gitlabJob, shells, stepsOf, workflowTexts, type GithubWorkflow } from './workflows.js';

/** Every command line of this tool in a value, however deep. */
function commandsIn(value: unknown): string[] {
	if (typeof value === 'string') return [...value.matchAll(/\.rehearse\/bin\/rehearse (.*)/g)].map(([, words = '']) => words);
	return value !== null && typeof value === 'object' ? Object.values(value).flatMap(commandsIn) : [];
}

test('there is a workflow for GitHub and one for GitLab, and each runs the lab', (t) => {
	const [github = '', gitlab = ''] = workflowTexts;
	t.regex(github, /^# \.github\/workflows\/rehearse\.yml\n/);
	t.regex(gitlab, /^# \.gitlab-ci\.yml, /);
	for (const text of [github, gitlab]) t.true(commandsIn(parse(text)).some((words) => words.startsWith('run my-lab --cold')), text);
});

/** The command lines in SKILL.md, in the middle of a sentence or a line of their own. */
const ofSkill = [...readFileSync('SKILL.md', 'utf8').matchAll(/(?:`|^ +)rehearse ([a-z][^`\n#>]*)/gm)].map(([, words = '']) => words.trim());

test('SKILL.md begins with what agents find it by', (t) => {
	const [, head = ''] = /^---\n([^]*?)\n---\n/.exec(readFileSync('SKILL.md', 'utf8')) ?? [];
	const { name, description } = parse(head) as { readonly name: string; readonly description: string };
	t.is(name, 'rehearse');
	t.true(description.length > 100 && description.length <= 1024);
	t.true(ofSkill.length > 15);
});

for (const words of new Set([...workflowTexts.flatMap((text) => commandsIn(parse(text))), ...ofSkill])) {
	test(`the tool knows every flag of: ${words}`, async (t) => {
		const tool = await makeRehearse(t);
		// What is behind -- is the arguments of another program.
		const [command = '', ...rest] = words.replace(/ -- .*/, '').split(' ');
		const { stdout, exitCode } = await tool.rehearse([command, '--help']);
		t.is(exitCode, 0);
		for (const flag of rest.filter((word) => word.startsWith('--'))) t.regex(stdout, new RegExp(`${flag}\\b`));
	});
}

test('what the workflow for GitHub uses fits this tool', (t) => {
	const { jobs } = parse(workflowTexts[0] ?? '') as GithubWorkflow;
	const [job] = Object.values(jobs);
	const used = new Map(githubSteps().flatMap((step) => (step.uses === undefined ? [] : [[step.uses.replace(/@v\d+$/, ''), step.with ?? {}]])));
	t.deepEqual([...used.keys()], ['actions/checkout', 'actions/setup-node', 'actions/cache', 'actions/upload-artifact']);
	t.regex(String(job?.['runs-on']), /^ubuntu-\d\d\.04$/);
	const { engines } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly engines: { readonly node: string } };
	t.is(engines.node.split('.')[0], `>=${used.get('actions/setup-node')?.['node-version']}`);
	t.is(used.get('actions/cache')?.['path'], '~/.cache/rehearse');
	t.true(githubSteps().every(({ uses, run: text }) => (uses === undefined) !== (text === undefined)), 'a step uses or runs');
});

test('the step of a failed job makes the file that is uploaded, without passwords', async (t) => {
	const tool = await makeRun(t, { fails: { node: 'redis', line: 10, output: 'Password: immich-ops\n' } });
	await symlink(process.cwd(), path.join(tool.directory, '.rehearse'));
	const steps = stepsOf(true).flatMap((step) => step.run ?? []);
	t.is(steps.length, 1);
	const env = { ...githubJob(tool.directory, path.join(tool.directory, 'summary.md')), XDG_STATE_HOME: path.join(tool.directory, 'state'), REHEARSE_NO_SETUP: '1' };
	for (const text of steps) await run(shells.github(text), { cwd: tool.directory, env, timeoutMs: 60_000 });
	const upload = stepsOf(true).find(({ uses }) => uses?.startsWith('actions/upload-artifact'));
	t.true(String(upload?.with?.['path']).split('\n').includes('failed.tar.gz'));
	const { stdout } = await run(['tar', '--extract', '--to-stdout', '--gzip', '--file', path.join(tool.directory, 'failed.tar.gz')]);
	t.true(stdout.includes('run-started'));
	t.false(stdout.includes('immich-ops'));
});

test('before the script of GitLab’s job the tool is where the script looks for it', async (t) => {
	const { directory } = await makeRehearse(t);
	const job = gitlabJob();
	const [install = '', clone = '', ...more] = job.before_script;
	t.deepEqual(more, []);
	t.regex(install, /^apt-get update && apt-get install --yes (?=.*\bgit\b)(?=.*\bnodejs\b)(?=.*\bnpm\b)/);
	const [, address = ''] = / (https:\S+\/)OWNER\/rehearse\.git \.rehearse$/.exec(clone) ?? [];
	// Neither Debian's archive nor a host of git is asked: both programs only note what they were asked for.
	const shims = path.join(directory, 'shims');
	await mkdir(shims);
	for (const program of ['apt-get', 'git']) await writeFile(path.join(shims, program), `#!/bin/sh\necho "${program} $*" >>"$LOG"\n[ ${program} = apt-get ] || { for place; do :; done; mkdir -p "$place/bin"; }\n`, { mode: 0o755 });
	const log = path.join(directory, 'log');
	await run(shells.gitlab(job.before_script), { cwd: directory, env: { PATH: `${shims}:/usr/bin:/bin`, LOG: log } });
	t.regex(await readFile(log, 'utf8'), new RegExp(`^apt-get update\\napt-get install --yes .*\\ngit clone --depth 1 ${address}OWNER/rehearse\\.git \\.rehearse\\n$`));
	t.true(job.script.every((line) => line.startsWith('.rehearse/bin/rehearse ')));
	t.deepEqual(job.cache.paths, [job.variables['XDG_CACHE_HOME']?.replace('$CI_PROJECT_DIR/', '')]);
	// GitLab reads the file that the tool is asked to write.
	const [words = ''] = commandsIn(job.script);
	const names = [...words.matchAll(/--(junit|code-quality|html) (\S+)/g)].map(([, , file]) => file ?? '');
	t.deepEqual([...job.artifacts.paths, ...Object.values(job.artifacts.reports)].sort(), names.sort());
	t.is(job.artifacts.when, 'always');
});
