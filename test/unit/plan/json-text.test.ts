import test from 'ava';
import fc from 'fast-check';
import { JsonSyntaxError, parseJsonText } from '../../../src/plan/json-text.js';
import type { SyntaxNode } from '../../../src/plan/syntax.js';

/** The plain value of a node; of a key that appears twice, the last counts. */
function valueOf(node: SyntaxNode): unknown {
	if (node.kind === 'scalar') return node.value;
	if (node.kind === 'list') return node.items.map(valueOf);
	// Object.fromEntries defines: a key named __proto__ is a key like any other, as in JSON.parse.
	return Object.fromEntries(node.entries.map(({ key, value }) => [key, valueOf(value)]));
}

/** What JSON.parse makes of a text, or that it refuses it. */
function outcome(read: () => unknown): { readonly value: unknown } | 'refused' {
	try {
		return { value: read() };
	} catch (error) {
		if (error instanceof SyntaxError || error instanceof JsonSyntaxError) return 'refused';
		throw error;
	}
}

test('any JSON, in whatever layout, is read as JSON.parse reads it', (t) => {
	const layout = fc.constantFrom('', ' ', '\t', '\n', '\r\n\t', 4, '    ');
	fc.assert(
		fc.property(fc.jsonValue(), layout, (value, space) => {
			const text = JSON.stringify(value, undefined, space);
			t.deepEqual(valueOf(parseJsonText(text).root), JSON.parse(text));
		}),
	);
});

test('what JSON.parse refuses is refused, and nothing else', (t) => {
	const pieces = fc.constantFrom(...'{}[]:,"\\ \n', '"a"', '1', '-', '0', '1.5e+3', '.', 'e', 'true', 'nul', '\\u00', '\x01', '#');
	const text = fc.oneof(fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('')), brokenJson());
	fc.assert(
		fc.property(text, (candidate) => {
			t.deepEqual(outcome(() => valueOf(parseJsonText(candidate).root)), outcome(() => JSON.parse(candidate) as unknown), candidate);
		}),
		{ numRuns: 2000 },
	);
});

/** Good JSON with one character taken out, doubled or replaced. */
const brokenJson = () =>
	fc.tuple(fc.json(), fc.nat(), fc.constantFrom('', ',', '"', '}', '0', '\n')).map(([json, place, character]) => {
		const at = place % (json.length + 1);
		return json.slice(0, at) + character + json.slice(at + (place % 2));
	});

test('values have the line that they begin on, keyed ones beside that of their key', (t) => {
	const { root, value } = parseJsonText('\n{\n  "a": [1,\n    2],\n  "a":\n    {"b": null}\n}\n');
	t.deepEqual(root, {
		kind: 'mapping',
		line: 2,
		entries: [
			{
				key: 'a',
				line: 3,
				value: {
					kind: 'list',
					line: 3,
					items: [
						{ kind: 'scalar', line: 3, value: 1 },
						{ kind: 'scalar', line: 4, value: 2 },
					],
				},
			},
			{
				key: 'a',
				line: 5,
				value: { kind: 'mapping', line: 6, entries: [{ key: 'b', line: 6, value: { kind: 'scalar', line: 6, value: null } }] },
			},
		],
	});
	t.deepEqual(value, { a: { b: null } });
});

const refuses = test.macro({
	title: (_title, text: string) => `refused: ${JSON.stringify(text)}`,
	exec(t, text: string, line: number, column: number, message: string) {
		const error = t.throws(() => parseJsonText(text), { instanceOf: JsonSyntaxError, message });
		t.deepEqual([error.line, error.column], [line, column]);
	},
});

test(refuses, '', 1, 1, 'expected a value');
test(refuses, '{\n  "a" 1}', 2, 7, 'expected ":" after the key');
test(refuses, '{"a": 1,\n}', 2, 1, 'expected a key in double quotes');
test(refuses, '[1 2]', 1, 4, 'expected "," or "]"');
test(refuses, '{"a": 1', 1, 8, 'expected "," or "}"');
test(refuses, '{"a": "b}', 1, 7, 'this string does not end');
test(refuses, '["a\nb"]', 1, 2, 'this string holds a line break, another control character or an unknown escape');
test(refuses, '{} {}', 1, 4, 'expected the end of the file');
