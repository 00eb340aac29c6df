/** A run in one file, written here and opened there; and files that only look like one. */
import { randomBytes } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { tokenOf } from '../../../src/base/alive.js';
import { sha256 } from '../../../src/base/hash.js';
import type { BundleManifest } from '../../../src/bundle/manifest.js';
import { run } from '../../../src/process/run.js';
import { contentsOf, keepRun, runsOf } from './kept-runs.js';
import { makeRehearse, program, type Rehearse } from './rehearse.js';

const bundled = ['consoles/server.log', 'events.ndjson', 'plan/plan.yaml', 'plan/startup/client.sh', 'plan/startup/server.sh', 'seeds/server.iso'];

test('the newest run that failed is bundled, and opened on another machine', async (t) => {
	const tool = await makeRehearse(t);
	const older = await keepRun(tool, '20260101T000000-web-aaaa', 'script-failed');
	const failed = await keepRun(tool, '20260102T000000-web-bbbb', 'script-failed');
	await keepRun(tool, '20260103T000000-web-cccc', 'passed');
	const live = await keepRun(tool, '20260104T000000-web-dddd', 'assertion-failed');
	await writeFile(path.join(live, 'pid'), `${tokenOf()}\n`);

	const written = await tool.rehearse(['bundle']);
	t.is(written.exitCode, 0, written.stderr);
	const file = path.join(tool.directory, '20260102T000000-web-bbbb.tar.gz');
	t.true(written.stdout.startsWith(`${file}  `), written.stdout);
	t.regex(written.stdout, /holds secrets.*\n +consoles\/server\.log +password of ops\n +plan\/plan\.yaml +password of ops\n +seeds\/server\.iso +private key$/);
	t.is((await stat(file)).mode & 0o777, 0o600);
	const listed = await run(['tar', '--list', '--gzip', '--file', file]);
	t.deepEqual(listed.stdout.split('\n').map((line) => line.replace('20260102T000000-web-bbbb/', '')), ['manifest.json', ...bundled]);

	const elsewhere = { env: { XDG_STATE_HOME: path.join(tool.directory, 'elsewhere') } };
	const imported = await tool.rehearse(['open', file], elsewhere);
	t.is(imported.exitCode, 0, imported.stderr);
	const runs = runsOf(tool, 'elsewhere');
	const [name = '', ...others] = await readdir(runs);
	t.deepEqual(others, []);
	t.regex(name, /^\d{8}T\d{6}-opened-20260102T000000-web-bbbb$/);
	const { 'manifest.json': _manifest, ...files } = await contentsOf(path.join(runs, name));
	const { 'disks/server.qcow2': _disk, ssh_config: _config, ...original } = await contentsOf(failed);
	t.deepEqual(files, original);

	// The report is that of the run, of files that are here.
	const { stdout: report } = await tool.rehearse(['report', failed]);
	const [upToLine] = report.split('\n    console log: ');
	t.true(imported.stdout.startsWith(upToLine ?? 'none'), imported.stdout);
	t.true(imported.stdout.includes(`console log: ${path.join(runs, name, 'consoles')}`), imported.stdout);
	t.true(imported.stdout.replaceAll(/\s+/g, ' ').includes(`rehearse run ${path.join(runs, name, 'plan', 'plan.yaml')} --keep on-failure`));
	t.regex(imported.stdout, /\nFiles\n {2}rehearsed elsewhere with rehearse \d.*\n {2}directory +\/.*\n {2}plan +plan\/plan\.yaml\n {2}seeds +seeds\n/);
	const again = await tool.rehearse(['report'], elsewhere);
	t.true(imported.stdout.startsWith(again.stdout));

	// It is no run of this machine that could be meant without a name; by its name it is.
	t.is((await tool.rehearse(['bundle'], elsewhere)).exitCode, 2);
	const handedOn = await tool.rehearse(['bundle', name, '--out', 'on.tar.gz', '--json'], elsewhere);
	t.is((JSON.parse(handedOn.stdout) as { manifest: BundleManifest }).manifest.run, name);

	const named = await tool.rehearse(['bundle', older, '--out', 'older.tar.gz', '--json']);
	const { manifest, ...reported } = JSON.parse(named.stdout) as { manifest: BundleManifest; bundle: string; bytes: number };
	t.deepEqual(reported, { schema: 1, bundle: path.join(tool.directory, 'older.tar.gz'), bytes: reported.bytes } as never);
	t.like(manifest, { schema: 1, run: path.basename(older), verdict: 'failed', redacted: false });
	t.deepEqual(manifest.files.map((one) => one.path), bundled);
	const asObject = await tool.rehearse(['open', 'older.tar.gz', '--json'], elsewhere);
	t.like(JSON.parse(asObject.stdout), { schema: 1, manifest: { run: path.basename(older) }, result: { schema: 1, verdict: 'failed' } });
});

test('what cannot be bundled is reported, and no file is written over', async (t) => {
	const tool = await makeRehearse(t);
	const none = await tool.rehearse(['bundle']);
	t.is(none.exitCode, 2);
	t.regex(none.stderr, /no run in .* has failed/);
	await keepRun(tool, '20260102T000000-web-bbbb', 'script-failed');
	await writeFile(path.join(tool.directory, 'there.tar.gz'), 'precious');
	const there = await tool.rehearse(['bundle', '--out', 'there.tar.gz']);
	t.is(there.exitCode, 2);
	t.regex(there.stderr, /there\.tar\.gz exists already/);
	t.is(await readFile(path.join(tool.directory, 'there.tar.gz'), 'utf8'), 'precious');
	const nowhere = await tool.rehearse(['bundle', '--out', 'no/such/place.tar.gz']);
	t.is(nowhere.exitCode, 2);
	t.regex(nowhere.stderr, /place\.tar\.gz cannot be written: no such file or directory/);
	t.is((await tool.rehearse(['bundle', 'other'])).exitCode, 2);
});

test('a disk that becomes full is a matter of the host, and keeps nothing', async (t) => {
	const tool = await makeRehearse(t);
	const kept = await keepRun(tool, '20260102T000000-web-bbbb', 'script-failed');
	await writeFile(path.join(kept, 'consoles', 'server.log'), randomBytes(200_000));
	const small = path.join(tool.directory, 'small');
	await mkdir(small);
	const command = `mount -t tmpfs -o size=64k none "$1" && { "$2" "$3" bundle --out "$1/b.tar.gz"; echo "$?"; ls "$1"; }`;
	const argv = ['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', command, 'sh', small, process.execPath, program] as const;
	const { stdout, stderr } = await run(argv, { env: { HOME: tool.directory, XDG_STATE_HOME: path.join(tool.directory, 'state') } });
	t.is(stdout, '3', stderr);
	t.regex(stderr, /no room is left on the disk of .*small\nhint: free some space/);
});

/** The bytes of an intact bundle, made once. */
let wholeBundle: Promise<Buffer> | undefined;

async function makeWhole(t: ExecutionContext): Promise<Buffer> {
	const tool = await makeRehearse(t);
	await keepRun(tool, 'run', 'script-failed');
	await tool.rehearse(['bundle', 'run', '--out', 'intact.tar.gz']);
	return readFile(path.join(tool.directory, 'intact.tar.gz'));
}

/** An intact bundle, taken apart to be put together otherwise; the directory that its files are in. */
async function takeApart(t: ExecutionContext): Promise<{ tool: Rehearse; root: string; pack(...members: string[]): Promise<void> }> {
	wholeBundle ??= makeWhole(t);
	const intact = await wholeBundle;
	const tool = await makeRehearse(t);
	await writeFile(path.join(tool.directory, 'intact.tar.gz'), intact);
	await run(['tar', '--extract', '--gzip', '--file', 'intact.tar.gz'], { cwd: tool.directory });
	const root = path.join(tool.directory, 'run');
	const pack = async (...members: string[]) => {
		const format = ['--format=ustar', '--no-recursion', '--absolute-names', '--gzip'];
		await run(['tar', '--create', ...format, '--file', 'bad.tar.gz', ...members], { cwd: tool.directory });
	};
	return { tool, root, pack };
}

const members = ['manifest.json', ...bundled].map((name) => `run/${name}`);

type Apart = Awaited<ReturnType<typeof takeApart>>;

const refused = test.macro(async (t, prepare: (apart: Apart) => Promise<void>, message: RegExp) => {
	const apart = await takeApart(t);
	await prepare(apart);
	const { tool } = apart;
	const before = await tool.written();
	const imported = await tool.rehearse(['open', 'bad.tar.gz'], { env: { XDG_STATE_HOME: path.join(tool.directory, 'elsewhere') } });
	t.is(imported.exitCode, 2, imported.stdout + imported.stderr);
	t.regex(imported.stderr, message);
	t.is(imported.stdout, '');
	t.deepEqual((await tool.written()).filter((name) => !before.includes(name) && !/^elsewhere(?:\/rehearse(?:\/runs)?)?$/.test(name)), []);
});

const editManifest = async (root: string, edit: (manifest: Record<string, unknown>) => void): Promise<void> => {
	const file = path.join(root, 'manifest.json');
	const manifest = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
	edit(manifest);
	await writeFile(file, JSON.stringify(manifest));
};

test('no file', refused, async () => undefined, /bad\.tar\.gz cannot be read: no such file or directory/);
test('no archive', refused, ({ tool }) => writeFile(path.join(tool.directory, 'bad.tar.gz'), 'hello'), /this bundle cannot be opened: .*not compressed by gzip/);
test('half an archive', refused, async ({ tool }) => {
	const intact = await readFile(path.join(tool.directory, 'intact.tar.gz'));
	await writeFile(path.join(tool.directory, 'bad.tar.gz'), intact.subarray(0, intact.length / 2));
}, /this bundle cannot be opened: it is damaged/);
test('a file that was changed', refused, async ({ root, pack }) => {
	const file = path.join(root, 'consoles', 'server.log');
	await writeFile(file, (await readFile(file, 'utf8')).replace('login', 'logon'));
	await pack(...members);
}, /consoles\/server\.log is damaged: its checksum differs/);
test('a file that has grown', refused, async ({ root, pack }) => {
	await appendFile(path.join(root, 'events.ndjson'), '\n');
	await pack(...members);
}, /events\.ndjson has another size/);
test('a file that is missing', refused, ({ pack }) => pack(...members.slice(0, -1)), /seeds\/server\.iso is missing/);
test('a file too many', refused, async ({ root, pack }) => {
	await writeFile(path.join(root, 'extra'), '');
	await pack(...members, 'run/extra');
}, /"run\/extra" is not in its manifest/);
test('files in another order', refused, ({ pack }) => pack(members[0] ?? '', ...members.slice(1).toReversed()), /is where consoles\/server\.log should be/);
test('no manifest', refused, ({ pack }) => pack(...members.slice(1)), /does not begin with a manifest\.json/);
test('a path out of the directory', refused, async ({ root, tool, pack }) => {
	await editManifest(root, ({ files }) => ((files as { path: string }[])[0] = { ...(files as { path: string }[])[0], path: '../../escaped' }));
	await writeFile(path.join(tool.directory, 'escaped'), 'x');
	await pack(members[0] ?? '', 'run/../escaped', ...members.slice(2));
}, /lists "\.\.\/\.\.\/escaped", which is not a file of a run/);
test('a path out of the directory, not in the manifest', refused, async ({ tool, pack }) => {
	await writeFile(path.join(tool.directory, 'escaped'), 'x');
	await pack(...members, 'run/../escaped');
}, /"run\/\.\.\/escaped" is not in its manifest/);
test('an absolute path', refused, ({ pack }) => pack(members[0] ?? '', '/etc/hostname', ...members.slice(1)), /"\/etc\/hostname" is where consoles/);
test('a symbolic link', refused, async ({ root, pack }) => {
	await rm(path.join(root, 'consoles', 'server.log'));
	await symlink('/etc/hostname', path.join(root, 'consoles', 'server.log'));
	await pack(...members);
}, /"run\/consoles\/server\.log" in it is a symbolic link/);
test('a directory that is a link', refused, async ({ root, pack }) => {
	await rename(path.join(root, 'consoles'), path.join(root, 'moved'));
	await symlink('moved', path.join(root, 'consoles'));
	await pack(members[0] ?? '', 'run/consoles', ...members.slice(1));
}, /"run\/consoles" in it is a symbolic link/);
test('a schema of the future', refused, async ({ root, pack }) => {
	await editManifest(root, (manifest) => (manifest['schema'] = 3));
	await pack(...members);
}, /has the schema 3, which this version does not know\nhint: open it with the version/);
test('events that make no report', refused, async ({ root, pack }) => {
	const events = '{"at":1,"type":"run-started","nodes":7}\n';
	await writeFile(path.join(root, 'events.ndjson'), events);
	await editManifest(root, ({ files }) => {
		const listed = files as { path: string; bytes: number; sha256: string }[];
		const index = listed.findIndex((file) => file.path === 'events.ndjson');
		listed[index] = { path: 'events.ndjson', bytes: events.length, sha256: sha256(events) };
	});
	await pack(...members);
}, /no report can be made from its events/);
