import { readFile, symlink, utimes } from 'node:fs/promises';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { poll } from '../../../src/base/waiting.js';
import { run } from '../../../src/process/run.js';
import { makeCheckout, type Checkout } from './checkout.js';

/** The compiled program of a checkout: prints its arguments and exits with the first, where that is a number. */
const program = `
console.log(JSON.stringify(process.argv.slice(2)));
process.exitCode = Number.parseInt(process.argv[2] ?? '0', 10) || 0;
`;

/** A checkout with sources, in which npm and tsc note that they were called, and they and esbuild make what the real ones make. */
async function makeSources(t: ExecutionContext): Promise<Checkout> {
	const checkout = await makeCheckout(t);
	await checkout.write('package-lock.json', '{}');
	await checkout.write('tsconfig.json', '{}');
	await checkout.write('src/cli/main.ts', program);
	await checkout.write(
		'tsc.sh',
		'#!/bin/sh\necho "tsc $*" >>"$LOG"\nsleep 0.2\nmkdir -p dist/src/cli\ncp src/cli/main.ts dist/src/cli/main.js\n',
	);
	await checkout.write('esbuild.sh', '#!/bin/sh\nmkdir -p dist/bin\ncp dist/src/cli/main.js dist/bin/main.js\n');
	await checkout.shim(
		'npm',
		`echo "npm $*" >>"$LOG"
		sleep 0.2
		mkdir -p node_modules/.bin
		cp tsc.sh node_modules/.bin/tsc
		cp esbuild.sh node_modules/.bin/esbuild
		: >node_modules/.package-lock.json`,
	);
	return checkout;
}

const launch = (checkout: Checkout, ...args: string[]) => checkout.run([path.join(checkout.root, 'bin/rehearse'), ...args]);

/** Makes a file of the checkout as old or as new as `seconds` from now. */
const age = (checkout: Checkout, file: string, seconds: number) => {
	const time = Date.now() / 1000 + seconds;
	return utimes(path.join(checkout.root, file), time, time);
};

test('a clean checkout is installed and built once, then launched', async (t) => {
	const checkout = await makeSources(t);
	const first = await launch(checkout, 'check', 'a b', '--json');
	t.is(first.exitCode, 0);
	t.is(first.stdout, '["check","a b","--json"]');
	t.is(first.stderr, 'rehearse: installing npm packages (npm ci)\nrehearse: building (tsc)');
	const notes = await checkout.notes();
	t.is(notes.length, 2);
	t.regex(notes[0] ?? '', /^npm ci .*--ignore-scripts/);
	t.is(notes[1], 'tsc -p tsconfig.json');

	const second = await launch(checkout, '7');
	t.is(second.exitCode, 7, 'the program’s exit status is the launcher’s');
	t.is(second.stderr, '');
	t.deepEqual(await checkout.notes(), notes, 'nothing is done twice');
});

test('two launchers at once install and build once', async (t) => {
	const checkout = await makeSources(t);
	const results = await Promise.all([launch(checkout), launch(checkout)]);
	t.deepEqual(results.map(({ exitCode, stdout }) => [exitCode, stdout]), [[0, '[]'], [0, '[]']]);
	t.deepEqual((await checkout.notes()).map((note) => note.slice(0, 3)), ['npm', 'tsc']);
	t.is(results.filter(({ stderr }) => stderr.includes('waiting for another set-up')).length, 1);
});

test('it is launched through a symbolic link', async (t) => {
	const checkout = await makeSources(t);
	await symlink(path.join(checkout.root, 'bin/rehearse'), path.join(checkout.shims, 'rehearse'));
	const { stdout, exitCode } = await checkout.run(['rehearse', 'check']);
	t.is(exitCode, 0);
	t.is(stdout, '["check"]');
});

test('a source newer than the build is built, packages are kept', async (t) => {
	const checkout = await makeSources(t);
	await launch(checkout);
	await checkout.write('src/cli/main.ts', 'console.log("newer")');
	await age(checkout, 'src/cli/main.ts', 5);
	const { stdout } = await launch(checkout);
	t.is(stdout, 'newer');
	t.deepEqual((await checkout.notes()).map((note) => note.slice(0, 3)), ['npm', 'tsc', 'tsc']);
});

test('a build that is gone is made anew, whatever the compiler noted of it', async (t) => {
	const checkout = await makeSources(t);
	await checkout.write(
		'tsc.sh',
		'#!/bin/sh\n[ ! -e dist/.tsbuildinfo ] || exit 0\nmkdir -p dist/src/cli\ncp src/cli/main.ts dist/src/cli/main.js\n',
	);
	await checkout.write('dist/.tsbuildinfo', '{}');
	const { exitCode, stdout } = await launch(checkout, 'check');
	t.is(exitCode, 0);
	t.is(stdout, '["check"]');
});

test('a newer package-lock.json installs, and builds with what was installed', async (t) => {
	const checkout = await makeSources(t);
	await launch(checkout);
	await age(checkout, 'node_modules/.package-lock.json', -60);
	await age(checkout, 'package-lock.json', -30);
	await age(checkout, 'dist/.stamp', -45);
	await launch(checkout);
	t.deepEqual((await checkout.notes()).map((note) => note.slice(0, 3)), ['npm', 'tsc', 'npm', 'tsc']);
});

test('another way to build builds', async (t) => {
	const checkout = await makeSources(t);
	await launch(checkout);
	await age(checkout, 'bin/lib/compile.sh', 5);
	await launch(checkout);
	t.deepEqual((await checkout.notes()).map((note) => note.slice(0, 3)), ['npm', 'tsc', 'tsc']);
});

test('a build that fails shows why, and is tried again', async (t) => {
	const checkout = await makeSources(t);
	const compiler = '#!/bin/sh\necho "main.ts(1,1): error TS1005"\nexit 2\n';
	await checkout.write('tsc.sh', compiler);
	const { exitCode, stdout, stderr } = await launch(checkout);
	t.is(exitCode, 4);
	t.is(stdout, '');
	t.regex(stderr, /\| main\.ts\(1,1\): error TS1005\nrehearse: the build failed\n {2}→ cd .*checkout && npm run build$/);
	t.is((await launch(checkout)).exitCode, 4);
});

test('what cannot be joined fails the build, and is not launched', async (t) => {
	const checkout = await makeSources(t);
	await checkout.write('esbuild.sh', '#!/bin/sh\necho "Could not resolve \\"yargs\\""\nexit 1\n');
	const { exitCode, stdout, stderr } = await launch(checkout);
	t.is(exitCode, 4);
	t.is(stdout, '');
	t.regex(stderr, /\| Could not resolve "yargs"\nrehearse: the build failed/);
});

test('packages that cannot be installed are a lack of the host', async (t) => {
	const checkout = await makeSources(t);
	await checkout.shim('npm', 'echo "npm error network"; exit 1');
	const { exitCode, stderr } = await launch(checkout);
	t.is(exitCode, 3);
	t.regex(stderr, /\| npm error network\nrehearse: npm ci failed/);
});

const oldNode = test.macro(async (t, version: string, accepted: boolean) => {
	const checkout = await makeSources(t);
	await launch(checkout);
	await checkout.shim('node', `if [ "$1" = --version ]; then echo ${version}; else echo launched; fi`);
	const { exitCode, stdout, stderr } = await launch(checkout);
	t.is(exitCode, accepted ? 0 : 3);
	t.is(stdout, accepted ? 'launched' : '');
	t.regex(stderr, accepted ? /^$/ : new RegExp(`Node\\.js is ${version} .*needs 20\\.19 or newer`));
});

test('Node.js 18 is refused', oldNode, 'v18.19.0', false);
test('Node.js 20.9 is refused', oldNode, 'v20.9.0', false);
test('Node.js 20.19 will do', oldNode, 'v20.19.0', true);
test('Node.js 22 will do', oldNode, 'v22.1.0', true);

test('a built checkout is launched without a write to it', async (t) => {
	const checkout = await makeSources(t);
	await launch(checkout);
	const list = async () => (await run(['find', checkout.root, '-printf', '%p %T@ %C@\\n'])).stdout;
	const before = await list();
	const { exitCode } = await launch(checkout, 'check');
	t.is(exitCode, 0);
	t.is(await list(), before);
});

const setUpFor = test.macro({
	async exec(t, args: readonly string[], expected: boolean, env: Record<string, string> = {}) {
		const checkout = await makeSources(t);
		await launch(checkout);
		await checkout.write('bin/setup', '#!/bin/sh\necho "setup $1" >>"$LOG"\n');
		const { exitCode } = await checkout.run([path.join(checkout.root, 'bin/rehearse'), ...args], env);
		t.is(exitCode, 0);
		t.is((await checkout.notes()).includes('setup system'), expected);
	},
	title: (title, args: readonly string[], expected) =>
		`'${args.join(' ')}' ${expected ? 'looks' : 'does not look'} for system packages${title ? ` ${title}` : ''}`,
});

test(setUpFor, ['run'], true);
test(setUpFor, ['--accel', 'tcg', 'run', 'lab.json'], true);
test(setUpFor, ['image'], true);
test(setUpFor, ['seed', '--out', 'x'], true);
test(setUpFor, ['up'], true);
test(setUpFor, ['check'], false);
test(setUpFor, ['doctor', '--json'], false);
test(setUpFor, ['prune'], false);
test(setUpFor, ['exec', 'node', '--', 'run'], false);
test(setUpFor, ['run', '--help'], false);
test(setUpFor, ['--version'], false);
test(setUpFor, ['fleet', 'web', '--on', 'slurm'], false);
test('when REHEARSE_NO_SETUP is set', setUpFor, ['run'], false, { REHEARSE_NO_SETUP: '1' });

test('only who wants an ISO is asked for what ISOs are made with', async (t) => {
	const checkout = await makeSources(t);
	await launch(checkout);
	await checkout.write('bin/setup', '#!/bin/sh\necho "setup $1" >>"$LOG"\n');
	for (const args of [['run'], ['iso', '--help'], ['exec', 'iso']]) await launch(checkout, ...args);
	t.false((await checkout.notes()).includes('setup iso'));
	await launch(checkout, 'iso', '--out', 'x');
	t.deepEqual((await checkout.notes()).slice(-2), ['setup system', 'setup iso']);
});

test('a set-up that fails keeps the program from being launched', async (t) => {
	const checkout = await makeSources(t);
	await launch(checkout);
	await checkout.write('bin/setup', '#!/bin/sh\nexit 3\n');
	const { exitCode, stdout } = await launch(checkout, 'run');
	t.is(exitCode, 3);
	t.is(stdout, '');
});

/** A checkout whose system lacks something that can be installed, which takes a while. */
async function makeUnready(t: ExecutionContext, system: string): Promise<Checkout> {
	const checkout = await makeSources(t);
	await checkout.write('bin/lib/system.sh', `has_work_for_system() { :; }\nset_up_system() {\n${system}\n}\n`);
	return checkout;
}

/** A shell command that waits until something has been noted: for ten seconds, and fails then. */
const noted = (words: string): string => `tries=0; until grep -q '${words}' "$LOG"; do sleep 0.1; tries=$((tries + 1)); [ $tries -lt 100 ] || exit 9; done`;

test('what npm installs and what apt installs are installed side by side', async (t) => {
	const checkout = await makeUnready(t, `${noted('npm ci')}\necho "system for $1" >>"$LOG"`);
	const npm = await readFile(path.join(checkout.shims, 'npm'), 'utf8');
	await checkout.shim('npm', npm.replace('sleep 0.2', noted('system for')));
	const { exitCode, stdout } = await launch(checkout, 'run');
	t.is(exitCode, 0);
	t.is(stdout, '["run"]');
	t.deepEqual((await checkout.notes()).map((note) => note.slice(0, 10)), ['npm ci --i', 'system for', 'tsc -p tsc']);
});

test('where one of them fails the other goes on to its end, and nothing is launched', async (t) => {
	const failing = await makeUnready(t, 'die 3 "no network for apt"');
	const system = await launch(failing, 'run');
	t.is(system.exitCode, 3);
	t.is(system.stdout, '');
	t.regex(system.stderr, /no network for apt/);
	t.deepEqual((await failing.notes()).map((note) => note.slice(0, 3)), ['npm', 'tsc']);

	const broken = await makeUnready(t, `${noted('tsc')}\necho "system" >>"$LOG"`);
	await broken.write('tsc.sh', '#!/bin/sh\necho "tsc $*" >>"$LOG"\necho "main.ts(1,1): error TS1005"\nexit 2\n');
	const build = await launch(broken, 'run');
	t.is(build.exitCode, 4);
	t.regex(build.stderr, /the build failed/);
	t.is((await broken.notes()).at(-1), 'system');
});

test('a fault within what is done for the system ends it, as it does alone', async (t) => {
	const checkout = await makeUnready(t, 'false\necho "went on" >>"$LOG"');
	t.is((await launch(checkout, 'run')).exitCode, 1);
	t.false((await checkout.notes()).includes('went on'));
});

test('a set-up that is interrupted ends both', async (t) => {
	const checkout = await makeUnready(t, `${noted('npm')}\nkill -s INT $$\nexit 130`);
	await checkout.shim('npm', 'echo "npm $$" >>"$LOG"\nsleep 60\necho "npm went on" >>"$LOG"');
	const { exitCode } = await launch(checkout, 'run');
	t.is(exitCode, 130);
	const [npm = ''] = await checkout.notes();
	const isGone = async () => !(await readFile(`/proc/${npm.slice(4)}/cmdline`, 'utf8').then((words) => words !== '', () => false));
	t.true((await poll(isGone, (gone) => gone, { intervalMs: 50, deadlineMs: 5000 })).accepted);
});
