import test from 'ava';
import fc from 'fast-check';
import { findCommandPlaces } from '../../../src/shell/command-places.js';
import { analyseScript } from '../../../src/shell/script.js';
import { sharesErrors } from '../../../src/shell/shared-errors.js';

const hasLines = test.macro({
	title: (title) => `counts lines: ${title}`,
	exec(t, text: string, count: number) {
		t.is(analyseScript(text).shellLines, count);
	},
});

test('nothing', hasLines, '', 0);
test('shebang, comments and blanks', hasLines, '#!/bin/bash\n# about\n\n  # more\necho a # not this one\n', 1);
test('the bodies of here-documents and their ends', hasLines, "cat >/x <<'EOF'\n# text\nif\nEOF\necho a\n", 2);
test('two here-documents of one command', hasLines, 'cat <<A - <<-B\none\nA\n\ttwo\n\tB\necho a\n', 2);
test('keywords alone on a line', hasLines, 'if a\nthen\n\tb\nelse\n\tc\nfi\n', 6);
test('a command over several lines', hasLines, 'echo \\\n  a \\\n  b\n', 3);
test('a string over several lines, a # in it', hasLines, "python3 -c '\n# code\nprint(1)\n'\n", 4);
test('comments in arrays and substitutions', hasLines, 'a=(\n# one\n1\n)\nb=$(\n# two\nls\n)\n', 6);
test('a here-document in a function', hasLines, 'f() {\n\tcat <<EOF\n$(ls)\nEOF\n}\n', 3);
test('a here-document that ends with the file', hasLines, 'cat <<EOF\na\nEOF', 1);

const hasError = test.macro({
	title: (title) => `finds the error: ${title}`,
	exec(t, text: string, line: number, message: RegExp) {
		const [error] = analyseScript(text).errors;
		t.is(error?.line, line);
		t.regex(error?.message ?? '', message);
	},
});

test('an if without fi', hasError, '#!/bin/sh\nif a; then\n\tb\n', 3, /'fi'/);
test('an open quote', hasError, 'echo a\necho "b\n', 2, /double quote/);
test('a stray done', hasError, 'echo a\n\ndone\n', 3, /'done'/);
test('within a substitution', hasError, 'echo a\nb=$(if c)\n', 2, /'fi'|expected/);
test('within a string for sh', hasError, "echo a\nsh -c 'ls\nfi'\n", 3, /'fi'/);
test('a here-document without an end', hasError, 'echo a\ncat <<EOF\nb\n', 2, /'EOF'/);
test('a byte order mark', hasError, '\ufeff#!/bin/bash\necho a\n', 1, /byte order mark/);
test('an interpreter without a path', hasError, '#!bash\necho a\n', 1, /names 'bash' without an absolute path/);
test('an interpreter in the working directory', hasError, '#! ./run -x\necho a\n', 1, /names '\.\/run' without an absolute path/);
test('an interpreter of another language without a path', hasError, '#!python3\npass\n', 1, /names 'python3' without an absolute path/);
test('env without a path', hasError, '#!env bash\necho a\n', 1, /names 'env'/);
test('a byte order mark of another interpreter', hasError, '\ufeff#!/usr/bin/python3\npass\n', 1, /byte order mark/);
test('Windows line ends', hasError, 'echo a\necho b\r\n', 2, /carriage return/);

const finds = test.macro({
	title: (_title, text: string, ..._wanted: string[]) => `finds the commands of ${JSON.stringify(text)}`,
	exec(t, text: string, ...wanted: string[]) {
		const { commands, errors } = analyseScript(text);
		t.deepEqual(errors, []);
		t.deepEqual(commands.map(({ name, line }) => `${name}:${line}`), wanted);
	},
});

test(finds, 'a; b && c || d | e &', 'a:1', 'b:1', 'c:1', 'd:1', 'e:1');
test(finds, '/usr/bin/a\n"b" c', 'a:1', 'b:2');
test(finds, 'if a; then\nb\nelif c; then d; fi', 'a:1', 'b:2', 'c:3', 'd:3');
test(finds, 'f() {\n  a\n}\n(b)\n{ c; }', 'a:2', 'b:4', 'c:5');
test(finds, 'x=$(a "$(b)") c `d`', 'c:1', 'a:1', 'b:1', 'd:1');
test(finds, 'a <(b)', 'a:1', 'b:1');
test(finds, 'cat <<EOF\n$(a)\nb\nEOF', 'cat:1', 'a:2');
test(finds, "cat <<'EOF'\n$(a)\nEOF", 'cat:1');
test(finds, '! time a', 'a:1');
test(finds, "bash -c 'a\nb'", 'bash:1', 'a:1', 'b:2');
test(finds, 'sh -euc "a $X"', 'sh:1', 'a:1');
test(finds, 'bash script.sh a', 'bash:1');
test(finds, 'bash <<EOF\na\nEOF', 'bash:1', 'a:2');
test(finds, 'sudo -u ops X=1 a -u b', 'sudo:1', 'a:1');
test(finds, 'sudo -n env -u B A=1 timeout -k 5 10 a', 'sudo:1', 'env:1', 'timeout:1', 'a:1');
test(finds, 'runuser -u postgres -- a -c "b"', 'runuser:1', 'a:1');
test(finds, 'runuser -u postgres a -c "b"', 'runuser:1', 'a:1');
test(finds, 'runuser -l postgres -c "a"', 'runuser:1', 'a:1');
test(finds, "su - postgres -c 'a'", 'su:1', 'a:1');
test(finds, 'exec a; command b; nice -n 5 c', 'exec:1', 'a:1', 'command:1', 'b:1', 'nice:1', 'c:1');
test(finds, 'command -v a', 'command:1');
test(finds, 'flock /l a; flock /l -c b', 'flock:1', 'a:1', 'flock:1', 'b:1');
test(finds, 'ls | xargs -n 1 a', 'ls:1', 'xargs:1', 'a:1');
test(finds, 'eval "a; b"', 'eval:1', 'a:1', 'b:1');
test(finds, '"$X" a', 'undefined:1');

test('words are known as far as they can be', (t) => {
	const { commands, variables } = analyseScript('A=1 B="x$A"\ncurl "http://$HOST/" \'b c\' >"/out" 2>&1');
	const [command] = commands;
	t.deepEqual(command?.words.map(({ value, dynamic }) => [value, dynamic]), [
		['curl', false],
		['http://$HOST/', true],
		['b c', false],
	]);
	t.deepEqual(command?.writes.map(({ value }) => value), ['/out', '1']);
	t.deepEqual([...variables], [['A', '1']]);
});

test('statements are kept as they were written', (t) => {
	const { statements } = analyseScript('#!/bin/sh\n\na "$b" || true # c\nd; e\n');
	t.deepEqual(statements, [
		{ text: 'a "$b" || true', line: 3 },
		{ text: 'd', line: 4 },
		{ text: 'e', line: 4 },
	]);
});

test('scripts of other interpreters are left alone', (t) => {
	const { isShell, interpreter, errors, commands } = analyseScript('#!/usr/bin/env python3\nif\n');
	t.false(isShell);
	t.is(interpreter, '/usr/bin/env python3');
	t.deepEqual([errors, commands], [[], []]);
	t.true(analyseScript('#!/usr/bin/env -S bash -eu\na\n').isShell);
});

test('whatever the text, analysing does not throw', (t) => {
	const fragments = ['if ', '$(', ')', '<<EOF\n', 'EOF\n', "'", '"', '`', '\\', '{', '}', 'sh -c ', '#', ' a ', '(('];
	const fragment = fc.oneof(fc.constantFrom(...fragments, ';', '\n', 'case x in '), fc.string({ maxLength: 5 }));
	const scripts = fc.array(fragment).map((parts) => parts.join(''));
	fc.assert(
		fc.property(scripts, (text) => {
			const { shellLines, errors } = analyseScript(text);
			const lines = text.split('\n').length;
			t.true(shellLines <= lines);
			t.true(errors.every(({ line }) => line >= 1 && line <= lines));
		}),
		{ numRuns: 500 },
	);
});

test('what no person nests is an error, and no crash', (t) => {
	const deep = `echo ${'$('.repeat(2000)}true${')'.repeat(2000)}\n`;
	t.deepEqual(analyseScript(deep).errors, [{ line: 1, message: 'substitutions are nested too deeply to be read' }]);
	t.notThrows(() => findCommandPlaces(deep));
	t.notThrows(() => sharesErrors(deep));
});

const bytes = test.macro((t, text: string, line: number, message: RegExp) => {
	const [error, ...others] = analyseScript(text).errors;
	t.is(error?.line, line);
	t.regex(error?.message ?? '', message);
	t.deepEqual(others, []);
});
test('a NUL byte', bytes, 'echo a\necho b\0\n', 2, /NUL byte/);
test('a NUL byte in Python', bytes, '#!/usr/bin/python3\n\0\n', 2, /NUL byte/);
test('a first line of Windows, for Python', bytes, '#!/usr/bin/python3\r\nprint()\r\n', 1, /carriage return/);
test('a byte order mark, for Python', bytes, '\ufeff#!/usr/bin/python3\nprint()\n', 1, /byte order mark/);
