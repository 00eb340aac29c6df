/** What is on the disk about the nodes of a lab that makes them anew, which a real control socket answers for. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { brokenFailure, usageFailure } from '../../../src/base/errors.js';
import { serveControl } from '../../../src/control/server.js';
import type { RunEventBody } from '../../../src/lab/events.js';
import type { LabRequest } from '../../../src/protocol/requests.js';
import type { MachineRunSpec } from '../../../src/protocol/run-spec.js';
import { replaceNodes } from '../../../src/rehearse/replace-nodes.js';
import { writeSshConfig } from '../../../src/runs/ssh-config.js';
import { labNode, labOf } from '../../unit/base/labs.js';

/** Has a lab of two nodes make one of them anew, for another user. `answer` is the lab's. */
async function replaceWeb(t: ExecutionContext, answer: (request: LabRequest) => unknown) {
	const runDirectory = await mkdtemp(path.join(os.tmpdir(), 'replace-'));
	const cleanup = new CleanupStack();
	t.teardown(async () => {
		await cleanup.run();
		await rm(runDirectory, { recursive: true });
	});
	const place = (...names: string[]) => path.join(runDirectory, ...names);
	const read = (...names: string[]) => readFile(place(...names), 'utf8');
	for (const name of ['seeds', 'staged']) await mkdir(place(name));
	const machine = (name: string, username: string) =>
		({ spec: { name, seedFile: place('seeds', `${name}.iso`) }, address: '10.0.2.11', username, hostKey: `ssh-ed25519 ${name}` }) as unknown as MachineRunSpec;
	for (const name of ['web', 'db']) await writeFile(place('seeds', `${name}.iso`), 'old');
	await writeFile(place('staged', 'web.iso'), 'new');
	await writeSshConfig(runDirectory, [machine('web', 'ops'), machine('db', 'ops')], 4711);
	const controlSocket = place('control');
	const seen: string[] = [];
	await serveControl(controlSocket, async ({ request }) => {
		seen.push(await read('seeds', 'web.iso'));
		return answer(request as LabRequest);
	}, cleanup);
	const events: RunEventBody[] = [];
	const options = { seeds: place('staged'), emit: (event: RunEventBody) => void events.push(event), signal: new AbortController().signal };
	const replacing = replaceNodes({ controlSocket, runDirectory }, { lab: labOf(labNode('web'), labNode('db', 1)), machines: [machine('web', 'admin')] }, options);
	const found = async () => ({
		seeds: [await read('seeds', 'web.iso'), await read('seeds', 'db.iso')],
		users: [...(await read('ssh_config')).matchAll(/^  User (.*)$/gm)].map(([, user]) => user),
	});
	return { replacing, found, seen, events };
}

test('a node that was made anew has its new seed when it boots, and ssh its new user afterwards', async (t) => {
	const { replacing, found, seen, events } = await replaceWeb(t, ({ op }) => [op]);
	t.deepEqual(await replacing, ['replace']);
	t.deepEqual(await found(), { seeds: ['new', 'old'], users: ['admin', 'ops'] });
	t.deepEqual([seen, events], [['new'], []]);
});

test('where the lab refuses, its machine keeps its seed and its user', async (t) => {
	const { replacing, found } = await replaceWeb(t, () => {
		throw usageFailure('db is being debugged');
	});
	await t.throwsAsync(replacing, { message: 'db is being debugged' });
	t.deepEqual(await found(), { seeds: ['old', 'old'], users: ['ops', 'ops'] });
});

test('where the new machine does not start, the old one is gone all the same', async (t) => {
	const { replacing, found } = await replaceWeb(t, () => {
		throw brokenFailure('boot', 'web does not boot');
	});
	await t.throwsAsync(replacing, { message: 'web does not boot' });
	t.deepEqual(await found(), { seeds: ['new', 'old'], users: ['admin', 'ops'] });
});
