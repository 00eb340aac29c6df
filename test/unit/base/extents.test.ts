import test from 'ava';
import { mergeExtents } from '../../../src/base/extents.js';
import type { Extent } from '../../../src/base/extents.js';

const kib = 1024;

const merges = test.macro({
	title: (title) => `extents: ${title}`,
	exec(t, data: readonly Extent[], bytes: number, expected: readonly Extent[]) {
		t.deepEqual(mergeExtents(data, bytes, 2 ** 18), [...expected]);
	},
});

test('none', merges, [], 100, []);
test('a small hole is read', merges, [[0, 4 * kib], [8 * kib, 4 * kib]], 1024 * kib, [[0, 12 * kib]]);
test('a large hole is not', merges, [[0, 4 * kib], [260 * kib, 4 * kib]], 1024 * kib, [[0, 4 * kib], [260 * kib, 4 * kib]]);
test('the last byte that makes a hole small', merges, [[0, 4 * kib], [260 * kib - 1, 1]], 1024 * kib, [[0, 260 * kib]]);
test('neighbours, as qemu-img maps data of two sorts', merges, [[0, 4 * kib], [4 * kib, 4 * kib]], 8 * kib, [[0, 8 * kib]]);
test('nothing beyond the end, which qemu-img rounds up', merges, [[0, 512]], 100, [[0, 100]]);
test('nothing of an empty file', merges, [[0, 0]], 0, []);
