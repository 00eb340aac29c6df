import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { tokenOf } from '../../../src/base/alive.js';
import { makeRehearse, type Rehearse } from './rehearse.js';

const started = Date.parse('2026-01-01T00:00:00Z');
const begin = { at: started, type: 'run-started', lab: 'photos', labArgument: 'photos', planPath: '/plans/photos.yaml', planSha256: '', runDirectory: '', nodes: [], tests: [], warnings: [], leftOut: [], sources: [] };
const failed = { at: started + 1, type: 'error', code: 'x', message: 'it broke', exitCode: 4 };
const end = { at: started + 90_000, type: 'run-finished', ms: 90_000 };

const runsOf = ({ directory }: Rehearse) => path.join(directory, 'state/rehearse/runs');

/** Makes a run with these events; a text is the log as it is. */
async function makeRun(tool: Rehearse, name: string, events: readonly object[] | string, holder?: string): Promise<string> {
	const run = path.join(runsOf(tool), name);
	await mkdir(run, { recursive: true });
	await writeFile(path.join(run, 'events.ndjson'), typeof events === 'string' ? events : events.map((event) => `${JSON.stringify(event)}\n`).join(''));
	if (holder !== undefined) await writeFile(path.join(run, 'pid'), `${holder}\n`);
	return run;
}

test('runs are listed newest first, each with what became of it, and those that go on', async (t) => {
	const tool = await makeRehearse(t);
	await makeRun(tool, '20260101T000000-photos-0001', [begin, end]);
	await makeRun(tool, '20260101T000001-photos-0002', [begin, failed, end]);
	await makeRun(tool, '20260101T000002-photos-0003', 'no log\n');
	await makeRun(tool, '20260101T000003-photos-0004', [begin], tokenOf());
	await mkdir(path.join(runsOf(tool), '.20260101T000004-photos-0005'));
	const { stdout, exitCode } = await tool.rehearse(['runs']);
	t.is(exitCode, 0);
	t.regex(
		stdout,
		/^20260101T000003-photos-0004 {2}goes on .*\n20260101T000002-photos-0003 {2}cannot be read: .*events\.ndjson:1: .*\n20260101T000001-photos-0002 {2}error +\d+ days ago +1 min 30 s .*\n20260101T000000-photos-0001 {2}\S.*\n4 runs, \d+ KiB\.$/,
	);
	const { runs } = JSON.parse((await tool.rehearse(['runs', '--json'])).stdout) as { runs: { name: string; state: string; ms: number | null; plan: string }[] };
	t.deepEqual(runs.map(({ name }) => name.slice(-4)), ['0004', '0003', '0002', '0001']);
	t.like(runs[2], { state: 'error', ms: 90_000, plan: '/plans/photos.yaml' });
});

test('one run is shown, by default the newest', async (t) => {
	const tool = await makeRehearse(t);
	await makeRun(tool, '20260101T000000-photos-0001', [begin, failed, end]);
	const newest = await makeRun(tool, '20260101T000001-photos-0002', [begin, failed, end]);
	const { stdout } = await tool.rehearse(['runs', 'show']);
	t.regex(stdout, /^20260101T000001-photos-0002\n {2}lab +photos\n {2}plan +\/plans\/photos\.yaml\n {2}verdict +error\n {2}started +2026-01-01T00:00:00\.000Z, /);
	t.true(stdout.includes(newest));
	t.regex((await tool.rehearse(['runs', 'show', '20260101T000000-photos-0001'])).stdout, /^20260101T000000-photos-0001\n/);
});

test('what a guest has written into a log moves no cursor', async (t) => {
	const tool = await makeRehearse(t);
	await makeRun(tool, '20260101T000000-photos-0001', [{ ...begin, lab: '\x1b[2Jphotos', planPath: '\u202eplan' }, end]);
	for (const args of [['runs'], ['runs', 'show'], ['runs', '--json']]) {
		const { stdout } = await tool.rehearse(args);
		t.notRegex(stdout, /[\x1b\u202e]|\\u001b/);
	}
});

test('those that are named are removed, and only those', async (t) => {
	const tool = await makeRehearse(t);
	for (const name of ['a', 'b', 'c']) await makeRun(tool, name, [begin, end]);
	const { stdout, exitCode } = await tool.rehearse(['runs', 'remove', 'a', path.join(runsOf(tool), 'c'), 'a']);
	t.is(exitCode, 0);
	t.regex(stdout, /\n2 runs, .* freed\.$/);
	const { stdout: left } = await tool.rehearse(['runs']);
	t.regex(left, /^b .*\n1 run, /);
});

test('nothing else is removed: not what is elsewhere, not what goes on, and then none of the others either', async (t) => {
	const tool = await makeRehearse(t);
	await makeRun(tool, 'over', [begin, end]);
	await makeRun(tool, 'going', [begin], tokenOf());
	const elsewhere = path.join(tool.directory, 'elsewhere');
	await mkdir(elsewhere);
	await writeFile(path.join(elsewhere, 'events.ndjson'), '');
	await symlink(elsewhere, path.join(tool.directory, 'link'));
	const refusals: readonly (readonly [readonly string[], RegExp])[] = [
		[[], /which run is to be removed\?/],
		[['over', 'going'], /going goes on; nothing was removed\nhint: end it first/],
		[['over', elsewhere], /there is no run ".*elsewhere" in /],
		[['..'], /there is no run "\.\." in /],
		[['../..'], /there is no run/],
		[['.'], /there is no run/],
		[[''], /there is no run/],
		[['link'], /there is no run/],
	];
	for (const [names, why] of refusals) {
		const { exitCode, stderr } = await tool.rehearse(['runs', 'remove', ...names]);
		t.is(exitCode, 2, names.join(' '));
		t.regex(stderr, why);
	}
	const there = await tool.written();
	for (const kept of ['elsewhere/events.ndjson', 'state/rehearse/runs/over/events.ndjson', 'state/rehearse/runs/going/events.ndjson']) t.true(there.includes(kept), kept);
});

test('without a run: none are listed, and none can be shown', async (t) => {
	const { rehearse } = await makeRehearse(t);
	t.like(await rehearse(['runs']), { exitCode: 0, stdout: 'No runs.' });
	t.regex((await rehearse(['runs', 'show'])).stderr, /there is no run in .*\nhint: `rehearse run` makes one/);
	t.regex((await rehearse(['runs', 'list', 'x'])).stderr, /takes no names\nhint: rehearse runs show x/);
	t.regex((await rehearse(['runs', 'burn'])).stderr, /ACTION burn: expected list, show, remove/);
});
