import test from 'ava';
import { covers, parseListeners, portListening } from '../../../src/scenario/ports.js';
import { ended, rows } from './rows.js';

const tcpListeners = ended(
	[
		'LISTEN 0      128          0.0.0.0:22         0.0.0.0:*          ',
		'LISTEN 0      244        127.0.0.1:5432       0.0.0.0:*          ',
		'LISTEN 0      4096   127.0.0.53%lo:53         0.0.0.0:*          ',
		'LISTEN 0      511       10.71.0.40:6379       0.0.0.0:*          ',
		'LISTEN 0      128             [::]:22            [::]:*          ',
		'LISTEN 0      5                  *:2283             *:*          ',
		'LISTEN 0      5      [fe80::1]%eth0:3003         [::]:*          ',
		'LISTEN 0      50  [::ffff:10.71.0.40]:8080          *:*          ',
	].join('\n'),
);

test('listeners are read with brackets, interfaces and wildcards', (t) => {
	t.deepEqual(
		parseListeners(tcpListeners.stdout).map(({ address, port }) => `${address} ${port}`),
		['0.0.0.0 22', '127.0.0.1 5432', '127.0.0.53 53', '10.71.0.40 6379', ':: 22', '* 2283', 'fe80::1 3003', '10.71.0.40 8080'],
	);
});

const coverage = test.macro((t, bound: string, wanted: string, expected: boolean) =>
	t.is(covers(bound, wanted), expected),
);

test('the very address covers', coverage, '10.71.0.40', '10.71.0.40', true);
test('another address does not cover', coverage, '127.0.0.1', '10.71.0.40', false);
test('an address of IPv6 in another form', coverage, 'fd00::1', 'FD00:0:0::0001', true);
test('another address of IPv6', coverage, 'fd00::1', 'fd00::2', false);
test('the IPv4 wildcard covers IPv4', coverage, '0.0.0.0', '10.71.0.40', true);
test('the IPv4 wildcard does not cover IPv6', coverage, '0.0.0.0', 'fe80::1', false);
test('the IPv6 wildcard covers IPv6', coverage, '::', 'FE80::1', true);
test('the IPv6 wildcard does not cover IPv4', coverage, '::', '10.71.0.40', false);
test('the wildcard of both covers IPv4', coverage, '*', '10.71.0.40', true);
test('loopback does not cover the wildcard', coverage, '127.0.0.1', '0.0.0.0', false);
test('loopback covers localhost', coverage, '127.0.0.1', 'localhost', true);
test('a lab address does not cover localhost', coverage, '10.71.0.40', 'localhost', false);
test('loopback covers any', coverage, '127.0.0.1', 'any', true);

const ports = rows(portListening);
test('port: a wildcard listener', ports, { port: 22, protocol: 'tcp' }, tcpListeners, true);
test('port: loopback is enough without an address', ports, { port: 5432, protocol: 'tcp' }, tcpListeners, true);
test('port: the address', ports, { port: 6379, protocol: 'tcp', address: '10.71.0.40' }, tcpListeners, true);
test(
	'port: loopback only',
	ports,
	{ port: 5432, protocol: 'tcp', address: '10.71.0.30' },
	tcpListeners,
	/10\.71\.0\.30, port 5432, saw one on 127\.0\.0\.1$/,
);
test(
	'port: part of a number',
	ports,
	{ port: 228, protocol: 'tcp' },
	tcpListeners,
	/saw listeners on 22, 53, 2283, 3003, 5432, 6379, 8080 only/,
);
test(
	'port: nothing listens',
	ports,
	{ port: 22, protocol: 'udp' },
	ended(''),
	/a udp listener on port 22, saw none at all/,
);
test(
	'port: no ss',
	ports,
	{ port: 22, protocol: 'tcp' },
	ended('', 127, 'bash: line 1: ss: command not found\n'),
	/exit status 127 \(bash: line 1: ss: command not found\)/,
);
