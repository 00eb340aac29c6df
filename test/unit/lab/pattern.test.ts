/** Patterns of plans, written as in other languages than JavaScript. */
import test from 'ava';
import { expressionOf } from '../../../src/lab/pattern.js';

const finds = test.macro({
	title: (_title, pattern: string, text: string, isFound: boolean) => `${pattern} is ${isFound ? '' : 'not '}in ${JSON.stringify(text)}`,
	exec: (t, pattern: string, text: string, isFound: boolean) => t.is(expressionOf(pattern).test(text), isFound),
});
test(finds, '(?i)ACTIVE', 'active', true);
test(finds, 'ACTIVE', 'active', false);
test(finds, '(?m)^b$', 'a\nb\nc', true);
test(finds, '^b$', 'a\nb\nc', false);
test(finds, '(?s)a.c', 'a\nc', true);
test(finds, '(?ims)^B.C$', 'a\nb\nc\nd', true);
test(finds, '\\Aactive\\Z', 'active', true);
test(finds, '(?m)\\Ab', 'a\nb', false);
test(finds, '(?m)a\\z', 'a\nb', false);
test(finds, '(?P<one>.)(?P=one)', 'abba', true);
test(finds, '(?P<one>.)(?P=one)', 'abab', false);
test(finds, '^[[:digit:]]+[[:space:]][^[:alpha:]]$', '12 _', true);
test(finds, '^[[:digit:]]+$', 'digit', false);
test(finds, '^[]a]+$', ']a]', true);
test(finds, '^[^]a]+$', 'b]', false);
test(finds, '[[:punct:]]', '[', true);
// As they are in JavaScript itself.
test(finds, '\\[A\\]', '[A]', true);
test(finds, '^\\d+\\.\\d+$', '1.10', true);
test(finds, '\\\\A', '\\A', true);
test(finds, '[\\]A-Z]', 'Q', true);
test(finds, '^a[^]*c$', 'a\nc', true);
test(finds, '^a[^]*c[0-9]$', 'a\nbc1', true);
test(finds, '^[^]+?[[:digit:]]$', 'a\n1', true);
test(finds, '(?<!a)b', 'ab', false);
test(finds, '(?:a|b)\\u0041', 'bA', true);

test('what is no expression is none', (t) => {
	for (const pattern of ['(', '[a', '*', '(?x)a b', '\\', '(?P<1>a)', 'a++']) t.throws(() => expressionOf(pattern), { instanceOf: SyntaxError }, pattern);
});
