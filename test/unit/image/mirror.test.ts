import test from 'ava';
import { findDebianArchive, findSecurityArchive, namedMirror, parseProxies } from '../../../src/image/mirror.js';

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
test('neither does a disc', found, ['Debian|trixie|cdrom:[Debian GNU/Linux 13.2.0 _Trixie_ - Official amd64 DVD Binary-1]/', 'Debian|trixie|http://deb.example/debian/'], 'http://deb.example/debian');
test('neither does a line without an address', found, ['Debian|trixie|', 'Debian', ''], undefined);

test('security updates are found where the host has them', (t) => {
	const lines = ['Debian|bookworm|http://deb.example/debian/', 'Other|bookworm-security|http://other.example/', 'Debian|bookworm-security|http://security.example/d-s//'];
	t.is(findSecurityArchive(lines.join('\n')), 'http://security.example/d-s');
	t.is(findSecurityArchive(lines.slice(0, 2).join('\n')), undefined);
});

test('a mirror that is named has them beside it, if anywhere', (t) => {
	t.deepEqual(namedMirror('http://deb.example/debian/'), { uri: 'http://deb.example/debian', security: 'http://deb.example/debian-security' });
	t.deepEqual(namedMirror('http://snapshot.example/debian/20260101T000000Z'), { uri: 'http://snapshot.example/debian/20260101T000000Z', security: 'http://snapshot.example/debian-security/20260101T000000Z' });
	t.deepEqual(namedMirror('http://x.example/mirrors/trixie//'), { uri: 'http://x.example/mirrors/trixie', security: 'http://x.example/mirrors/trixie-security' });
});

test('proxies are each a setting of its own, those for one host too', (t) => {
	const lines = ['Acquire::http::Proxy http://proxy.example:3128', 'Acquire::http::Proxy::mirror.example DIRECT', 'Acquire::https::Proxy http://other.example:1'];
	t.deepEqual(parseProxies(lines.join('\n')), {
		'Acquire::http::Proxy': 'http://proxy.example:3128',
		'Acquire::http::Proxy::mirror.example': 'DIRECT',
		'Acquire::https::Proxy': 'http://other.example:1',
	});
	t.deepEqual(parseProxies('\nAcquire::http::Proxy \nAcquire::http::Proxy-Auto-Detect /usr/bin/x\n'), {});
});
