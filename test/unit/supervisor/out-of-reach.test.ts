import test from 'ava';
import type { Assertion } from '../../../src/lab/lab.js';
import type { TraceStep } from '../../../src/lab/trace.js';
import type { CommandResult, GuestCommands } from '../../../src/machine/command-channel.js';
import { isAbout, OutOfReach, readNetwork } from '../../../src/supervisor/out-of-reach.js';
import { cutOffsIn } from '../../../src/trace/cut-offs.js';
import { labNode } from '../base/labs.js';

const [web, db] = [labNode('web', 0), labNode('db', 1)];

/** What a node reports of its network. */
const network = ({ flags = 'BROADCAST,MULTICAST,UP,LOWER_UP', addresses = [web.uplinkAddress, '10.80.0.10'], route = true }) =>
	[
		'1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN \\    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00',
		`2: enp0s2: <${flags}> mtu 1500 qdisc fq_codel state UP \\    link/ether ${web.mac.toUpperCase()} brd ff:ff:ff:ff:ff:ff`,
		'',
		'1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever',
		...addresses.map((address) => `2: enp0s2    inet ${address}/24 scope global enp0s2\\       valid_lft forever`),
		'',
		...(route ? ['default via 10.0.2.1 dev enp0s2 proto dhcp'] : []),
		'',
	].join('\n');

const step = (line: number, command: string, more: Partial<TraceStep> = {}): TraceStep => ({ line, command, depth: 0, status: 0, ...more });
const down = step(5, 'ip link set enp0s2 down');

interface Case {
	readonly steps?: readonly TraceStep[];
	readonly sees?: string;
	readonly answers?: boolean;
	readonly isUnplugged?: boolean;
	readonly assertion?: Assertion;
	readonly expected: RegExp | undefined;
}

const ping: Assertion = { type: 'network_reachable', onVm: 'db', host: '10.80.0.10' };
const page: Assertion = { type: 'http_responds', onVm: 'db', url: 'http://10.80.0.10:8080/', status: 200, method: 'GET' };

const explained = test.macro(async (t, { steps = [], sees = network({}), answers = true, isUnplugged = false, assertion = ping, expected }: Case) => {
	const result = (stdout: string): CommandResult => ({ stdout, stderr: '', exitCode: 0, ms: 1, timedOut: false });
	const whole = network({}).replace(web.mac.toUpperCase(), db.mac).replace(web.uplinkAddress, db.uplinkAddress).replace('10.80.0.10', '10.80.0.11');
	const reach = new OutOfReach({
		nodes: [web, db],
		find: (node) => ({ cuts: node === 'web' ? cutOffsIn('app', { shell: 'bash', steps }) : [], isUnplugged: node === 'web' && isUnplugged }),
		guests: (node) => ({ run: () => Promise.resolve(result(node === 'web' ? sees : whole)) }) as unknown as GuestCommands,
		timeoutMs: 1000,
		signal: new AbortController().signal,
		answers: () => Promise.resolve(answers),
	});
	const explained = await reach.explain(assertion);
	if (expected === undefined) t.is(explained, undefined);
	else t.regex(explained ?? '', expected);
});

test('nothing is amiss', explained, { expected: undefined });
test('its interface is down, by a line that is known', explained, { steps: [down], sees: network({ flags: 'BROADCAST' }), expected: /^web has been out of reach since line 5 of app \(ip link set enp0s2 down\): its interface enp0s2 is down; `rehearse console web`/ });
test('its interface is down, by nobody knows what', explained, { sees: network({ flags: 'BROADCAST' }), expected: /^web is out of reach: its interface enp0s2 is down; no line of its scripts is known/ });
test('another interface went down', explained, { steps: [step(5, 'ip link set docker0 down')], sees: network({ flags: 'BROADCAST' }), expected: /no line of its scripts is known/ });
test('a command that failed has done nothing', explained, { steps: [{ ...down, status: 2 }], sees: network({ flags: 'BROADCAST' }), expected: /no line of its scripts is known/ });
test('the last of two', explained, { steps: [down, step(7, 'ip link set enp0s2 up'), step(9, 'ifconfig enp0s2 down')], sees: network({ flags: 'BROADCAST' }), expected: /since line 9 of app/ });
test('a line of the script for a command of a sourced file', explained, { steps: [step(4, '. /opt/net.sh'), { ...down, line: 2, source: '/opt/net.sh', depth: 1 }], sees: network({ flags: '' }), expected: /since line 4 of app/ });
test('its address was taken away', explained, { steps: [step(3, 'ip addr flush dev enp0s2')], sees: network({ addresses: [] }), expected: /since line 3 of app \(ip addr flush dev enp0s2\): enp0s2 has no address 10\.80\.0\.10, 10\.0\.2\.\d+/ });
test('an address that no script took away', explained, { sees: network({ addresses: [web.uplinkAddress] }), expected: /^web is out of reach: enp0s2 has no address 10\.80\.0\.10; no line/ });
test('a firewall of one command', explained, { steps: [step(8, 'nft -f /etc/nftables.conf')], answers: false, expected: /since line 8 of app \(nft -f \/etc\/nftables\.conf\): nothing answers at 10\.80\.0\.10, port 22/ });
test('of a firewall of several commands no single one is named', explained, { steps: [step(8, 'iptables -A INPUT -i lo -j ACCEPT'), step(9, 'iptables -P INPUT DROP')], answers: false, assertion: page, expected: /^web is out of reach: nothing answers at 10\.80\.0\.10, port 8080, .*; lines 8 to 9 of app change that/ });
test('a firewall that lets this through is not blamed', explained, { steps: [step(8, 'iptables -P INPUT DROP')], answers: true, assertion: page, expected: undefined });
test('silence without a firewall is none', explained, { answers: false, assertion: page, expected: undefined });
test('a link that was cut from outside is no script\'s doing', explained, { steps: [step(8, 'nft -f /x')], answers: false, isUnplugged: true, expected: /^the link of web was cut from outside/ });
test('a default route that a script took away', explained, { steps: [step(6, 'ip route del default')], sees: network({ route: false }), expected: /since line 6 of app/ });
test('the asker\'s own network counts too', explained, { steps: [down], sees: network({ flags: '' }), assertion: { type: 'command_output', onVm: 'web', command: 'nc -z 10.80.0.11 5432', expect: { exitCode: 0 } }, expected: /^web has been out of reach since line 5/ });
test('what asks for nothing of the network is not explained by it', explained, { steps: [down], sees: network({ flags: '' }), assertion: { type: 'service_running', onVm: 'web', service: 'nginx' }, expected: undefined });

test('an address is not a part of another', (t) => {
	const asks = (command: string): Assertion => ({ type: 'command_output', onVm: 'db', command, expect: { exitCode: 0 } });
	t.true(isAbout(asks('curl http://10.80.0.10:80/x'), web));
	t.false(isAbout(asks('curl http://10.80.0.100/'), web));
	t.true(isAbout(asks('ping -c1 web'), web));
	t.false(isAbout(asks('cat /srv/website'), web));
});

test('what makes no sense is no network', (t) => t.deepEqual(readNetwork('nonsense', web.mac), { isUp: false, addresses: [], hasDefaultRoute: false }));
