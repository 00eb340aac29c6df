import test from 'ava';
import { GuestConnectionError, connectionReason, type ConnectionReason } from '../../../src/machine/connection-error.js';

const reads = test.macro((t, description: string, reason: ConnectionReason) =>
	t.is(connectionReason(description), reason),
);

test('refused', reads, 'Connection refused', 'refused');
test('timed out', reads, 'Connection timed out', 'timed-out');
test('no route', reads, 'No route to host', 'unreachable');
test('no network', reads, 'Network is unreachable', 'unreachable');
test('unknown name', reads, 'Name or service not known', 'unknown-host');
test('no name server', reads, 'Temporary failure in name resolution', 'unknown-host');
test('no reason given', reads, 'open failed', 'failed');

test('the message names the end and the reason', (t) => {
	t.is(new GuestConnectionError('10.71.0.30', 5432, 'refused', 'x').message, 'connection to 10.71.0.30:5432 refused');
	t.is(new GuestConnectionError('h', 1, 'failed', 'open failed').message, 'connection to h:1 failed (open failed)');
});
