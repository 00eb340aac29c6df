import test from 'ava';
import { parseHosts, sinfoArgv, takesJobs, type ClusterHost } from '../../../src/slurm/hosts.js';
import { requestFor, requirePossible } from '../../../src/slurm/request.js';
import { labNode, labOf } from '../base/labs.js';

const host = (name: string, memoryMiB: number, processors: number): ClusterHost => ({ name, state: 'idle', memoryMiB, processors });
const nodes = (...memories: readonly number[]) => labOf(...memories.map((memoryMiB, index) => labNode(`node-${index}`, index, { memoryMiB })));

test('what sinfo prints: a host that is in two partitions is one host', (t) => {
	t.deepEqual(parseHosts('one|idle|4096|2\ntwo|down*|64000+|16\none|idle|4096|2\n\n'), [
		{ name: 'one', state: 'idle', memoryMiB: 4096, processors: 2 },
		{ name: 'two', state: 'down*', memoryMiB: 64_000, processors: 16 },
	]);
	t.deepEqual(parseHosts(''), []);
	t.true(sinfoArgv('night').includes('--partition=night' as never));
});

const takes = test.macro({
	title: (_title, state: string, expected: boolean) => `a host that is ${state} ${expected ? 'takes' : 'takes no'} jobs`,
	exec: (t, state: string, expected: boolean) => t.is(takesJobs({ state }), expected),
});

for (const state of ['idle', 'mixed', 'allocated', 'completing', 'idle~', 'idle#', 'planned']) test(takes, state, true);
for (const state of ['down', 'down*', 'drained', 'draining', 'drained*', 'fail', 'failing', 'unknown', 'inval', 'maint', 'idle$', '']) test(takes, state, false);

test('a job has the memory of the largest lab and a quarter more, and a processor for each of its machines', (t) => {
	const hosts = [host('one', 16_000, 8)];
	t.deepEqual(requestFor([nodes(768, 768)], hosts), { memoryMiB: 1920, processors: 2 });
	t.deepEqual(requestFor([nodes(768, 768), nodes(4096), nodes(100, 100, 100)], hosts), { memoryMiB: 5120, processors: 3 });
	t.deepEqual(requestFor([labOf(labNode('a', 0, { vcpus: 4 }), labNode('b', 1))], hosts), { memoryMiB: 2560, processors: 5 });
	t.deepEqual(requestFor([nodes(1001)], hosts), { memoryMiB: 1252, processors: 1 });
});

test('no more processors are asked for than a host has that has the memory: they are shared', (t) => {
	t.deepEqual(requestFor([nodes(1024, 1024, 1024, 1024)], [host('wide', 1024, 64), host('large', 8192, 2)]), { memoryMiB: 5120, processors: 2 });
	t.deepEqual(requestFor([nodes(1024, 1024)], []), { memoryMiB: 2560, processors: 1 });
});

test('a request that no host can meet is refused before anything is submitted, with the figures', (t) => {
	const hosts = [host('small', 2048, 2), host('large', 4096, 2)];
	t.notThrows(() => requirePossible({ memoryMiB: 4096, processors: 1 }, hosts));
	t.throws(() => requirePossible({ memoryMiB: 5120, processors: 1 }, hosts), {
		code: 'slurm-impossible',
		message: "a job needs 5 GiB of memory, its machines' and a quarter more, and the largest host that takes jobs, large, has 4 GiB",
	});
	t.throws(() => requirePossible({ memoryMiB: 1, processors: 1 }, []), { code: 'slurm-impossible', message: /no host that takes jobs/ });
});
