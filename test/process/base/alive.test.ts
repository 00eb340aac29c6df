import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { isHeld, lifeOf, tokenOf, unseenMs, type Life } from '../../../src/base/alive.js';
import { poll } from '../../../src/base/waiting.js';
import { run } from '../../../src/process/run.js';

const patient = { intervalMs: 10, deadlineMs: 10_000 };

test('a process lives until it ends, also when nobody has noticed its end', async (t) => {
	// The shell becomes a program that never asks what became of its child.
	const parent = spawn('sh', ['-c', 'sleep 0.5 & exec sleep 60'], { stdio: 'ignore' });
	t.teardown(() => parent.kill('SIGKILL'));
	const children = () => readFile(`/proc/${parent.pid}/task/${parent.pid}/children`, 'utf8').catch(() => '');
	const child = Number((await poll(children, (text) => text !== '', patient)).last);
	const token = tokenOf(child);
	t.is(lifeOf(token), 'alive');
	const { accepted } = await poll(async () => lifeOf(token), (life) => life === 'dead', patient);
	t.true(accepted);
	t.regex(await readFile(`/proc/${child}/status`, 'utf8'), /^State:\s+Z/m, 'it is still there, as a zombie');
	t.is(lifeOf(tokenOf(parent.pid)), 'alive');
	t.is(lifeOf(tokenOf(4_194_305)), 'dead', 'beyond what the kernel gives');
});

const [pid = '', start = '', boot = '', space = '', host = ''] = tokenOf().split('-');
const other = 'ffffffff';

const judged = test.macro({
	title: (what) => `the process of ${what}`,
	exec(t, parts: readonly string[], expected: Life) {
		t.is(lifeOf(parts.join('-')), expected);
	},
});

test('this process', judged, [pid, start, boot, space, host], 'alive');
test('the same number with another beginning: it was given away again', judged, [pid, String(Number(start) - 1), boot, space, host], 'dead');
test('another boot of this host', judged, [pid, start, other, space, host], host === '00000000' ? 'unknown' : 'dead');
test('another container, whose numbers mean others', judged, [pid, start, boot, other, host], 'unknown');
test('another host with the same home', judged, [pid, start, other, other, other], 'unknown');
test('a host without a name', judged, [pid, start, other, space, '00000000'], 'unknown');
test('a bare number', judged, [pid], 'unknown');
test('nothing', judged, [''], 'unknown');

test('another space of process ids on this host takes neither side', async (t) => {
	const program = `import(${JSON.stringify(new URL('../../../src/base/alive.js', import.meta.url))}).then(({ lifeOf, tokenOf }) => console.log(lifeOf(process.argv[1]), tokenOf()))`;
	const inside = ['unshare', '--user', '--map-root-user', '--pid', '--fork', '--mount-proc', process.execPath, '-e', program, tokenOf()] as const;
	const [life = '', theirs = ''] = (await run(inside)).stdout.trim().split(' ');
	t.is(life, 'unknown');
	t.is(lifeOf(theirs), 'unknown');
});

test('what cannot be seen holds for as long as it updates its file', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'held-'));
	t.teardown(() => rm(directory, { recursive: true }));
	const file = path.join(directory, 'pid');
	const unseen = [pid, start, boot, other, host].join('-');
	t.false(await isHeld(unseen, file), 'no file');
	await writeFile(file, unseen);
	t.true(await isHeld(unseen, file));
	const longAgo = new Date(Date.now() - unseenMs - 1000);
	await utimes(file, longAgo, longAgo);
	t.false(await isHeld(unseen, file));
	t.true(await isHeld(tokenOf(), file), 'of one that can be seen the time does not matter');
});
