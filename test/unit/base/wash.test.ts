import test from 'ava';
import { washed, washedText } from '../../../src/base/wash.js';

const becomes = test.macro({
	title: (_title, text: string) => `washed: ${JSON.stringify(text)}`,
	exec: (t, text: string, expected: string) => t.is(washedText(text), expected),
});

test(becomes, 'plain text,\n\twith a tab: größer → ✔ 日本 🙂', 'plain text,\n\twith a tab: größer → ✔ 日本 🙂');
test(becomes, '\x1b[31mred\x1b[0m', 'red');
test(becomes, '\x9b31mred, with one character\x9b0m', 'red, with one character');
test(becomes, '\x1b]0;title\x07a \x9d0;title\x9cb \x1bP1;2|x\x1b\\c', 'a b c');
test(becomes, '\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\', 'link');
test(becomes, 'a\rb\x00c\x08d\x7fe\x85f', 'abcdef');
test(becomes, 'lines\r\nend', 'lines\nend');
test(becomes, 'from \u202eright\u202c to \u2066left\u2069\u200e\u200f\u061c', 'from right to left');
test(becomes, 'line\u2028separator\u2029', 'lineseparator');
test(becomes, 'a tag\u{e0041}\u{e007f}', 'a tag');
test(becomes, '::set-output name=x::y', ': :set-output name=x::y');
test(becomes, 'text\n  ::error file=a,line=1::it broke', 'text\n  : :error file=a,line=1::it broke');
test(becomes, 'wrapped before the ::warning::word', 'wrapped before the : :warning::word');
test(becomes, '\x1b[0m::stop-commands::token', ': :stop-commands::token');
test(becomes, 'here ##[error]x ##vso[task.setvariable]y ##teamcity[buildStatus]', 'here # #[error]x # #vso[task.setvariable]y # #teamcity[buildStatus]');
test(becomes, 'std::vector listens on ::1 and [::]:80 and ::ffff:10.0.0.1 ## heading', 'std::vector listens on ::1 and [::]:80 and ::ffff:10.0.0.1 ## heading');

test('every text of a value is washed, and nothing else of it is changed', (t) => {
	const value = { type: 'notice', at: 1, list: ['\x1b[1ma', 2, null, { deep: '\x9bmb' }], isTrue: true };
	t.deepEqual(washed<unknown>(value), { type: 'notice', at: 1, list: ['a', 2, null, { deep: 'b' }], isTrue: true });
});
