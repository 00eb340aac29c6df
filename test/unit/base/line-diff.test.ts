import fc from 'fast-check';
import test from 'ava';
import { linesBetween } from '../../../src/base/line-diff.js';

const differ = test.macro({
	title: (_title, before: string, after: string) => `${JSON.stringify(before)} and ${JSON.stringify(after)}`,
	exec(t, before: string, after: string, added: readonly string[], removed: readonly string[]) {
		t.deepEqual(linesBetween(before, after), { added, removed });
	},
});

test(differ, '', '', [], []);
test(differ, 'a\n', 'a', [], []);
test(differ, 'a\nb\n', 'a\nb\nb\n', ['b'], []);
test(differ, 'a\nb\nc\nd\n', 'b\nx\nd\ne\n', ['x', 'e'], ['a', 'c']);
test(differ, 'x\ny\n', '', [], ['x', 'y']);

const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
test('what is added to what is kept gives the newer text', (t) => {
	fc.assert(
		fc.property(lines, lines, (old, now) => {
			const { added, removed } = linesBetween(old.join('\n'), now.join('\n'));
			t.is(old.filter(Boolean).length - removed.length, now.filter(Boolean).length - added.length);
		}),
	);
	t.pass();
});

test('texts that are too long to be compared pair by pair', (t) => {
	const many = (letter: string) => Array.from({ length: 1500 }, (_none, index) => `${letter}${index}`).join('\n');
	const { added, removed } = linesBetween(`same\n${many('a')}\nend`, `same\n${many('b')}\nend`);
	t.is(added.length, 1500);
	t.is(removed.length, 1500);
});
