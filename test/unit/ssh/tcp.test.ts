import test from 'ava';
import { TcpOpenError, tcpReason, type TcpReason } from '../../../src/ssh/tcp.js';

const reads = test.macro((t, code: number, description: string, reason: TcpReason) =>
	t.is(tcpReason(code, description), reason),
);

test('refused', reads, 2, 'Connection refused', 'refused');
test('timed out', reads, 2, 'Connection timed out', 'timed-out');
test('no route', reads, 2, 'No route to host', 'unreachable');
test('no network', reads, 2, 'Network is unreachable', 'unreachable');
test('unknown name', reads, 2, 'Name or service not known', 'unknown-host');
test('no name server', reads, 2, 'Temporary failure in name resolution', 'unknown-host');
test('forwarding forbidden', reads, 1, 'open failed', 'prohibited');
test('no reason given', reads, 2, 'open failed', 'failed');

test('the message names the end and the reason', (t) => {
	t.is(new TcpOpenError('10.71.0.30', 5432, 'refused', 'x').message, 'connection to 10.71.0.30:5432 refused');
	t.is(new TcpOpenError('h', 1, 'failed', 'open failed').message, 'connection to h:1 failed (open failed)');
});
