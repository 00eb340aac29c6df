import test from 'ava';
import { heldFor, oldestOwner, restartSentences, restartsOn } from '../../../src/scenario/holding.js';
import { portListening } from '../../../src/scenario/ports.js';
import type { GuestCommands } from '../../../src/machine/command-channel.js';
import { ended, rows } from './rows.js';

const listening = rows(portListening);
const socket = 'LISTEN 0 128 0.0.0.0:8080 0.0.0.0:* users:(("python3",pid=7,fd=3))';
const owner = (age: number, unit = '/system.slice/web.service', local = '0.0.0.0:8080') => `${(100 + age).toFixed(2)} 10000 ${local} 0::${unit}`;

test('a port whose process has run for a while', listening, { port: 8080, protocol: 'tcp' }, ended(`${socket}\n\n${owner(3)}\n`), true);
test('a port whose process has begun just now', listening, { port: 8080, protocol: 'tcp' }, ended(`${socket}\n\n${owner(1.2)}\n`), /listener on port 8080, saw one on 0\.0\.0\.0 of web\.service, for 1\.2 s only$/);
test('a port whose first process has run for a while', listening, { port: 8080, protocol: 'tcp' }, ended(`${socket}\n\n${owner(1)}\n${owner(60)}\n`), true);
test('a port of nobody who can be asked', listening, { port: 8080, protocol: 'tcp' }, ended(`${socket}\n\n`), true);
test(
	'a port of which another address has been held for long',
	listening,
	{ port: 53, protocol: 'udp', address: '10.71.0.10' },
	ended(`UNCONN 0 0 127.0.0.53%lo:53 0.0.0.0:*\nUNCONN 0 0 10.71.0.10:53 0.0.0.0:*\n\n${owner(60, '/system.slice/systemd-resolved.service', '127.0.0.53%lo:53')}\n${owner(0.1, '/system.slice/dnsmasq.service', '10.71.0.10:53')}\n`),
	/saw one on 127\.0\.0\.53 and 10\.71\.0\.10 of dnsmasq\.service, for 100 ms only$/,
);
test('a port that listens elsewhere', listening, { port: 8080, protocol: 'tcp', address: '10.0.0.1' }, ended(`${socket.replace('0.0.0.0:8080', '127.0.0.1:8080')}\n\n${owner(60)}\n`), /saw one on 127\.0\.0\.1$/);

test('the owner of a socket is the process that has had it for the longest time', (t) => {
	t.deepEqual(oldestOwner(`${owner(1)}\n${owner(5, '/system.slice/system-x.slice/x@1.service/sub')}\n${owner(2)}\n`), { ageMs: 5000, unit: 'x@1.service' });
	t.deepEqual(oldestOwner(`${owner(4, '/user.slice/session-1.scope')}\n`), { ageMs: 4000 });
	t.is(oldestOwner('no owner\n'), undefined);
});

test('what has not held for long enough reports when it will have', (t) => {
	t.is(heldFor(1000, 'x', 'y').holdsInMs, 2000);
	t.is(heldFor(-5, 'x', 'y').holdsInMs, 3000);
	t.is(heldFor(undefined, 'x', 'y').holdsInMs, undefined);
});

test('restarts are sentences, with the last message washed and cut, and without one where the journal has none', (t) => {
	const restarts = [['importer.service', 1], ['web@1.service', 12], ['quiet.service', 2]] as const;
	t.deepEqual(restartSentences(restarts, `importer.service out of \x1b[31mluck\nweb@1.service ${'x'.repeat(300)}\nquiet.service \nother.service not now\n`), [
		'importer.service has ended and been restarted once; its last message: out of luck',
		`web@1.service has ended and been restarted 12 times; its last message: ${'x'.repeat(200)}`,
		'quiet.service has ended and been restarted 2 times',
	]);
	t.is(restartSentences(restarts, '').length, 3);
});

test('restarts that systemd has counted are reported though the journal cannot be read', async (t) => {
	const guest = (run: GuestCommands['run']): GuestCommands => ({
		...{ run, listRestarts: () => Promise.resolve(new Map([['web.service', 12]])) },
		listSockets: () => Promise.reject(new Error('no sockets in this test')),
		connect: () => Promise.reject(new Error('no TCP in this test')),
	});
	for (const run of [() => Promise.resolve({ ...ended(''), timedOut: true, exitCode: undefined }), () => Promise.reject(new Error('no answer'))]) {
		t.deepEqual(await restartsOn(guest(run), { timeoutMs: 1 }), ['web.service has ended and been restarted 12 times']);
	}
});
