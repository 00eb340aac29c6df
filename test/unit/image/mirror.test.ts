import test from 'ava';
import { findDebianArchive } from '../../../src/image/mirror.js';

const found = test.macro((t, lines: string[], expected: string | undefined) => t.is(findDebianArchive(lines.join('\n')), expected));

test("Debian's archive", found, ['Debian|trixie|http://deb.example/debian/'], 'http://deb.example/debian');
test('security and updates come first and do not count', found, [
	'Debian|trixie-security|http://security.example/debian-security/',
	'Debian|trixie-updates|http://deb.example/debian/',
	'Debian Backports|bookworm-backports|http://deb.example/debian/',
	'Debian|bookworm|http://deb.example/debian/',
], 'http://deb.example/debian');
test("others' archives do not count", found, [
	'Ubuntu|noble|http://archive.example/ubuntu/',
	'|trixie|http://packages.example/',
	'. nodistro|nodistro|https://node.example/',
], undefined);
test('neither does a line without an address', found, ['Debian|trixie|', 'Debian', ''], undefined);
