import test from 'ava';
import { findSecrets, redact } from '../../../src/bundle/secrets.js';
import { encryptPassword } from '../../../src/seed/password.js';

const key = '-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk+/AAAA=\n-----END OPENSSH PRIVATE KEY-----\n';
const hash = encryptPassword('correct horse', 'web/ops');
const passwords = [
	{ user: 'ops', password: 'correct horse' },
	{ user: 'dev', password: 'a"b' },
	{ user: 'pin', password: '4711' },
	{ user: 'app', password: 'ops' },
	{ user: 'web', password: 'ops' },
];

const redacted = test.macro((t, text: string, holds: readonly string[], expected: string) => {
	const file = { path: 'f', contents: Buffer.from(text) };
	t.deepEqual(findSecrets([file], passwords), holds.length > 0 ? [{ path: 'f', holds }] : []);
	const [after] = redact([file], passwords);
	t.is(Buffer.from(after?.contents ?? []).toString(), expected);
	t.is(after?.contents.length, file.contents.length);
	t.deepEqual(findSecrets([{ path: 'f', contents: after?.contents ?? Buffer.alloc(0) }], passwords), []);
});

test('nothing', redacted, 'nothing to see here', [], 'nothing to see here');
test('a declared password', redacted, 'password: correct horse, x', ['password of ops'], 'password: xxxxxxxxxxxxx, x');
test('one within a word', redacted, 'Xcorrect horseX', ['password of ops'], 'XxxxxxxxxxxxxxX');
test('one that is quoted', redacted, '{"password":"a\\"b"}', ['password of dev'], '{"password":"xxxx"}');
test('a number remains one', redacted, '{"port":4711}', ['password of pin'], '{"port":1111}');
test('a short one within a word', redacted, 'stops', [], 'stops');
test('that of two users', redacted, 'PASS=ops', ['password of app, web'], 'PASS=xxx');
test('a private key', redacted, key, ['private key'], `${'x'.repeat(key.length - 1)}\n`);
test('a private key within JSON', redacted, JSON.stringify({ key }), ['private key'], `{"key":"${'x'.repeat(JSON.stringify(key).length - 4)}\\n"}`);
test('a hashed password', redacted, `{"hashed_passwd":"${hash}"}`, ['hashed password'], `{"hashed_passwd":"${'x'.repeat(hash.length)}"}`);
test('other methods of crypt(5)', redacted, 'a:$y$j9T$abcdefgh$0123456789abcdefghijklmnopqrstuvwxyzABCDEFG:', ['hashed password'], `a:${'x'.repeat(59)}:`);
test('what only looks like a hash', redacted, 'echo $1$2$3 "$5"', [], 'echo $1$2$3 "$5"');

test('bytes that are no text are left as they are', (t) => {
	const contents = Buffer.from([...Array(256).keys(), ...Buffer.from('correct horse'), 0xff]);
	const [after] = redact([{ path: 'seeds/a.iso', contents }], passwords);
	t.deepEqual(Buffer.from(after?.contents ?? []), Buffer.from([...Array(256).keys(), ...Buffer.from('xxxxxxxxxxxxx'), 0xff]));
});

test('a password of more than ASCII', (t) => {
	const secret = [{ user: 'ops', password: 'süß und sauer' }];
	const [after] = redact([{ path: 'f', contents: Buffer.from('<süß und sauer>') }], secret);
	t.is(Buffer.from(after?.contents ?? []).toString(), `<${'x'.repeat(15)}>`);
});

const written = test.macro((t, password: string, spelling: string) => {
	const [after] = redact([{ path: 'plan.json', contents: Buffer.from(`<${spelling}>`) }], [{ user: 'ops', password }]);
	t.is(Buffer.from(after?.contents ?? []).toString(), `<${'x'.repeat(spelling.length)}>`);
});
test('a password in the ASCII of other writers of JSON', written, 'grün "geheim"', '"gr\\u00fcn \\"geheim\\""'.slice(1, -1));
test('a password in ASCII with capitals', written, 'grün-geheim', 'gr\\u00FCn-geheim');
test('a password with escaped slashes', written, 'auf/und/zu', 'auf\\/und\\/zu');
test('a password in the quotes of YAML', written, "it's secret", "it''s secret");
