import { mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import type { Failure } from '../../../src/base/errors.js';
import { lifeOf, tokenOf } from '../../../src/base/alive.js';
import { pasteable } from '../../../src/base/shell.js';
import { poll } from '../../../src/base/waiting.js';
import { startChild } from '../../../src/process/child.js';
import { run, type Argv, type RunOptions } from '../../../src/process/run.js';

/** Runs a shell program with arguments. */
const sh = (program: string, options: RunOptions = {}, ...args: string[]) => run(['sh', '-c', program, 'sh', ...args], options);

const failure = (running: Promise<unknown>): Promise<Failure> =>
	running.then(
		() => Promise.reject(new Error('it did not fail')),
		(error: Failure) => error,
	);

test('a command gives what it wrote and its status', async (t) => {
	const { stdout, stderr, exitCode, ms } = await sh('echo "$1"; echo warning >&2', {}, '$HOME;*');
	t.like({ stdout, stderr, exitCode }, { stdout: '$HOME;*', stderr: 'warning', exitCode: 0 });
	t.true(ms > 0);
});

test('a program that is not there names its package', async (t) => {
	// A PATH without it: this host may well have it.
	const error = await failure(run(['mmdebstrap', '--version'], { env: { PATH: '/nonexistent' } }));
	t.like(error, { code: 'program-missing', exitCode: 3, message: 'mmdebstrap was not found', hint: 'sudo apt-get install mmdebstrap' });
});

test('that failure is allowed does not make a missing program one', async (t) => {
	t.is((await failure(run(['no-such-program'], { allowFailure: true }))).code, 'program-missing');
});

test('a program that is to die with this process and is not there is reported like any other', async (t) => {
	const error = await failure(run(['mksquashfs-of-nowhere'], { killWhenOrphaned: true }));
	t.like(error, { code: 'program-missing', message: 'mksquashfs-of-nowhere was not found' });
	t.regex((await failure(sh('exit 3', { killWhenOrphaned: true }))).message, /^sh exited with status 3: sh -c/);
});

test('a command that is to die with the process that runs it does', async (t) => {
	const modules = JSON.stringify(new URL('../../../src/process/run.js', import.meta.url).href);
	const directory = await mkdtemp(path.join(os.tmpdir(), 'orphan-'));
	t.teardown(() => rm(directory, { recursive: true }));
	const file = path.join(directory, 'pid');
	const program = `const { run } = await import(${modules}); await run(['sh', '-c', 'echo $$ >${file}; exec sleep 1000'], { killWhenOrphaned: true });`;
	const tool = await startChild([process.execPath, '--input-type=module', '-e', program]);
	t.teardown(() => tool.stop());
	const patient = { intervalMs: 20, deadlineMs: 20_000 };
	const text = (await poll(() => readFile(file, 'utf8').catch(() => ''), (found) => found.endsWith('\n'), patient)).last;
	const token = tokenOf(Number(text));
	t.is(lifeOf(token), 'alive');
	process.kill(tool.pid, 'SIGKILL');
	t.true((await poll(async () => lifeOf(token), (life) => life === 'dead', patient)).accepted);
});

test('a status other than 0 is an error with the command and the end of its output', async (t) => {
	const error = await failure(sh('seq 30 >&2; exit 7'));
	t.like(error, { code: 'command-failed', exitCode: 4 });
	t.is(error.message, "sh exited with status 7: sh -c 'seq 30 >&2; exit 7' sh");
	t.is(error.detail, Array.from({ length: 20 }, (_, index) => index + 11).join('\n'));
});

test('a command that has only stdout to complain on is quoted from there', async (t) => {
	t.is((await failure(sh('echo sorry; exit 1'))).detail, 'sorry');
});

test('where failure is allowed, it is a result', async (t) => {
	t.like(await sh('echo no; exit 7', { allowFailure: true }), { exitCode: 7, stdout: 'no' });
});

test('a command that is killed has failed, allowed or not, and by what', async (t) => {
	const error = await failure(sh('kill -KILL $$', { allowFailure: true }));
	t.like(error, { code: 'command-failed', exitCode: 4 });
	t.regex(error.message, /sh was killed by SIGKILL/);
});

test('time runs out: the command is killed and what it wrote last is reported', async (t) => {
	const error = await failure(sh('echo "pid $$" >&2; exec sleep 1000', { timeoutMs: 1500 }));
	t.like(error, { code: 'command-timeout', exitCode: 4 });
	t.regex(error.message, /timed out after \d+ ms: sh -c/);
	const pid = Number(/pid (\d+)/.exec(error.detail ?? '')?.[1]);
	t.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});

test('an abort kills the command and is the error', async (t) => {
	const reason = new Error('interrupted');
	const aborting = new AbortController();
	const running = sh('exec sleep 1000', { signal: aborting.signal });
	aborting.abort(reason);
	t.is(await t.throwsAsync(running), reason);
	t.is(await t.throwsAsync(sh('true', { signal: aborting.signal })), reason);
});

test('input is read to its end; without any there is none', async (t) => {
	t.is((await run(['cat'], { input: 'one\ntwo' })).stdout, 'one\ntwo');
	t.is((await run(['wc', '-c'], { input: new Uint8Array([0, 1, 255]) })).stdout.trim(), '3');
	t.is((await run(['cat'])).stdout, '');
});

test('the environment is added to, and taken from; the language is always the same', async (t) => {
	process.env['REHEARSE_TEST_INHERITED'] = 'inherited';
	const program = 'echo "$REHEARSE_TEST_INHERITED,$REHEARSE_TEST_NEW,$LC_ALL"';
	t.is((await sh(program, { env: { REHEARSE_TEST_NEW: 'new' } })).stdout, 'inherited,new,C.UTF-8');
	t.is((await sh(program, { env: { REHEARSE_TEST_INHERITED: undefined } })).stdout, ',,C.UTF-8');
});

test('a command runs in the directory that it is given', async (t) => {
	const directory = await realpath(await mkdtemp(path.join(os.tmpdir(), 'rehearse-test-')));
	t.teardown(() => rm(directory, { recursive: true }));
	t.is((await run(['pwd'], { cwd: directory })).stdout, directory);
});

for (const shell of ['bash', 'sh']) {
	test(`whatever is pasted into ${shell} is what the command gets`, async (t) => {
		const word = fc.oneof(
			fc.string({ unit: 'grapheme' }),
			fc.string({ unit: fc.constantFrom(...`'"\\$\`!*?[]{}()<>|&;# \t\n~=-a`) }),
		).map((text) => text.replaceAll('\0', ''));
		await fc.assert(
			fc.asyncProperty(fc.array(word, { maxLength: 4 }), async (words) => {
				const argv: Argv = [process.execPath, '-e', 'console.log(JSON.stringify(process.argv.slice(1)))', '--', ...words];
				const { stdout } = await run([shell, '-c', pasteable(argv)]);
				t.deepEqual(JSON.parse(stdout), words);
			}),
			{ numRuns: 15 },
		);
	});
}
