import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { isoFiles, isoPrograms, knownPrograms } from '../../../src/base/programs.js';
import { run } from '../../../src/process/run.js';
import { makeCheckout } from './checkout.js';

/** Runs shell text with the decisions of bin/lib at hand. */
const shell = async (text: string, ...args: string[]) => {
	const libraries = ['report', 'checkout', 'packages', 'sources', 'permissions'].map((name) => `. bin/lib/${name}.sh`);
	return run(['sh', '-c', `set -eu\n${libraries.join('\n')}\n${text}`, 'sh', ...args], { allowFailure: true });
};

const sources = test.macro(async (t, name: string, text: string, expected: readonly string[]) => {
	const checkout = await makeCheckout(t);
	await checkout.write(name, text);
	const { stdout } = await shell('configured_sources "$@"', path.join(checkout.root, name));
	t.deepEqual(stdout.split('\n').filter((line) => line !== ''), [...expected]);
});

test('sources of one line each', sources, 'a.list',
	`# deb http://off.example/debian bookworm-backports main
deb http://m.example/debian bookworm main contrib # a comment
deb-src http://m.example/debian bookworm main
deb [arch=amd64 signed-by=/k/debian.gpg] https://m.example/debian/ bookworm-updates contrib main
deb http://other.example/tools stable tools
`,
	['http://m.example/debian\tbookworm\t-', 'https://m.example/debian/\tbookworm-updates\t/k/debian.gpg']);

test('sources of deb822', sources, 'a.sources',
	`Types: deb deb-src
# a comment within
URIs: http://m.example/debian http://second.example/debian
Suites: bookworm bookworm-updates
Components: main non-free-firmware
Signed-By: /k/debian.gpg

Enabled: no
Types: deb
URIs: http://m.example/debian
Suites: bookworm-backports
Components: main

types: deb
uris: http://s.example/security
suites:
 bookworm-security
components: main
`,
	[
		'http://m.example/debian\tbookworm\t/k/debian.gpg',
		'http://m.example/debian\tbookworm-updates\t/k/debian.gpg',
		'http://s.example/security\tbookworm-security\t-',
	]);

test('a key in the sources themselves', sources, 'a.sources',
	`Types: deb
URIs: http://m.example/debian
Suites: bookworm
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mDMEY865UxYJKwYBBAHaRw8BAQdAd7Z0srwuhlB6JKFkcf4HU4SSS
 -----END PGP PUBLIC KEY BLOCK-----
`,
	['http://m.example/debian\tbookworm\tembedded']);

const stanza = test.macro(async (t, lines: string, expected: string, status: number) => {
	const { stdout, exitCode } = await shell('printf %b "$1" | suite_stanza bookworm bookworm-backports', lines);
	t.is(stdout, expected);
	t.is(exitCode, status);
});
const head = 'Types: deb\nURIs: http://m.example/debian\nSuites: bookworm-backports\nComponents: main';

test('backports come from where the release comes from', stanza,
	'http://s.example\\tbookworm-security\\t-\\nhttp://m.example/debian\\tbookworm\\t/k.gpg\\n', `${head}\nSigned-By: /k.gpg`, 0);
test('without a keyring there is none', stanza, 'http://m.example/debian\\tbookworm\\t-\\n', head, 0);
test('backports that are there already', stanza, 'http://m.example\\tbookworm\\t-\\nhttp://b.example\\tbookworm-backports\\t-\\n', '', 0);
test('a host without the release', stanza, 'http://m.example\\tnoble\\t-\\n', '', 1);

const suite = test.macro(async (t, osRelease: string, expected: string) => {
	const checkout = await makeCheckout(t);
	await checkout.write('os-release', osRelease);
	t.is((await shell('qemu_suite "$1"', path.join(checkout.root, 'os-release'))).stdout, expected);
});

test('Debian 12 has QEMU from backports', suite, 'NAME="Debian GNU/Linux"\nID=debian\nVERSION_CODENAME=bookworm\n', 'bookworm-backports');
test('Debian 13 has it itself', suite, 'ID=debian\nVERSION_CODENAME=trixie\n', '');
test('Ubuntu has it itself', suite, 'ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=noble\n', '');

const nextId = test.macro(async (t, text: string, expected: string) => {
	const checkout = await makeCheckout(t);
	await checkout.write('subuid', text);
	t.is((await shell('next_subordinate_id "$1"', path.join(checkout.root, 'subuid'))).stdout, expected);
});

test('the first range of a host', nextId, '', '100000');
test('a range behind all others, whatever their order', nextId, 'bob:165536:65536\nann:100000:65536\n', '231072');
test('ids below those of login.defs are left alone', nextId, 'root:1:10\n', '100000');
test('ids beyond 2^31', nextId, 'ann:3000000000:65536\n', '3000065536');

const owns = test.macro(async (t, text: string, expected: boolean) => {
	const checkout = await makeCheckout(t);
	await checkout.write('subuid', text);
	const { exitCode } = await shell('has_subordinate_ids ann 1000 "$1"', path.join(checkout.root, 'subuid'));
	t.is(exitCode === 0, expected);
});

test('a range by name', owns, 'bob:100000:65536\nann:165536:65536\n', true);
test('a range by number', owns, '1000:165536:65536\n', true);
test('a range of somebody of a longer name', owns, 'anna:100000:65536\n', false);
test('no range', owns, '', false);

test('packages are the same as those of the program’s messages', async (t) => {
	const text = await readFile('bin/lib/packages.sh', 'utf8');
	const table = /^programs='\n([^']*)'/m.exec(text)?.[1]?.trim().split('\n') ?? [];
	t.deepEqual(table.sort(), knownPrograms().map(({ program, package: name }) => `${program} ${name}`).sort());
});

test('so are those of ISOs', async (t) => {
	const text = await readFile('bin/lib/packages.sh', 'utf8');
	const rows = (name: string) => new RegExp(`^${name}='\n([^']*)'`, 'm').exec(text)?.[1]?.trim().split('\n').sort();
	t.deepEqual(rows('iso_programs'), isoPrograms().map(({ program, package: name }) => `${program} ${name}`).sort());
	t.deepEqual(rows('iso_files'), isoFiles.map(({ file, package: name }) => `${file} ${name}`).sort());
});
