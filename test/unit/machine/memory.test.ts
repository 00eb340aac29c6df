import test from 'ava';
import { bytesOf, deadlineFor, memoryMounts, parseUnsharedMemory } from '../../../src/machine/memory.js';

test('what a process has of the memory, but for files in memory', (t) => {
	const status = 'VmRSS:\t  700 kB\nRssAnon:\t   300 kB\nRssFile:\t    50 kB\nRssShmem:\t   350 kB\n';
	t.is(parseUnsharedMemory(status), 350 * 1024);
});

test('a process that has ended has none', (t) => {
	t.is(parseUnsharedMemory(''), undefined);
	t.is(parseUnsharedMemory('Name:\tqemu\nState:\tZ (zombie)\n'), undefined);
});

test('the memory of guests: huge pages with KVM, where the kernel has them; small ones under emulation', (t) => {
	t.deepEqual(memoryMounts({ name: 'kvm' }), ['size=0,mode=0700,huge=advise', 'size=0,mode=0700']);
	t.deepEqual(memoryMounts({ name: 'tcg' }), ['size=0,mode=0700']);
});

test('a deadline grows with what is written or read', (t) => {
	t.is(deadlineFor(20_000, 0), 20_000);
	// A GiB on a disk that does 20 MB a second.
	t.is(deadlineFor(20_000, 2 ** 30), 20_000 + 53_688);
});

test('what is not there has no bytes', async (t) => {
	t.is(await bytesOf([undefined, '/nonexistent/pages']), 0);
});
