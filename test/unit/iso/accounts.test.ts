import test from 'ava';
import { Failure } from '../../../src/base/errors.js';
import { addAccounts, type AccountRequest } from '../../../src/iso/accounts.js';
import { facts } from './facts.js';

const day = 20_769;

const add = (...users: AccountRequest[]) => addAccounts(facts.accounts, users, day);

const ops: AccountRequest = { username: 'ops', groups: ['sudo'], shell: '/bin/bash', passwordHash: '$6$salt$hash' };

/** Only what was added or changed, a line each. */
const changed = (table: string, ...users: AccountRequest[]): string[] => {
	const before = new Set(facts.accounts[table]?.split('\n'));
	return (add(...users).files[table] ?? '').split('\n').filter((line) => !before.has(line));
};

test('a user has a group of his own, a home directory and subordinate ids', (t) => {
	t.deepEqual(changed('passwd', ops), ['ops:x:1000:1000::/home/ops:/bin/bash']);
	t.deepEqual(changed('shadow', ops), [`ops:$6$salt$hash:${day}:0:99999:7:::`]);
	t.deepEqual(changed('group', ops), ['sudo:x:27:ops', 'ops:x:1000:']);
	t.deepEqual(changed('gshadow', ops), ['sudo:*::ops', 'ops:!::']);
	t.deepEqual(changed('subuid', ops), ['ops:100000:65536']);
	t.deepEqual(add(ops).homes, [{ username: 'ops', path: '/home/ops', uid: 1000, gid: 1000, isNew: true }]);
});

test('the second user comes after the first, and without a password nobody logs in with one', (t) => {
	const guest = { username: 'guest', groups: [], shell: '/bin/sh' };
	t.deepEqual(changed('passwd', ops, guest).at(-1), 'guest:x:1001:1001::/home/guest:/bin/sh');
	t.deepEqual(changed('shadow', ops, guest).at(-1), `guest:!:${day}:0:99999:7:::`);
	t.deepEqual(changed('subgid', ops, guest).at(-1), 'guest:165536:65536');
});

test('a group that is not there is made; the first user has the id 1000 all the same, as useradd(8) chooses it', (t) => {
	const deployer = { ...ops, groups: ['deploy', 'deploy'] };
	t.deepEqual(changed('group', deployer), ['deploy:x:1000:ops', 'ops:x:1001:']);
	t.deepEqual(changed('passwd', deployer), ['ops:x:1000:1001::/home/ops:/bin/bash']);
	const guest = { username: 'guest', groups: ['deploy', 'visitors'], shell: '/bin/sh' };
	t.deepEqual(changed('group', deployer, guest), ['deploy:x:1000:ops,guest', 'ops:x:1001:', 'visitors:x:1002:guest', 'guest:x:1003:']);
	t.deepEqual(changed('passwd', deployer, guest), ['ops:x:1000:1001::/home/ops:/bin/bash', 'guest:x:1001:1003::/home/guest:/bin/sh']);
});

test('an id comes behind the highest of its table, whatever the system has for itself above those of persons', (t) => {
	const passwd = `${facts.accounts['passwd']}nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\nbuilder:x:1004:1004::/home/builder:/bin/sh\n`;
	const group = `${facts.accounts['group']}nogroup:x:65534:\nbuilder:x:1004:\n`;
	const { files } = addAccounts({ ...facts.accounts, passwd, group }, [ops], day);
	t.regex(files['passwd'] ?? '', /^ops:x:1005:1005:/m);
	t.regex(files['group'] ?? '', /^ops:x:1005:$/m);
});

test('a user who is there gets password, shell and groups, and no other home', (t) => {
	const root = { ...ops, username: 'root' };
	t.deepEqual(changed('passwd', { ...root, shell: '/bin/sh' }), ['root:x:0:0:root:/root:/bin/sh']);
	t.deepEqual(changed('shadow', root), [`root:$6$salt$hash:${day}:0:99999:7:::`]);
	t.deepEqual(changed('passwd', { ...root, comment: 'Superuser', home: '/srv/root' }), ['root:x:0:0:Superuser:/root:/bin/bash']);
	t.deepEqual(add(root).homes, [{ username: 'root', path: '/root', uid: 0, gid: 0, isNew: false }]);
	t.deepEqual(changed('shadow', { ...root, username: 'redis', passwordHash: undefined }), []);
});

test('a home directory and a full name of the recipe\'s own', (t) => {
	const operator = { ...ops, home: '/srv/teams//ops/', comment: 'Operator, night shift' };
	t.deepEqual(changed('passwd', operator), ['ops:x:1000:1000:Operator, night shift:/srv/teams/ops:/bin/bash']);
	t.is(add(operator).homes[0]?.path, '/srv/teams/ops');
});

const refused = test.macro((t, overrides: Partial<AccountRequest>) => {
	const error = t.throws(() => add({ ...ops, ...overrides }), { instanceOf: Failure });
	t.is((error as Failure).exitCode, 2);
});
test('a colon', refused, { username: 'root:x' });
test('a line', refused, { shell: '/bin/sh\nroot::0:0' });
test('a comma in a group', refused, { groups: ['a,root'] });
test('nothing', refused, { username: '' });
test('a colon in a full name', refused, { comment: 'a:b' });
for (const home of ['/', '/usr', '/var/lib', '/bin/ops', '/tmp/ops', '/root/ops', '/srv/../etc', 'ops', '/home']) {
	test(`the home directory ${home}`, refused, { home });
}
for (const home of ['/srv/ops', '/var/lib/ops', '/opt/ops', '/data', '/rooted']) {
	test(`but not ${home}`, (t) => t.is(add({ ...ops, home }).homes[0]?.path, home));
}
