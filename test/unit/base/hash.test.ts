import test from 'ava';
import fc from 'fast-check';
import { canonicalJson, contentKey, sha256 } from '../../../src/base/hash.js';

/** The same value, with the keys of every object in the opposite order. */
function reversed(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(reversed);
	if (value === null || typeof value !== 'object') return value;
	return Object.fromEntries(
		Object.entries(value)
			.reverse()
			.map(([key, inner]) => [key, reversed(inner)]),
	);
}

test('the order of keys is irrelevant, and nothing else is lost', (t) => {
	fc.assert(
		fc.property(fc.jsonValue(), (value) => {
			t.is(canonicalJson(reversed(value)), canonicalJson(value));
			t.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)));
		}),
	);
});

test('the order of a list is relevant', (t) => {
	t.not(canonicalJson(['a', 'b']), canonicalJson(['b', 'a']));
	t.is(canonicalJson({ b: [{ d: 1, c: 2 }], a: null }), '{"a":null,"b":[{"c":2,"d":1}]}');
});

test('a hash is that of FIPS 180-4, of text and of bytes', (t) => {
	t.is(sha256('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
	t.is(sha256(Buffer.from('abc')), sha256('abc'));
});

test('a content key has the length that was asked for and follows the content', (t) => {
	t.regex(contentKey({ a: 1 }), /^[0-9a-f]{16}$/);
	t.is(contentKey({ a: 1 }, 32).length, 32);
	t.not(contentKey({ a: 1 }), contentKey({ a: '1' }));
});
