import test from 'ava';
import { canBeStepped, isWithinPipeline, readPlaces, stopLines } from '../../../src/protocol/breakpoints.js';

const script = [
	'#!/bin/bash',
	'# remark',
	'x=$(one |',
	'	two)',
	'echo "$x" |',
	'	grep a |',
	'	cat',
	'if true; then',
	'	echo yes',
	'fi',
	'cat <<END',
	'text',
	'END',
].join('\n');

test('a script can be stopped where its own commands begin', (t) => {
	t.deepEqual(stopLines(script), [3, 5, 8, 9, 11]);
	t.deepEqual(stopLines('if'), []);
});

test('of a pipeline the first element is stopped at', (t) => {
	const stop = { kind: 'at', script: 's', isFatal: false, source: '', depth: 0, status: 0, output: '' } as const;
	const places = readPlaces(script);
	t.false(isWithinPipeline(places, { ...stop, line: 5, command: 'echo "$x"' }));
	t.true(isWithinPipeline(places, { ...stop, line: 6, command: 'grep a' }));
	t.true(isWithinPipeline(places, { ...stop, line: 7, command: 'cat' }));
	t.false(isWithinPipeline(places, { ...stop, line: 11, command: 'cat <<END\ntext\nEND\n' }));
	t.false(isWithinPipeline(places, { ...stop, line: 6, command: 'grep a', source: '/etc/profile' }));
});

const steps = test.macro({
	title: (_title, first: string, expected: boolean) => `'${first}' ${expected ? 'can' : 'cannot'} be stepped`,
	exec(t, first: string, expected: boolean) {
		t.is(canBeStepped(`${first}\ntrue\n`), expected);
	},
});

test(steps, '#!/bin/bash', true);
test(steps, '#! /bin/bash -eu', true);
test(steps, '#!/usr/bin/env bash', true);
test(steps, '#!/usr/bin/env -S bash -e', true);
test(steps, 'true', true);
test(steps, '#!/bin/sh', false);
test(steps, '#!/usr/bin/env sh', false);
test(steps, '#!/bin/bash -p', false);
test(steps, '#!/bin/bash --posix', false);
test(steps, '#!/bin/bash -ei', false);
test(steps, '#!/usr/bin/env -S bash -eo posix', false);
test(steps, '#!/usr/bin/env -S bash -o pipefail', true);
test(steps, '#!/usr/bin/python3', false);
