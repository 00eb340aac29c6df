import test from 'ava';
import {
	isCalled,
	parseProcesses,
	processRunning,
	serviceEnabled,
	serviceRunning,
} from '../../../src/scenario/services.js';
import type { CommandResult } from '../../../src/machine/command-channel.js';
import { ended, rows } from './rows.js';

const running = rows(serviceRunning);
/** What systemctl shows of a unit that has become active two seconds after the machine came up, `age` seconds ago. */
const shown = (state: string, age = 60) =>
	ended(`now=${2 + age}.00\nActiveState=${state}\nActiveEnterTimestampMonotonic=2000000\n`);
test('service: active', running, { service: 'redis' }, shown('active'), true);
test('service: active again, and for a while', running, { service: 'redis' }, shown('active', 3), true);
test('service: active since before anybody counted', running, { service: 'redis' }, ended('now=9\nActiveState=active\nActiveEnterTimestampMonotonic=0\n'), true);
test('service: active for a moment', running, { service: 'redis' }, shown('active', 1), /service redis active, saw active, for 1\.0 s only/);
test('service: failed', running, { service: 'redis' }, shown('failed'), /service redis active, saw failed/);
test('service: still activating', running, { service: 'redis' }, shown('activating'), /saw activating/);
test(
	'service: reached no manager',
	running,
	{ service: 'redis' },
	ended('', 1, 'System has not been booted with systemd\n'),
	/saw exit status 1 \(System/,
);

const enabled = rows(serviceEnabled);
test('service: enabled', enabled, { service: 'redis' }, ended('enabled\n'), true);
test('service: enabled by its alias', enabled, { service: 'redis' }, ended('alias\n'), true);
test('service: static is not enabled', enabled, { service: 'redis' }, ended('static\n'), /saw static/);
test('service: disabled', enabled, { service: 'redis' }, ended('disabled\n', 1), /saw disabled/);
test('service: unknown to is-enabled', enabled, { service: 'x' }, ended('not-found\n', 4), /saw not-found/);

type Line = readonly [user: string, name: string, args: string];
type Process = readonly [pid: number, parent: number, ...Line];

const list = (asking: number, processes: readonly Process[]): CommandResult =>
	ended([`${asking}\n`, ...processes.map(([pid, parent, user, name, args]) => `${String(pid).padStart(10)} ${String(parent).padStart(10)} ${user.padEnd(32)} ${name.padEnd(15)} ${args}\n`)].join(''));
const ps = (...lines: Line[]): CommandResult => list(999, lines.map((line, index) => [index + 1, 0, ...line]));
const table = ps(
	['root', 'systemd', '/sbin/init'],
	['redis', 'redis-server', '/usr/bin/redis-server 127.0.0.1:6379'],
	['www-data', 'nginx', 'nginx: worker process'],
	['www-data', 'nginx', 'nginx: worker process'],
	['ops', 'python3', '/usr/bin/python3 -u /opt/immich/ml-compat.py --port 3003'],
	['ops', 'immich-server-c', '/opt/immich-server-compat'],
	['ops', 'immich-server-c', '/bin/sh /opt/immich-server-canary'],
	['root', 'kworker/u4:3-fl', '[kworker/u4:3-flush-254:0]'],
	['ops', 'vi', 'vi postgres'],
	['ops', 'Web Content', '/opt/browser x'],
);

test('processes are read, also with blanks in the name', (t) => {
	t.deepEqual(parseProcesses(table.stdout).at(-1), { pid: 10, parent: 0, user: 'ops', name: 'Web Content', commandLine: '/opt/browser x' });
	t.is(parseProcesses(table.stdout).length, 10);
});

const called = test.macro((t, wanted: string, expected: number) =>
	t.is(parseProcesses(table.stdout).filter((process) => isCalled(process, wanted)).length, expected),
);
test('called by its name', called, 'redis-server', 1);
test('called by a longer name than the kernel keeps', called, 'immich-server-compat', 1);
test('called by a longer name than the kernel keeps of its thread', called, 'kworker/u4:3-flush-254:0', 1);
test('called by its script', called, 'ml-compat.py', 1);
test('called by its title', called, 'nginx', 2);
test('not called by an argument', called, 'postgres', 0);
test('not called by a part', called, 'redis', 0);

const processes = rows(processRunning);
test('process: there', processes, { name: 'redis-server' }, table, true);
test('process: there for the user', processes, { name: 'redis-server', user: 'redis' }, table, true);
test(
	'process: of another user',
	processes,
	{ name: 'redis-server', user: 'root' },
	table,
	/of user root, saw 1 of redis$/,
);
test('process: as many', processes, { name: 'nginx', count: 2 }, table, true);
test('process: too many', processes, { name: 'nginx', count: 1 }, table, /1 of process nginx, saw 2 of www-data$/);
test('process: none', processes, { name: 'postgres' }, table, /saw none$/);
test('process: none expected, none there', processes, { name: 'postgres', count: 0 }, table, true);
test('process: no ps', processes, { name: 'x', count: 0 }, ended('', 127, 'ps: not found'), /exit status 127/);

const init: Process = [1, 0, 'root', 'systemd', '/sbin/init'];
const agents: readonly Process[] = [
	[300, 1, 'root', 'agent', '/usr/bin/perl /usr/local/lib/rehearse/agent'],
	[301, 300, 'root', 'bash', 'bash /usr/local/lib/rehearse/control-channel.bash /dev/virtio-ports/x'],
	[302, 300, 'root', 'agent', '/usr/bin/perl /usr/local/lib/rehearse/agent'],
];
const byAgent = list(400, [init, ...agents, [400, 302, 'root', 'ps', 'ps -eo args=']]);
const bySsh = list(407, [
	init,
	[20, 1, 'root', 'sshd', 'sshd: /usr/sbin/sshd -D'],
	[400, 20, 'root', 'sshd-session', 'sshd-session: ops@notty'],
	...[[403, 400, 'root', 'sudo', 'sudo -S sh -c x'], [405, 403, 'root', 'timeout', 'timeout -k 1 9 bash -c x'], [407, 405, 'root', 'ps', 'ps -eo args=']] as const,
]);
const ofTheLab: Process = [500, 1, 'root', 'agent', '/opt/monitor/agent --config /usr/local/lib/rehearse/x'];
for (const name of ['agent', 'perl', 'bash', 'ps']) test(`process: what the host asks by is none, ${name}`, processes, { name, count: 0 }, byAgent, true);
for (const name of ['sudo', 'timeout', 'ps']) test(`process: nor is the way to it over SSH, ${name}`, processes, { name, count: 0 }, bySsh, true);
test('process: the server of that way is the lab\'s', processes, { name: 'sshd', count: 1 }, bySsh, true);
test('process: one of the lab that is called like it', processes, { name: 'agent', count: 1 }, list(400, [init, ...agents, ofTheLab]), true);
test('process: a shell of the lab\'s beside them', processes, { name: 'bash', count: 1 }, list(400, [init, ...agents, [600, 1, 'ops', 'bash', '/bin/bash /opt/loop']]), true);
