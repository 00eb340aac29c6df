/** What a run keeps of a lab that was reloaded, by the whole program with machines that are fakes. */
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { programFile } from '../../../src/base/package-root.js';
import { startChild } from '../../../src/process/child.js';
import { makeFakeHost, password } from '../mcp/fake-host.js';

test('a password that a reload brings is masked in what is kept, and no bundle is redacted that may have it', async (t) => {
	const host = await makeFakeHost(t);
	await host.writeLab('box');
	const plan = path.join(host.root, 'box', 'plan.yaml');
	const rehearse = async (...words: string[]) => {
		let text = '';
		const take = (chunk: Buffer) => void (text += chunk.toString());
		const child = await startChild([process.execPath, programFile('main'), ...words], { env: { ...host.env }, onStdout: take, onStderr: take });
		return { ...(await child.exited), text };
	};
	const later = 'trombone-and-pickle';
	const before = await readFile(plan, 'utf8');
	await writeFile(plan, before.replace(`, password: ${password}`, ''));
	const up = await rehearse('up', plan, '--cold', '--mirror', 'http://127.0.0.1:9/debian');
	t.is(up.exitCode, 0, up.text);
	await writeFile(plan, before.replace(password, later));
	const reload = await rehearse('reload', '--mirror', 'http://127.0.0.1:9/debian');
	t.is(reload.exitCode, 0, reload.text);
	const [name = ''] = await readdir(host.runs);
	const directory = path.join(host.runs, name);
	await appendFile(path.join(directory, 'consoles', 'box.log'), `it is ${later}\n`);
	const down = await rehearse('down');
	t.is(down.exitCode, 0, down.text);

	const log = (await readFile(path.join(directory, 'events.ndjson'), 'utf8')).split('\n').filter((line) => line.includes('nodes-replaced'));
	t.like(JSON.parse(log[0] ?? '{}'), { type: 'nodes-replaced', nodes: ['box'], newPasswords: true });
	t.is(log.length, 1);
	t.regex(await readFile(path.join(directory, 'consoles', 'box.log'), 'utf8'), /it is __password-of-ops__\n/);
	for (const file of ['events.ndjson', 'result.json', 'report.html']) t.false((await readFile(path.join(directory, file), 'utf8')).includes(later), file);
	const bundle = await rehearse('bundle', name, '--redact', '--out', path.join(host.directory, 'redacted.tar.gz'));
	t.is(bundle.exitCode, 2, bundle.text);
	t.regex(bundle.text, /a reload has brought others than its copy of the plan has/);
	t.deepEqual(await host.leftovers(), []);
});
