/** A result that could not be written is no success, and nothing is kept in the working directory. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { run } from '../../../src/process/run.js';
import { program } from './rehearse.js';

/** Runs a command line of the shell; `"$@"` is the tool. */
const inShell = (line: string, directory: string, environment: Readonly<Record<string, string>> = {}) =>
	run(['env', ...Object.entries(environment).map(([name, value]) => `${name}=${value}`), 'sh', '-c', `cd ${directory} && ${line}`, 'sh', process.execPath, program], {
		allowFailure: true,
		timeoutMs: 60_000,
	});

for (const command of ['check', 'check --json', 'graph', '--help']) {
	test.serial(`${command} to a full disk`, async (t) => {
		const { exitCode, stderr } = await inShell(`"$@" ${command} >/dev/full`, '/');
		t.is(exitCode, 3);
		t.regex(stderr, /rehearse: the result could not be written: ENOSPC: no space left on device/);
	});
}

test.serial('a failure keeps its own status', async (t) => {
	t.is((await inShell('"$@" check /nonexistent >/dev/full', '/')).exitCode, 2);
});

test.serial('who reads no further is no failure', async (t) => {
	const { exitCode, stderr } = await inShell('{ "$@" check --schema; echo "status $?" >&2; } | true', '/');
	t.is(exitCode, 0);
	t.is(stderr.trim(), 'status 0');
});

for (const [what, home] of [['empty', ''], ['relative', 'here'], ['relative with dots', '../here']] as const) {
	test.serial(`a HOME that is ${what} puts nothing into the working directory`, async (t) => {
		const directory = await mkdtemp(path.join(os.tmpdir(), 'home-'));
		t.teardown(() => rm(directory, { recursive: true, force: true }));
		const { exitCode, stdout } = await inShell('unset XDG_CACHE_HOME XDG_STATE_HOME; "$@" image --list && "$@" prune --list', directory, { HOME: home });
		t.is(exitCode, 0, stdout);
		t.deepEqual(await readdir(directory), []);
	});
}

test.serial('directories of the environment count whatever HOME is', async (t) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'home-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const { exitCode, stdout } = await inShell('"$@" prune --list', directory, { HOME: '', XDG_CACHE_HOME: `${directory}/cache`, XDG_STATE_HOME: `${directory}/state` });
	t.is(exitCode, 0, stdout);
});
