import test from 'ava';
import { washed, washedText } from '../../../src/base/wash.js';
import { usualCpuMs } from './cost.js';

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
test(becomes, '::Error file=a', ': :Error file=a');
test(becomes, '::SET-OUTPUT name=x', ': :SET-OUTPUT name=x');
test(becomes, 'std::vector listens on ::1 and [::]:80 and ::ffff:10.0.0.1 ## heading', 'std::vector listens on ::1 and [::]:80 and ::ffff:10.0.0.1 ## heading');

test('names of keys are washed too', (t) => {
	t.deepEqual(washed<unknown>({ 'a\u202eb': { '\n::error::x': 1, 'two words': [{ '##vso[y]': 2 }] } }), { ab: { '\n: :error::x': 1, 'two words': [{ '# #vso[y]': 2 }] } });
});

test('every text of a value is washed, and nothing else of it is changed', (t) => {
	const value = { type: 'notice', at: 1, list: ['\x1b[1ma', 2, null, { deep: '\x9bmb' }], isTrue: true };
	t.deepEqual(washed<unknown>(value), { type: 'notice', at: 1, list: ['a', 2, null, { deep: 'b' }], isTrue: true });
});

/** All characters that are taken out, and others that patterns look at. */
const characters = [
	...Array.from({ length: 0xa0 }, (_, code) => String.fromCharCode(code)).filter((one) => /[\x00-\x20\x7f-\x9f]/.test(one)),
	...['\u061c', '\u200e', '\u200f', '\u2028', '\u2029', '\u202a', '\u202e', '\u2066', '\u2069', '\u{e0041}', '\udb40', '\ufeff', '\u00a0', '#', ':'],
];

/** What patterns begin with, or go on with for long. */
const beginnings = ['\x1b[', '\x1b[0', '\x1b[ ', '\x1b]', '\x1b]a', '\x1b]\x1b', '\x1bP', '\x1b(', '\x9b0', '\x9d\x9c', '\r\n', ' ::', ' ::a', '::a::', '##[', '##vso'];

/** What takes its length squared takes minutes. */
const limitMs = 200;

/** A part of it first: what takes its length squared would not end within a test. */
async function slowlyWashed(begin: string, piece: string, end: string): Promise<readonly string[]> {
	for (const length of [2 ** 15, 2 ** 20]) {
		const text = begin + piece.repeat(length / piece.length) + end;
		const ms = await usualCpuMs(limitMs, () => washedText(text));
		if (ms >= limitMs) return [`${JSON.stringify(begin + piece)} … ${JSON.stringify(end)}: ${Math.round(ms)} ms for ${length} characters`];
	}
	return [];
}

/** One after the other: they would measure each other. */
async function allSlowlyWashed(cases: readonly (readonly [begin: string, piece: string, end: string])[]): Promise<readonly string[]> {
	const slow: string[] = [];
	for (const one of cases) slow.push(...(await slowlyWashed(...one)));
	return slow;
}

test.serial('a mebibyte of any character that is taken out is washed at once', async (t) => {
	t.deepEqual(await allSlowlyWashed(characters.map((one) => ['', one, 'x'] as const)), []);
});

test.serial('a mebibyte of what a pattern begins with is washed at once, whether it is one in the end or not', async (t) => {
	t.deepEqual(await allSlowlyWashed(beginnings.flatMap((piece) => [['', piece, '\x00'], ['\x1b]', piece, '::'], [' ::a\x9b', piece, '\n']] as const)), []);
});
