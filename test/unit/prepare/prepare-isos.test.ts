import test from 'ava';
import { consoleLogin } from '../../../src/prepare/prepare-isos.js';
import { labNode } from '../base/labs.js';

const user = { username: 'ops', password: 'secret', groups: ['sudo'], shell: '/bin/bash' };
const { password: _password, ...withoutPassword } = user;

test('the console of an ISO lets in who can become root', (t) => {
	const plain = { ...user, username: 'guest', groups: [] };
	t.deepEqual(consoleLogin(labNode('a', 0, { users: [plain, user] })), { login: { username: 'ops', password: 'secret' } });
	t.deepEqual(consoleLogin(labNode('a', 0, { users: [{ ...plain, username: 'root' }] })), { login: { username: 'root', password: 'secret' } });
});

test('nobody is logged in there whose shell lets nobody in, and the one who gets in by SSH comes first', (t) => {
	const [service, root] = [{ ...user, username: 'backup', shell: '/usr/sbin/nologin' }, { ...user, username: 'root', groups: [] }];
	t.deepEqual(consoleLogin(labNode('a', 0, { users: [service, user] })), { login: { username: 'ops', password: 'secret' } });
	t.deepEqual(consoleLogin(labNode('a', 0, { users: [root, user] })), { login: { username: 'ops', password: 'secret' } });
	t.throws(() => consoleLogin(labNode('a', 0, { users: [service] })), { code: 'usage' });
});

test("where nobody can, QEMU's guest agent will do", (t) => {
	t.deepEqual(consoleLogin(labNode('a', 0, { users: [], packages: ['qemu-guest-agent'] })), {});
});

for (const [who, users] of Object.entries({ 'nobody': [], 'nobody without a password': [withoutPassword], 'nobody without sudo': [{ ...user, groups: [] }] })) {
	test(`${who} is refused, and the fix named`, (t) => {
		const failure = t.throws(() => consoleLogin(labNode('web', 0, { users })), { code: 'usage', message: /^web: nobody can become root/ });
		t.like(failure, { hint: 'give the recipe a user with a password in the group sudo, or the package qemu-guest-agent' });
	});
}
