import test from 'ava';
import { assertionTitle } from '../../../src/lab/describe.js';
import type { Assertion } from '../../../src/lab/lab.js';

const title = test.macro({
	exec: (t, assertion: Assertion, expected: string) => t.is(assertionTitle(assertion), expected),
	title: (_, _assertion, expected: string) => expected,
});
const onVm = 'redis';
const command = 'redis-cli ping';

test(title, { onVm, type: 'port_listening', port: 6379, protocol: 'tcp' }, 'redis: port 6379/tcp listens');
test(
	title,
	{ onVm, type: 'port_listening', port: 53, protocol: 'udp', address: '10.71.0.40' },
	'redis: port 53/udp listens on 10.71.0.40',
);
test(
	title,
	{ onVm, type: 'command_output', command, expect: { contains: 'PONG', exitCode: 0 } },
	'redis: command `redis-cli ping` prints "PONG"',
);
test(
	title,
	{ onVm, type: 'command_output', command, expect: { equals: '', matches: '^$', exitCode: 1 } },
	'redis: command `redis-cli ping` prints exactly "" and prints what matches /^$/ and exits 1',
);
test(
	title,
	{ onVm, type: 'command_output', command: 'cd /\nls\n', expect: { exitCode: 0 } },
	'redis: command `cd / …` exits 0',
);
test(
	title,
	{ onVm, type: 'http_responds', url: 'http://localhost/', status: 204, method: 'POST', contains: 'x' },
	'redis: POST http://localhost/ answers 204 and contains "x"',
);
test(
	title,
	{ onVm, type: 'user_exists', username: 'ops', groups: ['sudo', 'adm'] },
	'redis: user ops exists (groups sudo, adm)',
);
test(title, { onVm, type: 'group_exists', name: 'ops', gid: 1000 }, 'redis: group ops exists (gid 1000)');
test(title, { onVm, type: 'service_running', service: 'cron' }, 'redis: service cron runs');
test(title, { onVm, type: 'service_enabled', service: 'cron' }, 'redis: service cron is enabled');
test(title, { onVm, type: 'process_running', name: 'sshd', count: 2 }, 'redis: process sshd runs (count 2)');
test(
	title,
	{ onVm, type: 'package_installed', package: 'jq', version: '1.7' },
	'redis: package jq is installed (version 1.7)',
);
test(title, { onVm, type: 'package_not_installed', package: 'vim' }, 'redis: package vim is not installed');
test(
	title,
	{ onVm, type: 'file_exists', path: '/etc/motd', mode: '0644', owner: 'root', contains: 'hi' },
	'redis: file /etc/motd exists (mode 0644, owner root) and contains "hi"',
);
test(title, { onVm, type: 'network_reachable', host: '10.71.0.30', port: 5432 }, 'redis: 10.71.0.30:5432 is reachable');
test(title, { onVm, type: 'vm_boots' }, 'redis: boots');
