import test from 'ava';
import { parseManifest, pinFailure, pinPreferences } from '../../../src/iso/manifest.js';

const manifest = (text: string) => parseManifest(text, 'isos/web/dpkg-manifest');

test('a manifest is read, with or without architectures', (t) => {
	t.deepEqual([...manifest('jq\t1.7.1-6+deb13u1\nlibc6:amd64 2.41-12\n\n')], [['jq', '1.7.1-6+deb13u1'], ['libc6', '2.41-12']]);
});

const refused = test.macro((t, text: string, message: RegExp) => t.throws(() => manifest(text), { message, code: 'usage' }));
test('something else', refused, 'jq\t1.7\n{"a": 1}\n', /^isos\/web\/dpkg-manifest:2: expected a package and its version/);
test('a version that would be more of apt\'s preferences', refused, 'jq\t1.7\nPin-Priority: -1\n', /:2: /);
test('nothing', refused, '\n', /names no package/);

test("each package is pinned to its version, apt's own notion of newer notwithstanding", (t) => {
	t.is(pinPreferences(manifest('jq\t1.7\nzstd\t1.5\n')), 'Package: jq\nPin: version 1.7\nPin-Priority: 1001\n\nPackage: zstd\nPin: version 1.5\nPin-Priority: 1001\n');
});

test('a version that is gone is named, with the one that there is', (t) => {
	const failure = pinFailure(manifest('jq\t1.6\nzstd\t1.5\n'), manifest('jq\t1.7\nzstd\t1.5\n'), 'web');
	t.is(failure?.message, 'web: the manifest cannot be met: jq 1.6: the mirror has 1.7 instead');
	t.is(failure?.exitCode, 2);
});

test('so are packages that are gone or new', (t) => {
	const failure = pinFailure(manifest('jq\t1.7\nold\t1\n'), manifest('jq\t1.7\nnew\t2\n'), 'web');
	t.regex(failure?.message ?? '', /: old 1: no longer among the dependencies, and 1 other$/);
	t.regex(failure?.detail ?? '', /new 2: not in the manifest/);
});

test('a manifest that is met is none', (t) => {
	t.is(pinFailure(manifest('jq\t1.7\n'), manifest('jq\t1.7\n'), 'web'), undefined);
});
