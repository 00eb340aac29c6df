import test from 'ava';
import { changesBetween, checkpointKey, describeChanges } from '../../../src/checkpoint/fingerprint.js';

const redis = { packages: 'curl redis', memory: '512 MiB', seed: 'a1', machine: 'b1' };

const changes = test.macro({
	title: (title) => `changes: ${title}`,
	exec(t, now: Readonly<Record<string, string>>, expected: readonly string[]) {
		t.deepEqual(changesBetween(redis, now), [...expected]);
	},
});

const { memory: _memory, ...withoutMemory } = redis;

test('none', changes, { ...redis }, []);
test('one', changes, { ...redis, packages: 'redis' }, ['packages']);
test('one that was not there before', changes, { ...redis, DNS: '1.1.1.1' }, ['DNS']);
test('one that is there no more', changes, withoutMemory, ['memory']);
test('a catch-all is not reported beside what it holds', changes, { ...redis, memory: '1024 MiB', machine: 'b2' }, ['memory']);
test('a catch-all is reported when it is all there is', changes, { ...redis, seed: 'a2' }, ['seed']);
test('both catch-alls', changes, { ...redis, seed: 'a2', machine: 'b2' }, ['seed', 'machine']);

const sentence = test.macro({
	title: (_title, _names: readonly string[], expected: string) => expected,
	exec(t, names: readonly string[], expected: string) {
		t.is(describeChanges(names), expected);
	},
});

test(sentence, [], 'nothing changed');
test(sentence, ['packages'], 'packages changed');
test(sentence, ['packages', 'memory'], 'packages and memory changed');
test(sentence, ['packages', 'memory', 'DNS'], 'packages, memory and DNS changed');

const key = (node: string, fingerprint: Readonly<Record<string, string>> = redis) =>
	checkpointKey('provisioned', [{ node, fingerprint }]);

test('a key is 16 hex digits, and the same for the same machine', (t) => {
	t.regex(key('redis'), /^[0-9a-f]{16}$/);
	t.is(key('redis'), key('redis', Object.fromEntries(Object.entries(redis).reverse())));
});

test('a key depends on the node, on its kind, and on every input by its name', (t) => {
	const keys = [
		key('redis'),
		key('web'),
		checkpointKey('started', [{ node: 'redis', fingerprint: redis }]),
		key('redis', { ...redis, memory: '513 MiB' }),
		key('redis', withoutMemory),
		key('redis', { ...withoutMemory, RAM: redis.memory }),
	];
	t.is(new Set(keys).size, keys.length);
});

test('the order of the machines makes no difference, and whose inputs they are does', (t) => {
	const [one, other] = [{ ...redis }, { ...redis, memory: '1 MiB' }];
	const started = (a: typeof one, b: typeof one) => [
		{ node: 'a', fingerprint: a },
		{ node: 'b', fingerprint: b },
	];
	t.is(checkpointKey('started', started(one, other)), checkpointKey('started', started(one, other).reverse()));
	t.not(checkpointKey('started', started(one, other)), checkpointKey('started', started(other, one)));
});
