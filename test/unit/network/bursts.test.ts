import test from 'ava';
import type { OutsideContact } from '../../../src/lab/events.js';
import { BurstJoiner, burstMs, toldContacts, type Burst } from '../../../src/network/bursts.js';

const contact = (port: number, seenAt = 1): OutsideContact => ({ node: 'web', seenAt, protocol: 'tcp', address: '192.0.2.1', port });

function joiner() {
	const told: Burst[] = [];
	const overflown: string[] = [];
	return { told, overflown, joined: new BurstJoiner((burst) => void told.push(burst), (node) => void overflown.push(node)) };
}

test('packets of one kind become one', (t) => {
	const { told, joined } = joiner();
	for (const seenAt of [1, 2, 3]) joined.take(contact(80, seenAt));
	joined.take(contact(443, 4));
	t.deepEqual(told, []);
	joined.flush();
	t.deepEqual(told, [
		{ ...contact(80, 1), count: 3 },
		{ ...contact(443, 4), count: 1 },
	]);
	joined.take(contact(80, 5));
	joined.flush();
	t.deepEqual(told.at(-1), { ...contact(80, 5), count: 1, again: true });
});

test('questions differ by what is asked', (t) => {
	const { told, joined } = joiner();
	for (const type of ['A', 'AAAA']) joined.take({ ...contact(53), protocol: 'udp', question: { name: 'x', type } });
	joined.flush();
	t.is(told.length, 2);
});

test('a burst is told without being asked for', async (t) => {
	const { told, joined } = joiner();
	joined.take(contact(80));
	await new Promise((resolve) => setTimeout(resolve, burstMs + 200));
	t.is(told.length, 1);
});

test('a scan of ports is told of, and not all of it is', (t) => {
	const { told, overflown, joined } = joiner();
	for (let port = 1; port <= 3 * toldContacts; port++) joined.take(contact(port));
	joined.take(contact(1));
	joined.flush();
	t.is(told.length, toldContacts);
	t.is(told[0]?.count, 2);
	t.deepEqual(overflown, ['web']);
});
