import test from 'ava';
import { addUp, kindOf, parseCpuSeconds, parseKilobytes, ProcessWatch } from '../../bench/usage.js';

test('processor seconds of a process whose name holds anything', (t) => {
	const numbers = Array.from({ length: 48 }, (_, index) => index + 4);
	// After the state, field 3, each number is the number of its field: utime is 14, stime 15.
	t.is(parseCpuSeconds(`123 (a) b (c) S ${numbers.join(' ')}\n`), 0.29);
});

test('figures of status and smaps_rollup', (t) => {
	const text = '55d0-7ff [rollup]\nRss:      2048 kB\nPss:        12 kB\nPss_Anon:    7 kB\nVmHWM:\t    300 kB\n';
	t.is(parseKilobytes(text, 'Rss'), 2048 * 1024);
	t.is(parseKilobytes(text, 'Pss'), 12 * 1024);
	t.is(parseKilobytes(text, 'VmHWM'), 300 * 1024);
	t.is(parseKilobytes(text, 'Swap'), 0);
});

test('programs', (t) => {
	t.is(kindOf('/usr/bin/qemu-system-x86_64\0-name\0x\0'), 'machine');
	t.is(kindOf('/usr/bin/node\0main.js\0'), 'tool');
	t.is(kindOf('unshare\0--user\0qemu-system-x86_64\0'), 'other');
	t.is(kindOf(''), 'other');
});

test('what each process cost is added up by kind', (t) => {
	const usage = addUp([
		{ kind: 'machine', cpuSeconds: 40, peakBytes: 500 },
		{ kind: 'machine', cpuSeconds: 2, peakBytes: 100 },
		{ kind: 'tool', cpuSeconds: 1, peakBytes: 80 },
	]);
	t.deepEqual(usage, {
		machine: { processes: 2, cpuSeconds: 42, peakBytes: 600 },
		tool: { processes: 1, cpuSeconds: 1, peakBytes: 80 },
		other: { processes: 0, cpuSeconds: 0, peakBytes: 0 },
	});
});

test('a process is watched', async (t) => {
	const watch = new ProcessWatch(process.pid, 5);
	await new Promise((resolve) => setTimeout(resolve, 100));
	const { tool } = await watch.stop();
	t.true(tool.processes >= 1);
	t.true(tool.peakBytes > 1e6);
});
