import test from 'ava';
import { selectLines } from '../../../src/mcp/lines.js';

const text = 'alpha\nBeta\ngamma\nbeta again\n';
const selected = test.macro({
	title: (_title, from: number | undefined, limit: number, grep: string | undefined) => `from ${from ?? 'the end'}, ${limit} at most${grep === undefined ? '' : `, with ${grep}`}`,
	exec(t, from: number | undefined, limit: number, grep: string | undefined, lines: readonly number[], next: number | undefined) {
		const found = selectLines(text, { from, limit, grep });
		t.deepEqual(found.lines.map(({ line }) => line), lines);
		t.is(found.next, next);
		t.is(found.total, 4);
	},
});

test(selected, undefined, 2, undefined, [3, 4], undefined);
test(selected, 1, 2, undefined, [1, 2], 3);
test(selected, 3, 9, undefined, [3, 4], undefined);
test(selected, 9, 9, undefined, [], undefined);
test(selected, undefined, 9, 'BETA', [2, 4], undefined);
test(selected, 1, 1, 'beta', [2], 4);
test(selected, undefined, 1, 'beta', [4], undefined);
test(selected, 1, 9, '.*', [], undefined);

test('an empty log has no line', (t) => {
	t.deepEqual(selectLines('', { from: undefined, limit: 5, grep: undefined }), { lines: [], total: 0, matching: 0, next: undefined });
});
