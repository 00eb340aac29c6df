import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { tokenOf } from '../../../src/base/alive.js';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { announceLive, chooseLiveLab, findLiveLabs, findUnseenRuns, isKept, type LiveLab } from '../../../src/runs/live-labs.js';

const live = (name: string, runDirectory = `/runs/${name}`): LiveLab => ({
	name,
	labArgument: `labs/${name}`,
	planPath: `/labs/${name}/plan.yaml`,
	nodes: ['box'],
	isUp: true,
	runDirectory,
	sockets: '/tmp/r',
	controlSocket: '/tmp/r/control',
	pid: process.pid,
	token: tokenOf(),
	startedAt: 1,
});

test('a lab is found while it runs, and what a killed process has left is none', async (t) => {
	const runs = await mkdtemp(path.join(os.tmpdir(), 'runs-'));
	t.teardown(() => rm(runs, { recursive: true }));
	const run = async (name: string, pid: number) => {
		const directory = path.join(runs, name);
		await mkdir(directory);
		await writeFile(path.join(directory, 'pid'), tokenOf(pid));
		return directory;
	};
	const cleanup = new CleanupStack();
	const lab = live('one', await run('20260101T000000-one', process.pid));
	await announceLive(lab, cleanup);
	// No process has such an id: it is beyond what the kernel gives (proc_sys_kernel(5), pid_max).
	await announceLive(live('dead', await run('20260101T000001-dead', 4_194_305)), new CleanupStack());
	await run('20260101T000002-young', process.pid);
	const older = await run('20260101T000003-older', process.pid);
	await writeFile(path.join(older, 'live.json'), JSON.stringify({ ...live('older'), token: tokenOf(1) }));
	t.deepEqual(await findLiveLabs(runs), [lab]);
	t.deepEqual(await cleanup.run(), []);
	t.deepEqual(await findLiveLabs(runs), []);
	t.deepEqual(await readdir(lab.runDirectory), ['pid']);
	t.deepEqual(await findLiveLabs(path.join(runs, 'none')), []);
	t.true(isKept(lab));
	// Another process has the number by now: it is not to be signalled.
	t.false(isKept({ token: lab.token.replace(/^(\d+)-\d+/, '$1-1') }));

	t.deepEqual(await findUnseenRuns(runs), []);
	const elsewhere = path.join(runs, '20260101T000004-elsewhere');
	await mkdir(elsewhere);
	await writeFile(path.join(elsewhere, 'pid'), tokenOf().replace(/-[^-]+-([^-]+)$/, '-ffffffff-$1'));
	t.deepEqual([await findLiveLabs(runs), await findUnseenRuns(runs)], [[], ['20260101T000004-elsewhere']]);
});

test('the lab that is meant', (t) => {
	const [one, two] = [live('one'), live('two')];
	t.is(chooseLiveLab([one], undefined), one);
	t.is(chooseLiveLab([one, two], 'two'), two);
	t.is(chooseLiveLab([one, two], 'labs/two'), two);
	const run = { ...one, isUp: false, runDirectory: '/runs/20260101T000000-one-abcd' };
	t.is(chooseLiveLab([run, one], 'one'), one, 'a rehearsal beside it ends by itself');
	t.is(chooseLiveLab([run, one], '20260101T000000-one-abcd'), run);
	t.throws(() => chooseLiveLab([], undefined), { code: 'usage', message: 'no lab is up' });
	t.throws(() => chooseLiveLab([], 'one'), { message: 'no lab is up' });
	t.throws(() => chooseLiveLab([one], 'three'), { message: "no lab 'three' is up" });
	t.throws(() => chooseLiveLab([one, two], undefined), { message: 'several labs are up: one, two' });
});
