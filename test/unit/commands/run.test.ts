import test from 'ava';
import { checkFromIso, checkShuffle, startedNodes } from '../../../src/commands/run.js';
import { Failure } from '../../../src/base/errors.js';
import { labNode, labOf } from '../base/labs.js';

const lab = labOf(labNode('app', 0), labNode('db', 1), labNode('redis', 2));
const request = { cold: false, from: undefined, only: [] as string[], changed: false };

test('a plain run runs every startup script', (t) => {
	t.deepEqual(startedNodes(lab, request), []);
	t.deepEqual(startedNodes(lab, { ...request, cold: true }), []);
});

test('--from started runs none', (t) => t.deepEqual(startedNodes(lab, { ...request, from: 'started' }), ['app', 'db', 'redis']));

test('--only runs those of the nodes it names', (t) => {
	t.deepEqual(startedNodes(lab, { ...request, only: ['redis'] }), ['app', 'db']);
	t.deepEqual(startedNodes(lab, { ...request, only: ['redis', 'app'] }), ['db']);
	t.deepEqual(startedNodes(lab, { ...request, only: ['redis', 'app', 'db'] }), []);
});

test('--changed leaves it to what is saved', (t) => t.is(startedNodes(lab, { ...request, changed: true }), 'unchanged'));

const refused = test.macro((t, wanted: Partial<Parameters<typeof startedNodes>[1]>, message: RegExp, hint?: RegExp) => {
	const failure = t.throws(() => startedNodes(lab, { ...request, ...wanted }), { instanceOf: Failure, message });
	t.is(failure.exitCode, 2);
	if (hint) t.regex(failure.hint ?? '', hint);
});

test('a node that the lab does not have', refused, { only: ['redsi', 'db'] }, /no node 'redsi'$/, /app, db, redis/);
test('--from and --only', refused, { from: 'started', only: ['db'] }, /--from started .*--only/);
test('--cold and --only', refused, { cold: true, only: ['db'] }, /--cold .*--only/);
test('--cold and --from', refused, { cold: true, from: 'started' }, /--cold .*--from needs/);
test('--cold and --changed', refused, { cold: true, changed: true }, /--cold .*--changed needs/);
test('--only and --changed', refused, { only: ['db'], changed: true }, /--only .*--changed .*only one of them/);

const refuses = test.macro((t, nodes: readonly string[], request: Partial<Parameters<typeof checkShuffle>[1]>, message: RegExp) => {
	const few = labOf(...nodes.map((name, index) => labNode(name, index)));
	t.throws(() => checkShuffle(few, { cold: false, from: undefined, only: [], changed: false, ...request }), { message });
});

test('--shuffle needs two nodes', refuses, ['one'], {}, /one order only/);
test('--shuffle needs checkpoints', refuses, ['one', 'two'], { cold: true }, /--cold/);
test('--shuffle needs startup scripts', refuses, ['one', 'two'], { from: 'started' }, /all startup scripts/);
test('--shuffle needs the startup scripts of all', refuses, ['one', 'two'], { only: ['one'] }, /all startup scripts/);
test('--shuffle needs those of nodes that have not changed', refuses, ['one', 'two'], { changed: true }, /all startup scripts/);
test('other orders of two nodes', (t) => {
	t.notThrows(() => checkShuffle(labOf(labNode('one'), labNode('two', 1)), request));
});

const contradicts = test.macro((t, wanted: Partial<Parameters<typeof checkFromIso>[0]>, flag: string) => {
	const course = { keep: 'never', trace: true, robustness: [] } as const;
	const plain = { restore: request, course, shuffle: undefined, saveFailed: false };
	t.notThrows(() => checkFromIso(plain));
	t.notThrows(() => checkFromIso({ ...plain, restore: { ...request, cold: true }, course: { ...course, robustness: ['reboot'] } }));
	const failure = t.throws(() => checkFromIso({ ...plain, ...wanted }), { instanceOf: Failure });
	t.is(failure.exitCode, 2);
	t.true(failure.message.startsWith(`--from-iso does not go with ${flag}: `), failure.message);
});

test('an ISO and --from', contradicts, { restore: { ...request, from: 'started' } }, '--from');
test('an ISO and --only', contradicts, { restore: { ...request, only: ['db'] } }, '--only');
test('an ISO and --changed', contradicts, { restore: { ...request, changed: true } }, '--changed');
test('an ISO and --shuffle', contradicts, { shuffle: { count: 1, seed: 1 } }, '--shuffle');
test('an ISO and --twice', contradicts, { course: { keep: 'never', trace: true, robustness: ['twice'] } }, '--twice');
test('an ISO and --save-failed', contradicts, { saveFailed: true }, '--save-failed');
test('an ISO and --keep', contradicts, { course: { keep: 'on-failure', trace: true, robustness: [] } }, '--keep');
