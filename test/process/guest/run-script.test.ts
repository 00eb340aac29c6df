/** The guest's `run-script`, on this host: scripts run by their first line, and where they fail is reported. */
import test from 'ava';
import { runBothWays } from './both-ways.js';

interface Expected {
	readonly exitCode: number;
	readonly output: string;
	readonly failedLine?: number;
	readonly failedCommand?: string;
}

const runs = test.macro(async (t, lines: readonly string[], { exitCode, output, ...place }: Expected) => {
	const { traced, plain } = await runBothWays(t, lines);
	t.is(traced.exitCode, exitCode, traced.output);
	const named = (text: string): string => text.replaceAll(/\/\S+\/startup\/a\[b\] c\*/g, 'SCRIPT').trimEnd();
	t.is(named(traced.output), output);
	t.deepEqual([plain.exitCode, named(plain.output)], [exitCode, output]);
	const { failedLine, failedCommand } = traced;
	t.deepEqual({ ...(failedLine && { failedLine }), ...(failedCommand && { failedCommand }) }, place);
});

test('bash without options goes on behind a failure', runs, ['#!/bin/bash', 'false', 'echo on'], { exitCode: 0, output: 'on' });
test('no first line at all means bash', runs, ['[[ a == a ]] && echo on'], { exitCode: 0, output: 'on' });
test('bash -e stops at the failure', runs, ['#!/bin/bash -e', 'echo a', 'false', 'echo on'], {
	exitCode: 1,
	output: 'a',
	failedLine: 3,
	failedCommand: 'false',
});
test('so does sh -e', runs, ['#!/bin/sh -e', 'false', 'echo on'], { exitCode: 1, output: '', failedLine: 2, failedCommand: 'false' });
for (const first of ['/bin/sh -', '/bin/sh --', '/bin/dash - ', '/usr/bin/env -S sh --', '/bin/bash -']) {
	test(`${first}: what ends the options is none of the script's words`, runs, [`#!${first}`, 'echo "a$#"', 'exit 3'], {
		exitCode: 3,
		output: 'a0',
		failedLine: 3,
		failedCommand: 'exit 3',
	});
}
test('env finds bash', runs, ['#!/usr/bin/env bash', 'set -e', 'exit 7'], {
	exitCode: 7,
	output: '',
	failedLine: 3,
	failedCommand: 'exit 7',
});
test('env -S takes the options apart', runs, ['#!/usr/bin/env -S bash -e -o pipefail', 'false | true', 'echo on'], {
	exitCode: 1,
	output: '',
	failedLine: 2,
	failedCommand: 'false',
});
test('sh that is given what only bash knows', runs, ['#!/bin/sh', 'echo begun', '', 'words=(no array in sh)', 'echo "$words"'], {
	exitCode: 2,
	output: 'begun\nSCRIPT: 4: Syntax error: "(" unexpected',
	failedLine: 4,
});
test('an unset variable in sh', runs, ['#!/bin/sh', 'set -u', 'echo "$nosuch"'], {
	exitCode: 2,
	output: 'SCRIPT: 3: nosuch: parameter not set',
	failedLine: 3,
});
test('any other interpreter runs as it is', runs, ['#!/usr/bin/perl -l', 'print "on"; exit 3'], { exitCode: 3, output: 'on' });
test('bash in its POSIX mode runs untraced, and sees nothing of it', runs, ['#!/bin/bash --posix', 'echo "$-${BASH_ENV-}"; exit 3'], {
	exitCode: 3,
	output: 'hB',
});
for (const first of ['/usr/bin/env -S bash -o posix', '/usr/bin/env -S bash -eo posix']) {
	test(`${first}: what it starts is not traced either`, runs, [`#!${first}`, 'bash -c \'echo "a${BASH_ENV-}"\'', 'exit 3'], { exitCode: 3, output: 'a' });
}
test('so does one that keeps its privileges', runs, ['#!/bin/bash -ep', 'echo "$-${BASH_ENV-}"'], { exitCode: 0, output: 'ehpB' });
