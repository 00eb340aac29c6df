import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import test from 'ava';
import { reportRun } from '../../../src/commands/run-reports.js';
import { foldEvents } from '../../../src/outcome/fold.js';
import { consoleLogPath } from '../../../src/runs/run-files.js';
import { bundledLab, eventsOf } from '../page/runs.js';

test('nothing that is left of a run whose directory goes names it, and the page has the ends of its logs', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-reports-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const runDirectory = path.join(directory, 'shard-1-of-1', 'photos');
	const log = consoleLogPath(runDirectory, 'redis');
	await mkdir(path.dirname(log), { recursive: true });
	await writeFile(log, 'the last words of redis\n');
	let stdout = '';
	const terminal = { stdout: { write: (text: string) => void (stdout += text) }, stderr: new PassThrough() as unknown as NodeJS.WriteStream, ...{ stdoutColor: false, stderrColor: false, width: 100, live: false } };
	const [html, junit, codeQuality] = ['page.html', 'junit.xml', 'quality.json'].map((name) => path.join(directory, name)) as [string, string, string];
	const run = { ...foldEvents(eventsOf(await bundledLab(), { fails: { node: 'redis', line: 10, output: 'no such file\n' } })), runDirectory };
	t.is(await reportRun(run, { html, junit, codeQuality, json: false, strict: false, terminal, isTemporary: true }), 1);
	const page = await readFile(html, 'utf8');
	t.regex(page, /the last words of redis/);
	for (const text of [page, stdout, await readFile(junit, 'utf8'), await readFile(codeQuality, 'utf8')]) t.notRegex(text, /shard-1-of-1/);
});
