/** Event logs that a stranger wrote. */
import { copyFile, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { maximumLogBytes } from '../../../src/lab/events.js';
import { run } from '../../../src/process/run.js';
import { readEvents, readPlanCopy } from '../../../src/runs/stored-runs.js';

/** The directory of a run, with that as its event log. */
async function runWith(t: ExecutionContext, log: string | Buffer, isImported = false): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'stored-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	await writeFile(path.join(directory, 'events.ndjson'), log);
	if (isImported) await writeFile(path.join(directory, 'manifest.json'), '{}');
	return directory;
}

const event = (type: string): string => `${JSON.stringify({ type, at: 1 })}\n`;

test('a log is read up to its last whole line', async (t) => {
	const directory = await runWith(t, `${event('a')}${event('b')}{"type":"c`);
	t.deepEqual(await readEvents(directory), [{ type: 'a', at: 1 }, { type: 'b', at: 1 }] as never);
});

test('a line that is no event is named', async (t) => {
	for (const line of ['', '7', 'null', '{}', '{"type":1,"at":1}', `{"type":"a","at":1,"b":${'['.repeat(200_000)}${']'.repeat(200_000)}}`]) {
		await t.throwsAsync(readEvents(await runWith(t, `${event('a')}${line}\n`)), { code: 'usage', message: /events\.ndjson:2: this is not an event of a run/ });
	}
});

/** How much the process needed at most since it began, in bytes. */
const peak = (): number => process.resourceUsage().maxRSS * 1024;

test.serial('a log of nothing but line ends takes no memory for each', async (t) => {
	const directory = await runWith(t, Buffer.alloc(48 * 2 ** 20, '\n'), true);
	const before = peak();
	await t.throwsAsync(readEvents(directory), { code: 'usage', message: /:1: this is not an event/ });
	t.true(peak() - before < 64 * 2 ** 20, `${peak() - before} bytes`);
});

test.serial('a log that is longer than any is not read', async (t) => {
	const directory = await runWith(t, '');
	await truncate(path.join(directory, 'events.ndjson'), maximumLogBytes + 1);
	const before = peak();
	await t.throwsAsync(readEvents(directory), { code: 'usage', message: /256 MiB at most are read/ });
	t.true(peak() - before < 64 * 2 ** 20, `${peak() - before} bytes`);
});

test.serial('the log of a bundle has no more events than there is memory for', async (t) => {
	const directory = await runWith(t, event('a').repeat(1_000_001), true);
	await t.throwsAsync(readEvents(directory), { code: 'usage', message: /more than 1000000 events/ });
});

test('nothing is read that is no regular file of the run, and nobody is waited for', async (t) => {
	const [secret, directory] = [await runWith(t, event('secret')), await runWith(t, '')];
	const plan = path.join(directory, 'plan');
	await mkdir(path.join(secret, 'home'));
	for (const place of ['plan.yaml', 'home/plan.yaml']) await writeFile(path.join(secret, place), 'name: secret\nnodes: []\nscenarios: []\n');
	const log = path.join(directory, 'events.ndjson');
	for (const prepare of [() => symlink(path.join(secret, 'events.ndjson'), log), () => run(['mkfifo', log]), () => mkdir(log)]) {
		await rm(log, { recursive: true });
		await prepare();
		await t.throwsAsync(readEvents(directory), { code: 'usage', message: /no regular file/ });
	}
	const plans: readonly (() => Promise<unknown>)[] = [
		() => symlink(path.join(secret, 'home'), plan),
		() => mkdir(plan).then(() => symlink(path.join(secret, 'plan.yaml'), path.join(plan, 'plan.yaml'))),
		() => mkdir(plan).then(() => run(['mkfifo', path.join(plan, 'plan.yaml')])),
	];
	for (const prepare of plans) {
		await rm(plan, { recursive: true, force: true });
		await prepare();
		t.is(await readPlanCopy(directory), undefined);
	}
});

test('names of files in a bundle are in its report as words that are washed', async (t) => {
	const started = { type: 'run-started', at: 1, runDirectory: '/elsewhere', labArgument: '/elsewhere', planPath: '/etc/passwd' };
	const directory = await runWith(t, `${JSON.stringify(started)}\n`, true);
	const plan = path.join(directory, 'plan');
	await mkdir(plan);
	await copyFile(path.join(process.cwd(), 'test/plans/good/compact.yaml'), path.join(plan, 'a\u202e\u2028\x9b31m ::error::b ##vso[x] ##teamcity[y].yaml'));
	const planPath = path.join(plan, 'a : :error::b # #vso[x] # #teamcity[y].yaml');
	t.deepEqual(await readEvents(directory), [{ type: 'run-started', at: 1, runDirectory: directory, labArgument: planPath, planPath }] as never);
});
