/** What becomes of each command's status, as far as that follows from its text. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { findCommandPlaces, type StatusUse } from '../../../src/shell/command-places.js';
import { placesOf } from '../../../src/shell/places-of.js';

/** Commands by name with what their status is used for, in the order of the text. */
const used = (text: string): Record<string, StatusUse> =>
	Object.fromEntries(findCommandPlaces(text).places.map(({ words, use }) => [words[0] ?? '?', use]));

const uses = test.macro({
	title: (_title, text: string) => text,
	exec(t, text: string, expected: Record<string, StatusUse>) {
		t.like(used(text), expected);
	},
});

test(uses, 'a', { a: 'plain' });
test(uses, 'a || true', { a: 'swallowed', true: 'plain' });
test(uses, 'a || :', { a: 'swallowed' });
test(uses, 'a || echo "no a" >&2', { a: 'swallowed' });
test(uses, 'a || { echo no; true; }', { a: 'swallowed' });
test(uses, 'a || { echo no; exit 1; }', { a: 'condition' });
test(uses, 'a || echo line >>file', { a: 'condition' });
test(uses, 'a || { echo x; } >file', { a: 'condition' });
test(uses, 'a || exit 1', { a: 'condition', exit: 'plain' });
test(uses, 'a || b || true', { a: 'condition', b: 'swallowed' });
test(uses, 'a && b', { a: 'condition', b: 'plain' });
test(uses, 'a && b || true', { a: 'condition', b: 'swallowed' });
test(uses, '! a', { a: 'condition' });
test(uses, 'if a; then b; fi', { a: 'condition', b: 'plain' });
test(uses, 'if a; b; then c; elif d; then e; else f; fi', { a: 'plain', b: 'condition', d: 'condition', f: 'plain' });
test(uses, 'while a; do b; done', { a: 'condition', b: 'plain' });
test(uses, '{ a; b; } || true', { a: 'plain', b: 'swallowed' });
test(uses, 'if ( a; b ); then c; fi', { a: 'plain', b: 'condition' });
test(uses, 'a | b || true', { a: 'swallowed', b: 'swallowed' });
test(uses, 'x=$(a; b) || true', { a: 'plain', b: 'swallowed' });
test(uses, 'x=$(a)', { a: 'plain', 'x=': 'plain' });
test(uses, 'echo "$(a)" || true', { a: 'plain' });
test(uses, 'if [ "$(a)" = b ]; then c; fi', { a: 'condition' });
test(uses, '[ -n "$(a)" ]', { a: 'condition' });
test(uses, 'a\nif [ $? -ne 0 ]; then b; fi', { a: 'condition' });
test(uses, 'a & b', { a: 'plain', b: 'plain' });
test(uses, 'f() { a; }; f || true', { a: 'plain', f: 'swallowed' });
test(uses, 'case x in x) a || true ;; esac; for i in 1; do b || :; done', { a: 'swallowed', b: 'swallowed' });

test('what runs beside others is known', (t) => {
	const runs = Object.fromEntries(
		findCommandPlaces('a & { b; } & c <(d) >"$(e)" "$(f)"\ncat <<X\n$(g)\nX\n').places.map((place) => [place.words[0], place.runs]),
	);
	t.like(runs, { a: 'background', b: 'background', c: 'in turn', d: 'beside', e: 'beside', f: 'in turn', g: 'beside' });
});

test('a command is found by its line and its words', (t) => {
	const script = findCommandPlaces('a 1; a "$x"; b\nX=1 a 2\n"$c" \\\n  3\na <<E\n$(d)\nE\n');
	const found = (line: number, command: string) => placesOf(script, line, command).map(({ words }) => words);
	t.deepEqual(found(1, 'a 1'), [['a', '1']]);
	t.deepEqual(found(1, 'a 5'), [['a', undefined]]);
	t.deepEqual(found(2, 'X=1'), [['X=']]);
	t.deepEqual(found(2, 'a 2'), [['a', '2']]);
	t.deepEqual(found(4, 'whatever 3'), [[undefined, '3']]);
	// Of what is in a here-document the shell traces the line of the command.
	t.deepEqual(found(5, 'd'), [['d']]);
	t.deepEqual(found(1, 'c'), []);
	t.deepEqual(found(9, 'a 1'), []);
});

test('of the same command with other words, the one is meant that has no other words than were run', (t) => {
	const script = findCommandPlaces("ps | grep -v grep | grep nosuch | grep 'a b' | grep \"$x\"\n");
	const found = (command: string) => placesOf(script, 1, command).map(({ words }) => words.slice(1));
	t.deepEqual(found('grep -v grep'), [['-v', 'grep']]);
	t.deepEqual(found('grep nosuch'), [['nosuch']]);
	t.deepEqual(found("grep 'a b'"), [['a b'], [undefined]]);
	t.deepEqual(found('grep y'), [['a b'], [undefined]]);
});

test('a script that cannot be read has no more places than were read', (t) => {
	for (const text of ['', 'if', '$(', '\x00', '#!/usr/bin/python3\nprint("x")\n']) t.notThrows(() => findCommandPlaces(text));
});

test('in the bundled lab, only what its scripts are indifferent to could be swallowed', (t) => {
	for (const name of ['immich-ml', 'immich-server', 'postgres-pgvector', 'redis']) {
		const text = readFileSync(path.join(process.cwd(), `cloud-init/labs/immich-photo-vault/startup/${name}.sh`), 'utf8');
		const swallowed = findCommandPlaces(text).places.flatMap(({ use, words }) => (use === 'swallowed' ? [words[0]] : []));
		t.deepEqual(swallowed, ['ip', 'ip', ...(name === 'postgres-pgvector' ? ['runuser'] : [])]);
	}
});
