import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { annotateWorkflow } from '../../../src/commands/ci.js';
import { guardedTerminal, type Terminal } from '../../../src/commands/terminal.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { bundledLab, eventsOf } from '../page/runs.js';

/** A terminal that keeps what is written to it, guarded in an environment. */
function keptTerminal(environment: NodeJS.ProcessEnv): { terminal: Terminal; out(): string; err(): string } {
	const kept = { out: '', err: '' };
	const stderr = new PassThrough() as unknown as NodeJS.WriteStream;
	stderr.write = (text: string | Uint8Array) => {
		kept.err += String(text);
		return true;
	};
	const stdout = { write: (text: string) => void (kept.out += text) };
	const terminal: Terminal = { stdout, stderr, stdoutColor: false, stderrColor: false, width: 100, live: false };
	return { terminal: guardedTerminal(terminal, environment), out: () => kept.out, err: () => kept.err };
}

const job = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: process.cwd() };

async function makeDirectory(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-ci-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	return directory;
}

test('outside of a job nothing is guarded and nothing is reported', async (t) => {
	const { terminal, out, err } = keptTerminal({});
	terminal.stdout.write('::error::x\n');
	await annotateWorkflow(foldEvents(eventsOf(await bundledLab())), terminal);
	t.is(out() + err(), '::error::x\n');
});

test('in a job what is written is no command, and JSON is left as it is', (t) => {
	const { terminal, out, err } = keptTerminal(job);
	terminal.stderr.write('  ::error::x\n##[error]y\n');
	terminal.stdout.write('{"a":"##[error]z"}\n');
	t.notRegex(err(), /^\s*::|##\[/m);
	t.notRegex(out(), /##\[/);
	t.deepEqual(JSON.parse(out()), { a: '##[error]z' });
	const end = terminal.workflow?.group('rehearse run lab');
	end?.();
	t.true(err().endsWith('::group::rehearse run lab\n::endgroup::\n'));
});

test('a job has annotations and a summary with a drawing', async (t) => {
	const summaryFile = path.join(await makeDirectory(t), 'summary.md');
	const { terminal, err } = keptTerminal({ ...job, GITHUB_STEP_SUMMARY: summaryFile });
	const fails = { node: 'redis', line: 10, output: 'no such file\n' };
	await annotateWorkflow(foldEvents(eventsOf(await bundledLab(), { fails })), terminal);
	t.regex(err(), /^::error file=cloud-init\/labs\/immich-photo-vault\/startup\/redis\.sh,line=10,/m);
	t.regex(err(), /^::error file=cloud-init\/labs\/immich-photo-vault\/plan\.json,line=\d+,title=Stack ports listen/m);
	t.regex(await readFile(summaryFile, 'utf8'), /^## ✖ failed immich-photo-vault failed.*```mermaid\nflowchart TD\n/s);
});

test('a summary that cannot be written is reported, and costs nothing', async (t) => {
	const { terminal, err } = keptTerminal({ ...job, GITHUB_STEP_SUMMARY: '/nowhere/summary.md' });
	await annotateWorkflow(foldEvents(eventsOf(await bundledLab())), terminal);
	t.regex(err(), /^the job summary cannot be written: /m);
});
