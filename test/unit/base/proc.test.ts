import test from 'ava';
import { parseProcessorTime, processorTimeMs } from '../../../src/base/proc.js';

test("a process's time is its own and the kernel's, whatever the program is called", (t) => {
	const stat = '4711 (a) b (c) S 1 4711 4711 0 -1 4194304 2300 0 0 0 123 45 6 7 20 0 1 0 5 10 20';
	t.is(parseProcessorTime(stat), 1680);
});

test('it only grows', (t) => {
	const before = processorTimeMs(process.pid);
	for (const until = performance.now() + 60; performance.now() < until; );
	t.true(processorTimeMs(process.pid) > before);
});

test('a process that is gone has taken none', (t) => {
	t.is(processorTimeMs(2 ** 30), 0);
});
