import test from 'ava';
import type { Assertion } from '../../../src/lab/lab.js';
import { announceTests, checkOf } from '../../../src/scenario/checks.js';
import type { CommandResult, GuestCommands, Limits } from '../../../src/machine/command-channel.js';

/** A guest in which every command gives `result`; it remembers what it was asked. */
function guestOf(result: CommandResult) {
	const asked: { command: string; limits: Limits }[] = [];
	const guest: GuestCommands = {
		run: async (command, limits) => {
			asked.push({ command, limits });
			return result;
		},
		listSockets: async (protocol, port, limits) => {
			asked.push({ command: `sockets ${protocol} ${port}`, limits });
			return result;
		},
		listRestarts: () => Promise.resolve(new Map()), connect: () => Promise.reject(new Error('no TCP in this test')),
	};
	return { guest, asked };
}

const runs = test.macro(async (t, assertion: Assertion, command: string) => {
	const { guest, asked } = guestOf({ stdout: '', stderr: '', exitCode: 1, ms: 0, timedOut: false });
	await checkOf(assertion).look(assertion, { guest, timeoutMs: 1234, slowdown: 1 });
	t.deepEqual(asked, [{ command, limits: { timeoutMs: 1234, signal: undefined } }]);
});

const onVm = 'redis';
test('TCP listeners', runs, { type: 'port_listening', onVm, port: 1, protocol: 'tcp' }, 'sockets tcp 1');
test('UDP listeners', runs, { type: 'port_listening', onVm, port: 1, protocol: 'udp' }, 'sockets udp 1');
test(
	'a command, as it is written, as root',
	runs,
	{ type: 'command_output', onVm, command: `echo 'a' | cat`, expect: { exitCode: 0 } },
	`echo 'a' | cat`,
);
test(
	'an active unit',
	runs,
	{ type: 'service_running', onVm, service: 'a; b' },
	`read -r now _ </proc/uptime; echo "now=$now"; exec systemctl show -p ActiveState,ActiveEnterTimestampMonotonic -- 'a; b'`,
);
test('an enabled unit', runs, { type: 'service_enabled', onVm, service: 'ssh' }, 'systemctl is-enabled -- ssh');
test('processes', runs, { type: 'process_running', onVm, name: 'x' }, 'echo $$; exec ps -eo pid:10=,ppid:10=,user:32=,comm:15=,args=');
test(
	'a package',
	runs,
	{ type: 'package_installed', onVm, package: 'curl' },
	`dpkg-query -W -f '\${db:Status-Status} \${Version}\\n' -- curl`,
);
test(
	'an absent package',
	runs,
	{ type: 'package_not_installed', onVm, package: 'curl' },
	`dpkg-query -W -f '\${db:Status-Status} \${Version}\\n' -- curl`,
);
test('a user', runs, { type: 'user_exists', onVm, username: 'ops' }, 'getent passwd -- ops && id -nG -- ops');
test('a group', runs, { type: 'group_exists', onVm, name: 'ops' }, 'getent group -- ops');
test(
	'a file',
	runs,
	{ type: 'file_exists', onVm, path: '/root/a b' },
	`stat -L -c '%a %U %G' -- '/root/a b' || exit`,
);
test('a booted machine', runs, { type: 'vm_boots', onVm }, 'true');

const cutShort = test.macro(async (t, result: Partial<CommandResult>, message: RegExp) => {
	const { guest } = guestOf({ stdout: '', stderr: '', exitCode: undefined, ms: 30_000, timedOut: false, ...result });
	// A package that dpkg could not be asked about would pass if how the command ended were ignored.
	const assertion: Assertion = { type: 'package_not_installed', onVm, package: 'curl' };
	const seen = await checkOf(assertion).look(assertion, { guest, timeoutMs: 1, slowdown: 1 });
	t.false(seen.passed);
	t.regex(seen.message, message);
});
test(
	'a command that does not end',
	cutShort,
	{ timedOut: true },
	/expected package curl is not installed, saw no end of the command within 30\.0 s/,
);
test(
	'a command that is killed',
	cutShort,
	{ signal: 'KILL', stderr: 'x\n' },
	/saw the command killed by SIGKILL \(x\)/,
);

test('both streams are kept for the reader', async (t) => {
	const { guest } = guestOf({ stdout: 'out\n', stderr: 'err\n', exitCode: 0, ms: 0, timedOut: false });
	const assertion: Assertion = { type: 'vm_boots', onVm };
	const seen = await checkOf(assertion).look(assertion, { guest, timeoutMs: 1, slowdown: 1 });
	t.is(seen.output, 'out\nerr');
});

test('tests are announced with types, nodes and titles', (t) => {
	const assertions: Assertion[] = [
		{ type: 'port_listening', onVm, port: 6379, protocol: 'tcp' },
		{ type: 'command_output', onVm, command: 'echo a\necho b', expect: { exitCode: 0 } },
	];
	t.deepEqual(announceTests([{ name: 'Ports', assertions }]), [
		{
			name: 'Ports',
			assertions: [
				{ type: 'port_listening', onVm, title: 'port 6379/tcp listens' },
				{ type: 'command_output', onVm, title: 'output of `echo a…`' },
			],
		},
	]);
});
