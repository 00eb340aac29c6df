import test from 'ava';
import { formatAge, formatBytes, formatMs, endOf, lastLines, plural, withoutControls } from '../../../src/base/format.js';

const written = test.macro({
	exec: (t, actual: string, expected: string) => t.is(actual, expected),
	title: (_, _actual, expected) => `written as ${JSON.stringify(expected)}`,
});

test(written, formatMs(0), '0 ms');
test(written, formatMs(849.6), '850 ms');
test(written, formatMs(999.4), '999 ms');
test(written, formatMs(999.6), '1.0 s');
test(written, formatMs(12_345), '12.3 s');
test(written, formatMs(59_949), '59.9 s');
test(written, formatMs(59_951), '1 min 00 s');
test(written, formatMs(187_400), '3 min 07 s');
test(written, formatMs(3_599_900), '60 min 00 s');

test(written, formatAge(59_999), 'just now');
test(written, formatAge(60_000), '1 min ago');
test(written, formatAge(3_599_999), '59 min ago');
test(written, formatAge(3_600_000), '1 h ago');
test(written, formatAge(48 * 3_600_000 - 1), '47 h ago');
test(written, formatAge(48 * 3_600_000), '2 days ago');

test(written, formatBytes(0), '0 B');
test(written, formatBytes(1023), '1023 B');
test(written, formatBytes(1024), '1 KiB');
test(written, formatBytes(1536), '1.5 KiB');
test(written, formatBytes(9.97 * 1024), '10 KiB');
test(written, formatBytes(700 * 2 ** 20), '700 MiB');
test(written, formatBytes(2 ** 30 - 1), '1.0 GiB');
test(written, formatBytes(11.2 * 2 ** 30), '11 GiB');
test(written, formatBytes(5000 * 2 ** 40), '5000 TiB');

test(written, plural(0, 'node'), '0 nodes');
test(written, plural(1, 'node'), '1 node');

test(written, lastLines('a\nb\nc\n\n', 2), 'b\nc');
test(written, lastLines('', 2), '');

test(written, withoutControls('\x1b[0;32m[  OK  ]\x1b[0m Started\r\r\n'), '[  OK  ] Started\n');
test(written, withoutControls('\x1b]0;title\x07\x1b(Bprompt\x1b='), 'prompt');
test(written, withoutControls('tab\tand bell\x07 and\x00 nothing'), 'tab\tand bell and nothing');

test(written, endOf('one\ntwo\n', 8), 'one\ntwo\n');
test(written, endOf('one\ntwo\n', 7), 'two\n');
test(written, endOf('one long line', 4), 'line');
test(written, endOf('żółw', 4), 'łw');
