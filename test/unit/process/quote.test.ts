import test from 'ava';
import type { Failure } from '../../../src/base/errors.js';
import { pasteable, quote } from '../../../src/base/shell.js';
import { programMissing } from '../../../src/process/run.js';

const quoted = test.macro({
	exec: (t, word: string, expected: string) => t.is(quote(word), expected),
	title: (_, word) => `quoted: ${JSON.stringify(word)}`,
});
test(quoted, '/usr/bin/ip', '/usr/bin/ip');
test(quoted, '--opt=a,b:c@d%e+f', '--opt=a,b:c@d%e+f');
test(quoted, '', `''`);
test(quoted, 'two words', `'two words'`);
test(quoted, `it's`, `'it'\\''s'`);
test(quoted, '$HOME', `'$HOME'`);
test(quoted, '~', `'~'`);
test(quoted, 'safe\n', `'safe\n'`);
test(quoted, 'Zürich', `'Zürich'`);
test(quoted, '~root', `'~root'`);
test(quoted, '$HOME `id` *', `'$HOME \`id\` *'`);

test('a command is quoted word by word', (t) => {
	t.is(pasteable(['sh', '-c', 'echo "$1"', 'sh', '']), `sh -c 'echo "$1"' sh ''`);
});

test('a missing program is reported with its package, where it is known', (t) => {
	const known = programMissing('mke2fs') as Failure;
	t.like(known, { code: 'program-missing', exitCode: 3, hint: 'sudo apt-get install e2fsprogs' });
	t.regex((programMissing('frobnicate') as Failure).hint ?? '', /install frobnicate/);
	t.regex((programMissing('toString') as Failure).hint ?? '', /install toString/);
});
