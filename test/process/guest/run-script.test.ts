/** The guest's `run-script`, on this host: scripts run as their first line says, and tell where they fail. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { packageRoot } from '../../../src/base/package-root.js';
import { locateFailure } from '../../../src/machine/trace.js';
import { run } from '../../../src/process/run.js';

interface Expected {
	readonly exitCode: number;
	readonly output: string;
	readonly failedLine?: number;
	readonly failedCommand?: string;
}

const runs = test.macro(async (t, lines: readonly string[], { exitCode, output, ...place }: Expected) => {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'run-script-'));
	t.teardown(() => rm(directory, { recursive: true }));
	const script = path.join(directory, 'script');
	const trace = path.join(directory, 'trace');
	await writeFile(script, `${lines.join('\n')}\n`);
	const runScript = path.join(packageRoot(), 'cloud-init', 'guest', 'run-script');
	const result = await run([runScript, script, trace], { allowFailure: true, timeoutMs: 30_000 });
	t.is(result.exitCode, exitCode, result.stderr);
	t.is(result.stdout, output);
	if (exitCode === 0) return;
	const traced = await readFile(trace, 'utf8').catch(() => '');
	t.deepEqual(locateFailure({ output: result.stderr, trace: traced }), place);
});

test('bash without options goes on behind a failure', runs, ['#!/bin/bash', 'false', 'echo on'], { exitCode: 0, output: 'on' });
test('no first line at all means bash', runs, ['[[ a == a ]] && echo on'], { exitCode: 0, output: 'on' });
test('bash -e stops at the failure', runs, ['#!/bin/bash -e', 'echo a', 'false', 'echo on'], {
	exitCode: 1,
	output: 'a',
	failedLine: 3,
	failedCommand: 'false',
});
test('so does sh -e', runs, ['#!/bin/sh -e', 'false', 'echo on'], { exitCode: 1, output: '', failedCommand: 'false' });
test('env finds bash', runs, ['#!/usr/bin/env bash', 'set -e', 'exit 7'], {
	exitCode: 7,
	output: '',
	failedLine: 3,
	failedCommand: 'exit 7',
});
test('env -S takes the options apart', runs, ['#!/usr/bin/env -S bash -e', 'false', 'echo on'], {
	exitCode: 1,
	output: '',
	failedLine: 2,
	failedCommand: 'false',
});
test('any other interpreter runs as it is', runs, ['#!/usr/bin/perl -l', 'print "on"; exit 3'], { exitCode: 3, output: 'on' });
test('a script does not see that it is traced', runs, ['#!/bin/bash', 'echo "${BASH_ENV-}${REHEARSE_TRACE-}"', 'bash -c "echo \\$-"'], {
	exitCode: 0,
	output: '\nhBc',
});
