/** The commands that look at the host and at what is kept: doctor, image --list, seed, prune, report. */
import { cp, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { run } from '../../../src/process/run.js';
import { makeRehearse, plans } from './rehearse.js';

interface Doctor {
	readonly schema: number;
	readonly can_run: boolean;
	readonly requirements: readonly { readonly id: string; readonly status: string; readonly found: string }[];
}

test('doctor reports what there is, and its exit status is whether that is enough', async (t) => {
	const { rehearse, written } = await makeRehearse(t);
	const { stdout, exitCode } = await rehearse(['doctor', '--json']);
	const report = JSON.parse(stdout) as Doctor;
	t.is(report.schema, 1);
	t.is(exitCode, report.can_run ? 0 : 3);
	t.is(report.requirements.find(({ id }) => id === 'node')?.status, 'ok');
	// There is no image whose kernel could be booted.
	t.notRegex(report.requirements.find(({ id }) => id === 'kvm')?.found ?? '', /permitted, proven/);
	t.deepEqual(await written(), []);
});

test('doctor without any program: exit status 3, and what to install', async (t) => {
	const { rehearse, directory } = await makeRehearse(t);
	const { stdout, exitCode } = await rehearse(['doctor'], { env: { PATH: directory } });
	t.is(exitCode, 3);
	t.regex(stdout, /^missing +QEMU +.*\n +→ \S+/m);
	t.regex(stdout, /A rehearsal cannot run on this host yet: /);
});

test('image --list shows what would be built, and builds nothing', async (t) => {
	const { rehearse, written } = await makeRehearse(t);
	const { stdout, exitCode } = await rehearse(['image', '--list', '--json']);
	t.is(exitCode, 0);
	const { images } = JSON.parse(stdout) as { images: { key: string; nodes: string[]; built: boolean; packages: string[] }[] };
	t.deepEqual(images.map(({ nodes }) => nodes), [['immich-server', 'immich-ml'], ['postgres-pgvector'], ['redis']]);
	for (const { key, built, packages } of images) {
		t.regex(key, /^[0-9a-f]{16}$/);
		t.false(built);
		t.true(packages.includes('curl'));
	}
	t.deepEqual(await written(), []);
});

test('image --list takes an image for built that a machine can boot from, and no rest of one', async (t) => {
	const { rehearse, directory } = await makeRehearse(t);
	const list = async () => (JSON.parse((await rehearse(['image', '--list', '--json'])).stdout) as { images: { directory: string; built: boolean }[] }).images;
	const [whole, rest] = await list();
	for (const [image, kernel] of [[whole, 'a kernel'], [rest, '']] as const) {
		const place = image?.directory ?? directory;
		await mkdir(place, { recursive: true });
		for (const [name, text] of [['root.img', 'a disk'], ['vmlinuz', kernel], ['initrd', 'a ramdisk']] as const) await writeFile(path.join(place, name), text);
	}
	t.deepEqual((await list()).map(({ built }) => built), [true, false, false]);
});

test('seed writes a disk and the same as files for every node, without images', async (t) => {
	const { rehearse, directory } = await makeRehearse(t);
	const { stdout, exitCode, stderr } = await rehearse(['seed', path.join(plans, 'good', 'compact.yaml'), '--out', 'seeds', '--json']);
	t.is(exitCode, 0, stderr);
	const { seeds } = JSON.parse(stdout) as { seeds: { node: string; disk: string; files: string; mac: string; host_key: string }[] };
	const [seed] = seeds;
	t.truthy(seed);
	if (!seed) return;
	t.is(path.dirname(seed.disk), path.join(directory, 'seeds'));
	t.is((await stat(seed.disk)).mode & 0o777, 0o600);
	t.regex(seed.host_key, /^ssh-ed25519 /);
	t.regex(await readFile(path.join(seed.files, 'user-data'), 'utf8'), /^#cloud-config\n/);
	t.regex(await readFile(path.join(seed.files, 'network-config'), 'utf8'), new RegExp(seed.mac));
	t.is((await run(['blkid', '--probe', '--match-tag', 'LABEL', '--output', 'value', seed.disk])).stdout.trim(), 'cidata');
	const onDisk = (await run(['bsdtar', '--list', '--verbose', '--file', seed.disk])).stdout;
	for (const file of ['user-data', 'meta-data', 'network-config', 'startup/order.txt']) {
		t.regex(onDisk, new RegExp(`^-r\\S+ +\\d+ +0 +0 +\\d+ .* ${file}$`, 'm'));
	}
	// The guest's copies keep these modes, whatever the umask was here.
	t.regex(onDisk, /^-r-xr-xr-x .* guest\/usr\/local\/lib\/rehearse\/agent$/m);
	t.regex(onDisk, /^-r-xr-xr-x .* guest\/usr\/local\/lib\/rehearse\/run-script$/m);
	t.regex(onDisk, /^-r--r--r-- .* guest\/usr\/local\/lib\/rehearse\/Clock\.pm$/m);
});

// Nobody can make a directory in /proc, root included; Node's own recursive mkdir would try for ever.
const nowhere = test.macro({
	async exec(t, variable: 'XDG_CACHE_HOME' | 'XDG_STATE_HOME', command: string) {
		const { rehearse } = await makeRehearse(t);
		const { stdout, stderr, exitCode } = await rehearse([command, path.join(plans, 'good', 'compact.yaml')], { env: { [variable]: '/proc/none' } });
		t.is(exitCode, 3, stderr);
		t.regex(stderr, /rehearse cannot write to \/proc\/none\/rehearse: no such file or directory/);
		t.regex(stdout + stderr, new RegExp(`set ${variable} to a directory`));
	},
	title: (_, variable, command) => `${command}, where ${variable} names a place that cannot be: a lack of the host, and what to do`,
});
for (const command of ['run', 'up']) test(nowhere, 'XDG_STATE_HOME', command);
for (const command of ['run', 'up', 'image']) test(nowhere, 'XDG_CACHE_HOME', command);

test('seeds for a place that cannot be are bad usage', async (t) => {
	const { rehearse } = await makeRehearse(t);
	const { stderr, exitCode } = await rehearse(['seed', path.join(plans, 'good', 'compact.yaml'), '--out', '/proc/none/seeds']);
	t.is(exitCode, 2, stderr);
	t.regex(stderr, /--out \/proc\/none\/seeds cannot be written to: no such file or directory/);
});

test('ISOs for a place that cannot be, or that a file has already, are bad usage before anything is built', async (t) => {
	const { rehearse, directory } = await makeRehearse(t);
	const plan = path.join(plans, 'good', 'compact.yaml');
	const nowhere = await rehearse(['iso', plan, '--out', '/proc/none/isos']);
	t.is(nowhere.exitCode, 2, nowhere.stderr);
	t.regex(nowhere.stderr, /--out \/proc\/none\/isos cannot be written to: no such file or directory/);
	const { stdout } = await rehearse(['seed', plan, '--out', 'seeds', '--json']);
	const [seed] = (JSON.parse(stdout) as { seeds: { node: string }[] }).seeds;
	await mkdir(path.join(directory, 'isos'));
	await writeFile(path.join(directory, 'isos', seed?.node ?? ''), 'of somebody else');
	const taken = await rehearse(['iso', plan, '--out', 'isos']);
	t.is(taken.exitCode, 2, taken.stderr);
	t.regex(taken.stderr, /--out \S+\/isos\/web cannot be written to: something else has its name/);
});

test('prune without anything to remove', async (t) => {
	const { rehearse } = await makeRehearse(t);
	t.like(await rehearse(['prune']), { exitCode: 0, stdout: 'Nothing to remove.' });
});

test('a report is made again from the log of a run', async (t) => {
	const { rehearse, directory } = await makeRehearse(t);
	const name = '20260101T000000-lab-0001';
	const runDirectory = path.join(directory, 'state', 'rehearse', 'runs', name);
	await mkdir(runDirectory, { recursive: true });
	const golden = path.resolve('test', 'unit', 'report', 'golden');
	await cp(path.join(golden, 'script-failed.ndjson'), path.join(runDirectory, 'events.ndjson'));
	const json = await rehearse(['report', '--json']);
	t.is(json.exitCode, 0, json.stderr);
	t.is(`${json.stdout}\n`, await readFile(path.join(golden, 'script-failed.json'), 'utf8'));
	t.is((await rehearse(['report', name, '--json'])).stdout, json.stdout);
	t.is((await rehearse(['report', runDirectory, '--json'])).stdout, json.stdout);
	const junit = await rehearse(['report', '--format', 'junit']);
	t.is(`${junit.stdout}\n`, await readFile(path.join(golden, 'script-failed.junit.xml'), 'utf8'));
	t.regex((await rehearse(['report'])).stdout, /Left to deployment time/);
	t.regex((await rehearse(['report', '--format', 'plain'])).stdout, /^\[ {3}0\.0s\] /);
});

test('a log that is no log is bad usage, reported with its line', async (t) => {
	const { rehearse, directory } = await makeRehearse(t);
	await writeFile(path.join(directory, 'events.ndjson'), '{"at":1,"type":"run-finished","ms":1}\nnonsense\n');
	const { stderr, exitCode } = await rehearse(['report', directory]);
	t.is(exitCode, 2);
	t.regex(stderr, /events\.ndjson:2: this is not an event of a run/);
});
