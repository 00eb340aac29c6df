/** What a reload asks of a lab, and what a run keeps of one that was reloaded, by the whole program with machines that are fakes. */
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { programFile } from '../../../src/base/package-root.js';
import { serveControl } from '../../../src/control/server.js';
import { startChild } from '../../../src/process/child.js';
import type { CurrentLab } from '../../../src/protocol/requests.js';
import { reloadLab, type ReloadOptions } from '../../../src/rehearse/reload.js';
import type { LiveLab } from '../../../src/runs/live-labs.js';
import { writeSshConfig } from '../../../src/runs/ssh-config.js';
import { labNode, labOf } from '../../unit/base/labs.js';
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

test('where only the scenario was edited, the lab goes back to what it went back to before, and nothing is prepared', async (t) => {
	const runDirectory = await mkdtemp(path.join(os.tmpdir(), 'reload-'));
	const cleanup = new CleanupStack();
	t.teardown(async () => {
		await cleanup.run();
		await rm(runDirectory, { recursive: true });
	});
	await writeSshConfig(runDirectory, [], 4711);
	const controlSocket = path.join(runDirectory, 'control');
	const requests: unknown[] = [];
	await serveControl(controlSocket, ({ request }) => Promise.resolve(void requests.push(request)), cleanup);
	const lab = labOf(labNode('web'));
	const edited = { ...lab, scenarios: [{ name: 'another', tests: [] }] };
	const options = { paths: {}, emit: (event: object) => t.fail(JSON.stringify(event)), signal: new AbortController().signal } as unknown as ReloadOptions;
	const reload = (current: Partial<CurrentLab>) =>
		reloadLab({ controlSocket, runDirectory } as LiveLab, { lab, ...current } as CurrentLab, edited, { changed: [], scenarioChanged: true }, options);
	await reload({ startedKey: 'first', isCold: false });
	await reload({ isCold: true });
	const scenarioOnly = { op: 'replace', lab: JSON.parse(JSON.stringify(edited)) as object, machines: [] };
	t.deepEqual(requests, [{ ...scenarioOnly, startedKey: 'first' }, scenarioOnly]);
});
