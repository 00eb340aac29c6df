import test from 'ava';
import { groupExists, userExists } from '../../../src/scenario/accounts.js';
import { ended, rows } from './rows.js';

const users = rows(userExists);
const ops = ended('ops:x:1000:1000:,,,:/home/ops:/bin/bash\nops sudo adm\n');
test('user: there', users, { username: 'ops' }, ops, true);
test(
	'user: all as demanded',
	users,
	{ username: 'ops', groups: ['sudo', 'adm'], shell: '/bin/bash', home: '/home/ops' },
	ops,
	true,
);
test(
	'user: not in the group',
	users,
	{ username: 'ops', groups: ['sudo', 'docker'] },
	ops,
	/in sudo, docker, saw it in ops, sudo, adm/,
);
test('user: part of a group name', users, { username: 'ops', groups: ['sud'] }, ops, /in sud, saw/);
test(
	'user: another shell',
	users,
	{ username: 'ops', shell: '/bin/sh' },
	ops,
	/with shell \/bin\/sh, saw .*\/bin\/bash/,
);
test('user: another home', users, { username: 'ops', home: '/srv' }, ops, /with home \/srv, saw .*\/home\/ops/);
test('user: unknown', users, { username: 'eve' }, ended('', 2), /saw no such user/);
test('user: a uid is no name', users, { username: '1000' }, ops, /user 1000, saw/);

const groups = rows(groupExists);
test('group: there', groups, { name: 'sudo' }, ended('sudo:x:27:ops\n'), true);
test('group: with its gid', groups, { name: 'sudo', gid: 27 }, ended('sudo:x:27:ops\n'), true);
test('group: another gid', groups, { name: 'sudo', gid: 28 }, ended('sudo:x:27:ops\n'), /gid 28, saw it with gid 27/);
test('group: unknown', groups, { name: 'nobody' }, ended('', 2), /saw no such group/);
