import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { pasteable } from '../../../src/base/shell.js';
import { makeRehearse, program, type Rehearse } from './rehearse.js';

const starter = ['demo', 'demo/plan.schema.json', 'demo/plan.yaml', 'demo/startup', 'demo/startup/client.sh', 'demo/startup/web.sh'];

test.serial('a lab is written where it was asked for, and `check` has no finding in it', async (t) => {
	const { rehearse, written, directory } = await makeRehearse(t);
	const { stdout, stderr, exitCode } = await rehearse(['init', 'demo']);
	t.is(exitCode, 0);
	t.is(stderr, '');
	t.regex(stdout, /^demo\/plan\.yaml {2,}the plan.*\n[^]*\nNext:\n {2}rehearse check demo\n {2}rehearse run demo$/);
	t.deepEqual(await written(), starter);
	t.is((await stat(path.join(directory, 'demo/startup/web.sh'))).mode & 0o111, 0o111);
	t.like(await rehearse(['check', 'demo']), {
		exitCode: 0,
		stdout: 'demo: 2 nodes, 2 startup scripts and 4 assertions checked, no errors',
	});
});

test.serial('passwords are made anew for each lab', async (t) => {
	const { rehearse, directory } = await makeRehearse(t);
	const passwords = ['one', 'two'].map(async (name) => {
		await rehearse(['init', name]);
		return /password: "(\w+)"/.exec(await readFile(path.join(directory, name, 'plan.yaml'), 'utf8'))?.[1];
	});
	const [one, two] = await Promise.all(passwords);
	t.regex(one ?? '', /^[0-9a-f]{16}$/);
	t.not(one, two);
});

test.serial('flags choose, and --json reports what was written', async (t) => {
	const { rehearse, directory } = await makeRehearse(t);
	const flags = ['--name', 'shop', '--nodes', 'api', 'db', '--subnet', '192.168.7.0/24', '--base', 'debian-bookworm', '--format', 'json'];
	const { stdout } = await rehearse(['init', ...flags, '--json']);
	const files = ['plan.json', 'plan.schema.json', 'startup/api.sh', 'startup/db.sh'].map((name) => path.join(directory, name));
	t.deepEqual(JSON.parse(stdout), { schema: 1, lab: 'shop', directory, files });
	const plan = JSON.parse(await readFile(path.join(directory, 'plan.json'), 'utf8')) as Record<string, unknown>;
	t.is(Object.keys(plan)[0], '$schema');
	t.like(plan, { name: 'shop', nodes: [{ name: 'api', alias: '192.168.7.10/24', recipe: { base_image: 'debian-bookworm' } }, { name: 'db' }] });
	t.is((await rehearse(['check', '.'])).exitCode, 0);
});

const takers: readonly (readonly [string, string, (file: string) => Promise<unknown>])[] = [
	['its plan', 'plan.yaml', (file) => writeFile(file, 'mine')],
	['another plan', 'plan.json', (file) => writeFile(file, '{}')],
	['a script', 'startup/client.sh', (file) => writeFile(file, 'mine')],
	['a link that leads nowhere', 'plan.schema.json', (file) => symlink('/nonexistent/target', file)],
	['a directory', 'startup/web.sh', (file) => mkdir(file)],
];
for (const [what, name, make] of takers) {
	test.serial(`where ${what} is, nothing is written`, async (t) => {
		const { rehearse, written, directory } = await makeRehearse(t);
		const file = path.join(directory, 'demo', name);
		await mkdir(path.dirname(file), { recursive: true });
		await make(file);
		const before = await written();
		const { stdout, stderr, exitCode } = await rehearse(['init', 'demo', '--yes']);
		t.is(exitCode, 2);
		t.is(stdout, '');
		t.regex(stderr, new RegExp(`demo has ${name} already; nothing was written\nhint: rehearse init OTHER-DIRECTORY$`));
		t.deepEqual(await written(), before);
	});
}

test.serial('what cannot be written takes back what was', async (t) => {
	const { rehearse, written, directory } = await makeRehearse(t);
	await mkdir(path.join(directory, 'demo'));
	await writeFile(path.join(directory, 'demo/startup'), 'a file, where the scripts should go');
	const { stderr, exitCode } = await rehearse(['init', 'demo']);
	t.is(exitCode, 2);
	t.regex(stderr, /the lab cannot be written to .*demo: /);
	t.deepEqual(await written(), ['demo', 'demo/startup']);
});

const isMisuse = test.macro({
	title: (_title, flags: readonly string[]) => `bad usage: rehearse init ${flags.join(' ')}`,
	async exec(t, flags: readonly string[], expected: string) {
		const { rehearse, written } = await makeRehearse(t);
		const { stderr, exitCode } = await rehearse(['init', ...flags]);
		t.is(exitCode, 2);
		t.true(stderr.includes(expected), stderr);
		t.deepEqual(await written(), []);
	},
});

test.serial(isMisuse, ['--name', 'My Lab'], '--name My Lab: expected a DNS label');
test.serial(isMisuse, ['--nodes', 'a', 'a'], '--nodes a a: both nodes are called a');
test.serial(isMisuse, ['--nodes', 'a', 'b', '--nodes', 'c', 'd'], '--nodes a b c d: expected two names');
test.serial(isMisuse, ['--subnet', '8.8.8.0/24'], '--subnet 8.8.8.0/24: expected a private network');
test.serial(isMisuse, ['--base', 'debian-sid'], '--base debian-sid: expected debian-trixie, debian-bookworm');

/** Types into `rehearse init` on a terminal: each answer once its question is there. Resolves to the exit status and the screen. */
async function talk({ directory }: Rehearse, args: readonly string[], answers: readonly (readonly [RegExp, string])[]) {
	// A terminal of script(1) has no columns of its own where that has none.
	const command = `stty cols 80 rows 24; exec ${pasteable([process.execPath, program, 'init', ...args])}`;
	const env = { ...process.env, HOME: directory, TERM: 'xterm', CI: undefined };
	const child = spawn('script', ['--quiet', '--return', '--command', command, '/dev/null'], { cwd: directory, env, timeout: 120_000 });
	let screen = '';
	let left = [...answers];
	child.stdout.setEncoding('utf8').on('data', (text: string) => {
		screen += text;
		const [next] = left;
		if (!next?.[0].test(screen)) return;
		left = left.slice(1);
		// What comes before the library has the terminal in raw mode would be typed into nothing.
		setTimeout(() => child.stdin.write(next[1]), 200);
	});
	const [status] = (await once(child, 'close')) as [number];
	return { status, screen, unasked: left.length };
}

test.serial('on a terminal it asks, takes what is typed or the default, and asks again for what is wrong', async (t) => {
	const tool = await makeRehearse(t);
	const erase = '\x7f'.repeat(10);
	const { status, screen, unasked } = await talk(tool, ['demo'], [
		[/Name of the lab/, '\r'],
		[/node that serves/, `${erase}api\r`],
		[/node that uses it/, `${erase}api\r`],
		[/both nodes are called api/, `${erase}cli\r`],
		[/Network of the lab/, '\r'],
		[/Debian/, '\x1b[B\r'],
		[/Format of the plan/, '\r'],
	]);
	t.is(status, 0, screen);
	t.is(unasked, 0);
	const plan = await readFile(path.join(tool.directory, 'demo/plan.yaml'), 'utf8');
	t.regex(plan, /^name: demo$/m);
	t.deepEqual([...plan.matchAll(/^ {2}- name: (\w+)$/gm)].map(([, name]) => name).slice(0, 2), ['api', 'cli']);
	t.regex(plan, /base_image: debian-bookworm/);
});

test.serial('what flags have is not asked, and Ctrl-C writes nothing', async (t) => {
	const tool = await makeRehearse(t);
	const { status, screen } = await talk(tool, ['demo', '--name', 'x'], [[/node that serves/, '\x03']]);
	t.is(status, 130, screen);
	t.notRegex(screen, /Name of the lab/);
	t.deepEqual(await tool.written(), []);
});

test.serial('--yes asks nothing on a terminal', async (t) => {
	const { terminal, written } = await makeRehearse(t);
	t.is((await terminal(['init', 'demo', '--yes'])).exitCode, 0);
	t.deepEqual(await written(), starter);
});
