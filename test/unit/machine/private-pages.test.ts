import test from 'ava';
import { inBatches, privatePages, parseMapping } from '../../../src/machine/private-pages.js';

const file = '/checkpoints/0123456789abcdef/0.ram';

const mapped = test.macro({
	title: (title) => `a mapping: ${title}`,
	exec(t, text: string, expected: ReturnType<typeof parseMapping>) {
		t.deepEqual(parseMapping(text, file), expected);
	},
});

const others = '55d0c8a00000-55d0c8e97000 r--p 00000000 fe:00 2170905                    /usr/bin/qemu-system-x86_64\n7ffd1c5f2000-7ffd1c613000 rw-p 00000000 00:00 0                          [stack]\n';
test('none', mapped, others, undefined);
test('one', mapped, `${others}7f0000000000-7f0000400000 rw-p 00000000 fe:00 16450130                   ${file}\n`, {
	origin: 0x7f0000000000,
	extent: [0, 0x400000],
});
test('not of a file whose name goes on', mapped, `7f0000000000-7f0000400000 rw-p 00000000 fe:00 16450130 ${file} (deleted)\n`, undefined);
test('of a part of the file', mapped, `7f0000001000-7f0000400000 rw-p 00001000 fe:00 16450130 ${file}\n`, {
	origin: 0x7f0000000000,
	extent: [0x1000, 0x3ff000],
});
const split = (offset: string) =>
	`7f0000000000-7f0000200000 rw-p 00000000 fe:00 16450130 ${file}\n7f0000200000-7f0000400000 rw-p ${offset} fe:00 16450130 ${file}\n`;
test('one that the kernel has split', mapped, split('00200000'), { origin: 0x7f0000000000, extent: [0, 0x400000] });
test('two are none', mapped, split('00000000'), undefined);
test('nor is one with a hole', mapped, split('00200000').replace('7f0000200000-', '7f0000300000-').replace(' 00200000', ' 00300000'), undefined);

/** Entries of pages as the kernel gives them, by the upper half of each. */
function entries(...uppers: readonly number[]): Buffer {
	const buffer = Buffer.alloc(8 * uppers.length);
	for (const [index, upper] of uppers.entries()) buffer.writeUInt32LE(upper, 8 * index + 4);
	return buffer;
}

const [absent, anonymous, softDirty, ofFile, swapped, swappedShared] = [0, 0x80000000, 0x80800000, 0xa0000000, 0x40000000, 0x60000000];

test('pages of a file and those that were never used are not the process’s own', (t) => {
	t.deepEqual(privatePages(entries(), 0), []);
	t.deepEqual(privatePages(entries(absent, ofFile, ofFile, absent), 0), []);
});

test('what it has written to is, in memory or swapped out', (t) => {
	t.deepEqual(privatePages(entries(absent, anonymous, softDirty, ofFile, swapped), 0), [[4096, 8192], [16384, 4096]]);
	t.deepEqual(privatePages(entries(swappedShared), 0), [[0, 4096]]);
});

test('from wherever the entries are of', (t) => {
	t.deepEqual(privatePages(entries(anonymous, ofFile, anonymous), 2 ** 33), [[2 ** 33, 4096], [2 ** 33 + 8192, 4096]]);
});

test('batches follow one another in the file, each in one piece and none above a mebibyte', (t) => {
	const own = [[0, 4096], [2 ** 20, 2 ** 20], [2 ** 32, 2.5 * 2 ** 20]] as const;
	const batches = [...inBatches(own)];
	t.deepEqual(batches.map(({ from, bytes }) => [from, bytes]), [
		[56, 4096],
		[56 + 4096, 2 ** 20],
		[56 + 4096 + 2 ** 20, 2 ** 20],
		[56 + 4096 + 2 * 2 ** 20, 2 ** 20],
		[56 + 4096 + 3 * 2 ** 20, 2 ** 19],
	]);
	t.deepEqual(batches.flatMap(({ pieces }) => pieces.map(({ offset, length }) => [offset, length])), [
		[0, 4096],
		[2 ** 20, 2 ** 20],
		[2 ** 32, 2 ** 20],
		[2 ** 32 + 2 ** 20, 2 ** 20],
		[2 ** 32 + 2 * 2 ** 20, 2 ** 19],
	]);
});

test('small pieces share a batch', (t) => {
	const [batch, ...others] = [...inBatches([[4096, 4096], [65536, 8192]])];
	t.deepEqual(batch, { from: 40, bytes: 12288, pieces: [{ offset: 4096, length: 4096, at: 0 }, { offset: 65536, length: 8192, at: 4096 }] });
	t.deepEqual(others, []);
	t.deepEqual([...inBatches([])], []);
});
