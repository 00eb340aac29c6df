import { copyFile, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { foldEvents } from '../../../src/outcome/fold.js';
import { renderReportPage } from '../../../src/page/write.js';
import { run as runProgram } from '../../../src/process/run.js';
import { parseRecord, parseShard } from '../../../src/shard/record.js';
import { claimShard, findShards, readShard, writeShard } from '../../../src/shard/store.js';
import { shardsOf, work } from './logs.js';

async function scratch(t: ExecutionContext): Promise<string> {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-shard-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	return directory;
}

/** A run directory with the log of a shard. */
async function runOf(directory: string, log: readonly object[]): Promise<string> {
	await mkdir(path.join(directory, 'consoles'), { recursive: true });
	await mkdir(path.join(directory, 'disks'));
	await writeFile(path.join(directory, 'consoles', 'one.log'), 'booted\n');
	await writeFile(path.join(directory, 'events.ndjson'), log.map((event) => `${JSON.stringify(event)}\n`).join(''));
	return directory;
}

test('what was written is read, with its directories where they are now, and the logs of an order that failed', async (t) => {
	const directory = await scratch(t);
	const [shard] = shardsOf(1, (unit) => (unit === 'order-2' ? 'failed' : 'passed'));
	const log = shard!.logs.get('web')!;
	const runDirectory = await runOf(path.join(directory, 'run'), log);
	const failed = await runOf(path.join(directory, 'order-2'), []);
	const target = await claimShard(path.join(directory, 'shards'), { index: 1, total: 1 });
	await writeShard(target, shard!.record, new Map([['web', { runDirectory, failedOrders: [failed] }]]));
	t.deepEqual(await readdir(path.dirname(target)), ['shard-1-of-1']);
	const read = await readShard(target);
	t.deepEqual(read.record, shard!.record);
	const events = read.logs.get('web')!;
	t.is(events.length, log.length);
	const run = path.join(target, 'labs', 'web');
	t.deepEqual((await readdir(run)).sort(), ['consoles', 'events.ndjson', 'orders']);
	t.like(events[0], { runDirectory: run });
	const orders = events.filter((event) => event.type === 'order-finished').map((event) => event.runDirectory);
	t.is(orders[1], path.join(run, 'orders', 'order-2'));
	t.is(orders[0], '/runs/order-1');
});

test.serial('a run that is lost, or that had no directory, is recorded as such and does not cost the other labs; nothing of the working directory is copied', async (t) => {
	const directory = await scratch(t);
	const works = ['web', 'db', 'app'].map((lab) => ({ ...work, lab }));
	const [shard] = shardsOf(1, () => 'passed', works);
	const runDirectory = await runOf(path.join(directory, 'run'), shard!.logs.get('web')!);
	await mkdir(path.join(directory, 'removed', 'consoles'), { recursive: true });
	const target = await claimShard(path.join(directory, 'shards'), { index: 1, total: 1 });
	const failedOrders = [path.join(directory, 'gone'), ''];
	const runs = new Map([['web', { runDirectory, failedOrders }], ['db', { runDirectory: path.join(directory, 'removed'), failedOrders: [] }], ['app', { runDirectory: '', failedOrders: [] }]]);
	// What a run has lies there too.
	const before = process.cwd();
	process.chdir(runDirectory);
	await writeShard(target, shard!.record, runs).finally(() => process.chdir(before));
	t.deepEqual(await readdir(path.join(target, 'labs')), ['web']);
	t.deepEqual((await readdir(path.join(target, 'labs', 'web'))).sort(), ['consoles', 'events.ndjson']);
	const { record, logs } = await readShard(target);
	t.deepEqual([...logs.keys()], ['web']);
	t.like(record.lacking?.['db']?.error, { code: 'run-lost', exitCode: 4 });
	t.regex(record.lacking?.['db']?.error.message ?? '', /removed before it could be kept: .*removed has no event log$/);
	t.like(record.lacking?.['app']?.error, { code: 'run-lost', message: 'its run had no directory' });
});

test('links and FIFOs in a shard lead to nothing of this host, into no report, and nobody waits for them', async (t) => {
	const directory = await scratch(t);
	const [shard] = shardsOf(1);
	const runDirectory = await runOf(path.join(directory, 'run'), shard!.logs.get('web')!);
	const target = await claimShard(path.join(directory, 'shards'), { index: 1, total: 1 });
	await writeShard(target, shard!.record, new Map([['web', { runDirectory, failedOrders: [] }]]));
	const home = path.join(directory, 'home');
	await mkdir(path.join(home, 'consoles'), { recursive: true });
	await writeFile(path.join(home, 'one.log'), 'secret of the host\n');
	await writeFile(path.join(home, 'consoles', 'one.log'), 'secret of the host\n');
	const run = path.join(target, 'labs', 'web');
	const page = async (name = 'one') => {
		const state = foldEvents((await readShard(target)).logs.get('web')!);
		return renderReportPage({ ...state, nodes: state.nodes.map((node) => ({ ...node, name })) });
	};
	const consoles = path.join(run, 'consoles');
	t.true((await page()).includes('booted'));
	t.false((await page('../../../../../home/one')).includes('secret'), 'a name of a node that is a path');
	const preparations: readonly (() => Promise<unknown>)[] = [
		() => mkdir(consoles).then(() => symlink(path.join(home, 'one.log'), path.join(consoles, 'one.log'))),
		() => symlink(path.join(home, 'consoles'), consoles),
		() => mkdir(consoles).then(() => runProgram(['mkfifo', path.join(consoles, 'one.log')])),
	];
	for (const prepare of preparations) {
		await rm(consoles, { recursive: true });
		await prepare();
		t.false((await page()).includes('secret'));
	}
	const plan = path.join(run, 'plan');
	await mkdir(plan);
	await copyFile(path.join(process.cwd(), 'test/plans/good/compact.yaml'), path.join(plan, 'a\u202e ##vso[x].yaml'));
	t.like((await readShard(target)).logs.get('web')![0], { planPath: path.join(plan, 'a # #vso[x].yaml') });
	await rm(path.join(plan, 'a\u202e ##vso[x].yaml'));
	await runProgram(['mkfifo', path.join(plan, 'plan.yaml')]);
	t.like((await readShard(target)).logs.get('web')![0], { planPath: '' });
	await rename(run, path.join(home, 'web'));
	await symlink(path.join(home, 'web'), run);
	await t.throwsAsync(readShard(target), { code: 'usage', message: /no regular file/ });
});

test('a directory of shards stands for those in it', async (t) => {
	const directory = await scratch(t);
	for (const { record } of shardsOf(3)) await writeShard(await claimShard(directory, record), record, new Map());
	const all = [1, 2, 3].map((index) => path.join(directory, `shard-${index}-of-3`));
	t.deepEqual(await findShards([directory]), all);
	t.deepEqual(await findShards([...all, directory]), all);
});

test('what is no shard is refused with its name', async (t) => {
	const directory = await scratch(t);
	await t.throwsAsync(findShards([directory]), { code: 'usage', message: /is no shard and holds none/ });
	await t.throwsAsync(findShards([path.join(directory, 'missing')]), { code: 'usage', message: /missing is no shard/ });
});

test('a shard is not written over', async (t) => {
	const directory = await scratch(t);
	await mkdir(path.join(directory, 'shard-1-of-2'));
	await t.throwsAsync(claimShard(directory, { index: 1, total: 2 }), { code: 'usage', message: /is there already/ });
	await t.throwsAsync(claimShard('/proc/nowhere', { index: 1, total: 2 }), { code: 'usage', message: /--out \/proc\/nowhere cannot be made/ });
});

test('a shard is a number and how many there are', (t) => {
	t.deepEqual(parseShard('3/8'), { index: 3, total: 8 });
	for (const text of ['0/8', '9/8', '3', '3/', 'a/b', '1/0', '-1/2', '1/2/3', '1 / 2', '']) t.throws(() => parseShard(text), { code: 'usage' }, text);
});

test('the record of a shard is whole or refused', (t) => {
	const [{ record }] = shardsOf(1) as [ReturnType<typeof shardsOf>[0]];
	t.deepEqual(parseRecord(JSON.stringify(record), 'f'), record);
	const error = { code: 'interrupted', message: '##[group]interrupted', exitCode: 130 };
	t.is(parseRecord(JSON.stringify({ ...record, lacking: { web: { at: 1, error } } }), 'f').lacking?.['web']?.error.message, '# #[group]interrupted');
	// With a status that a shell takes for 0, or a lab that is none of the work, it would be no error.
	const lacking = [null, 'web', { db: { at: 1, error } }, { web: null }, { web: { error } }, ...[0, 256, 1.5, '130'].map((exitCode) => ({ web: { at: 1, error: { ...error, exitCode } } })), { web: { at: 1, error: { ...error, message: {} } } }, { web: { at: 1, error: { ...error, detail: 1 } } }];
	for (const one of lacking) t.throws(() => parseRecord(JSON.stringify({ ...record, lacking: one }), 'shards/a/shard.json'), { code: 'usage' }, JSON.stringify(one));
	const damaged = ['', 'null', '[]', '{', ...(['schema', 'version', 'index', 'total', 'work', 'division'] as const).map((key) => JSON.stringify({ ...record, [key]: undefined }))];
	const wrong = [
		...[{ index: 0 }, { index: 2 }, { work: [], division: [[]] }, { work: [work, work] }, { division: [[]] }, { division: [[...record.division[0]!, ...record.division[0]!]] }],
		...[{ work: [{ ...work, lab: '/../../../victim/x' }] }, { work: [{ ...work, lab: '..' }] }, { work: [{ ...work, robustness: ['none'] }] }, { work: [{ ...work, shuffle: { count: 1e9, seed: 1 } }] }, { work: [null] }],
	].map((part) => JSON.stringify({ ...record, ...part }));
	for (const text of [...damaged, ...wrong, JSON.stringify({ ...record, schema: 2 }), JSON.stringify({ ...record, work: [{ lab: work.lab }] }), JSON.stringify({ ...record, division: [[{}]] })]) {
		t.throws(() => parseRecord(text, 'shards/a/shard.json'), { code: 'usage', message: /^shards\/a\/shard\.json: / }, text.slice(0, 40));
	}
});
