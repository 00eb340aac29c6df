/** The user that people get in as. */
import test from 'ava';
import type { User } from '../../../src/lab/lab.js';
import { loginUser } from '../../../src/prepare/machines.js';
import { labNode } from '../base/labs.js';

const user = (username: string, more: Partial<User> = {}): User => ({ username, groups: [], shell: '/bin/bash', ...more });

const chosen = test.macro({
	title: (title) => title ?? '',
	exec(t, users: readonly User[], username: string, password?: string) {
		t.deepEqual(loginUser(labNode('web', 0, { users })), { username, ...(password === undefined ? {} : { password }) });
	},
});
const ops = user('ops', { password: 'x', groups: ['sudo'] });

test('nobody is declared', chosen, [], 'root');
test('the first with a password and sudo', chosen, [user('app', { password: 'y' }), ops], 'ops', 'x');
test('a password before none', chosen, [user('app'), user('dev', { password: 'y' })], 'dev', 'y');
test('root after others', chosen, [user('root', { password: 'r' }), user('dev', { password: 'y' })], 'dev', 'y');
test('root where there is nobody else', chosen, [user('root', { password: 'r' })], 'root', 'r');
test('somebody without a password', chosen, [user('app')], 'app');
for (const shell of ['/usr/sbin/nologin', '/sbin/nologin', '/bin/false', '/usr/bin/false', '/bin/true', '/bin/sync']) {
	test(`a first user whose shell is ${shell}`, chosen, [user('svc', { password: 'z', groups: ['sudo'], shell }), ops], 'ops', 'x');
	test(`nobody but one whose shell is ${shell}`, chosen, [user('svc', { password: 'z', shell })], 'root');
	test(`without a password, and the shell ${shell}`, chosen, [user('svc', { shell }), user('dev')], 'dev');
}
test('other shells', chosen, [user('svc', { password: 'z', shell: '/usr/bin/fish' })], 'svc', 'z');
