import test from 'ava';
import { readServer, whyClosed } from '../../../src/supervisor/logins.js';

const sockets = (...ports: number[]) => ports.map((port) => `LISTEN 0 128 0.0.0.0:${port} 0.0.0.0:*\n`).join('');
const ops = { username: 'ops' };

const explains = test.macro((t, code: string, ports: number[], settings: string[], expected: RegExp | undefined) => {
	const server = readServer(`${sockets(...ports)}\n${settings.join('\n')}\n`);
	const reason = whyClosed({ code }, server, ops);
	if (expected === undefined) t.is(reason, undefined);
	else t.regex(reason ?? '', expected);
});

const open = ['port 22', 'passwordauthentication yes', 'kbdinteractiveauthentication no', 'authenticationmethods any'];
test('a password that is refused though passwords are taken is a failure', explains, 'ssh-auth', [22], open, undefined);
test('a server that takes no passwords is closed', explains, 'ssh-auth', [22], ['port 22', 'passwordauthentication no', 'kbdinteractiveauthentication no'], /takes no passwords \(PasswordAuthentication no\): ops gets in with a key only$/);
test('also at another port', explains, 'ssh-auth', [2222], ['port 2222', 'passwordauthentication no', 'kbdinteractiveauthentication no'], /takes no passwords \(port 2222\)/);
test('one that asks interactively takes them', explains, 'ssh-auth', [22], ['port 22', 'passwordauthentication no', 'kbdinteractiveauthentication yes'], undefined);
test('one that wants a key and more is closed', explains, 'ssh-auth', [22], [...open.slice(0, 3), 'authenticationmethods publickey'], /takes publickey only/);
test('one for some people is closed', explains, 'ssh-auth', [22], [...open, 'allowusers admin'], /lets some people in only \(allowusers admin\)/);
test('a server that listens and cannot be reached is behind a firewall', explains, 'ssh-unreachable', [22], open, /listens at port 22, and nobody reaches that/);
test('a server that does not listen is a failure', explains, 'ssh-unreachable', [80], open, undefined);
test('so is one that reports nothing of itself', explains, 'ssh-unreachable', [], [], undefined);
test('root is kept out by the configuration, and nobody else by what it says of root', (t) => {
	const server = (value: string) => readServer(`${sockets(22)}\n${[...open, `permitrootlogin ${value}`].join('\n')}\n`);
	for (const value of ['no', 'prohibit-password', 'without-password', 'forced-commands-only']) {
		t.is(whyClosed({ code: 'ssh-auth' }, server(value), { username: 'root' }), `its SSH server takes no password of root's (PermitRootLogin ${value})`);
		t.is(whyClosed({ code: 'ssh-auth' }, server(value), ops), undefined);
	}
	t.is(whyClosed({ code: 'ssh-auth' }, server('yes'), { username: 'root' }), undefined);
});
test('a shell that sends people away is a failure', explains, 'ssh-shell', [22], open, undefined);
test('another host key is reported', explains, 'ssh-host-key', [22], open, /another host key/);

test('ports are those that sshd is configured for and somebody listens at', (t) => {
	t.deepEqual(readServer(`${sockets(80, 2222)}\nport 22\nport 2222\npermitrootlogin no\n`).ports, [2222]);
	t.deepEqual(readServer('\nport 22\n').ports, []);
	t.deepEqual(readServer('').ports, []);
});
