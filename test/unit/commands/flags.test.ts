import test from 'ava';
import { readEnvironment, variableOf } from '../../../src/cli/environment.js';
import { countOf, filled, millisecondsOf, secondsOf } from '../../../src/cli/flags.js';

const flags = { json: { type: 'boolean' }, accel: { choices: ['auto', 'kvm'] }, 'long-name': { type: 'string' }, trace: { type: 'boolean', default: true }, only: { type: 'string', array: true }, limit: { type: 'number' } } as const;

const gives = test.macro({
	title: (_title, environment: Record<string, string>) => `the environment ${JSON.stringify(environment)}`,
	exec(t, environment: Record<string, string>, expected: Record<string, unknown>) {
		t.deepEqual(readEnvironment(flags, environment), expected);
	},
});

test(gives, {}, {});
test(gives, { REHEARSE_ACCEL: 'kvm', REHEARSE_LONG_NAME: 'x' }, { accel: 'kvm', 'long-name': 'x' });
test(gives, { REHEARSE_JSON: '1' }, { json: true });
test(gives, { REHEARSE_NO_TRACE: '1' }, { trace: false });
test(gives, { REHEARSE_NO_TRACE: '0' }, { trace: true });
test(gives, { REHEARSE_TRACE: '0' }, {});
test(gives, { REHEARSE_JSON: 'TRUE' }, { json: true });
test(gives, { REHEARSE_JSON: '0' }, { json: false });
test(gives, { REHEARSE_JSON: 'no' }, { json: false });
test(gives, { REHEARSE_JSON: '', REHEARSE_ACCEL: '' }, {});
test(gives, { REHEARSE_ONLY: 'web client' }, { only: ['web', 'client'] });
test(gives, { REHEARSE_ONLY: 'web, client' }, { only: ['web', 'client'] });
test(gives, { REHEARSE_LIMIT: '1.5' }, { limit: '1.5' });
test(gives, { REHEARSE_NO_SETUP: '1', JSON: '1', ACCEL: 'kvm' }, {});

test('a variable that is neither yes nor no is bad usage', (t) => {
	t.throws(() => readEnvironment(flags, { REHEARSE_JSON: '2' }), { message: 'REHEARSE_JSON=2: expected 1 or 0' });
});

test('and so is one with a value that its flag cannot have', (t) => {
	t.throws(() => readEnvironment(flags, { REHEARSE_ACCEL: 'hax' }), { code: 'usage', message: 'REHEARSE_ACCEL=hax: expected auto, kvm' });
	for (const text of ['soon', ' ']) t.throws(() => readEnvironment(flags, { REHEARSE_LIMIT: text }), { message: `REHEARSE_LIMIT=${text}: expected a number` });
});

test('the variable of a flag', (t) => {
	t.is(variableOf('long-name'), 'REHEARSE_LONG_NAME');
});

const isTime = test.macro({
	title: (_title, seconds: number, ms?: number) => `${seconds} seconds are ${ms ?? 'no time limit'}`,
	exec(t, seconds: number, ms?: number) {
		if (ms === undefined) t.throws(() => millisecondsOf('timeout', seconds), { code: 'usage', message: /^--timeout: / });
		else t.is(millisecondsOf('timeout', seconds), ms);
	},
});

test(isTime, 0.5, 500);
test(isTime, 3600, 3_600_000);
test(isTime, 0);
test(isTime, -1);
test(isTime, Number.NaN);
test(isTime, Number.POSITIVE_INFINITY);
test(isTime, 2_147_484);

test('a wait may be none, and is no text', (t) => {
	for (const seconds of [0, 0.5, 86_400]) t.is(secondsOf('wait', seconds), seconds);
	for (const seconds of [Number.NaN, -1, 86_401]) t.throws(() => secondsOf('wait', seconds), { code: 'usage', message: '--wait: expected seconds, 86400 at most' });
});

test('a number of lines is a whole number', (t) => {
	t.is(countOf('lines', 5), 5);
	for (const count of [Number.NaN, 0, -1, 1.5, Infinity]) t.throws(() => countOf('lines', count), { code: 'usage', message: '--lines: expected a whole number above 0' });
});

test('a text that is given is not empty', (t) => {
	t.is(filled('out', 'x'), 'x');
	t.is(filled('out', undefined), undefined);
	t.throws(() => filled('out', ' '), { code: 'usage', message: '--out is empty' });
});
