import test from 'ava';
import type { OutboundConnection } from '../../../src/lab/events.js';
import { ConnectionDebouncer, debounceMs, maximumReported, type DebouncedConnection } from '../../../src/network/debounce.js';

const connection = (port: number, seenAt = 1): OutboundConnection => ({ node: 'web', seenAt, protocol: 'tcp', address: '192.0.2.1', port });

function joiner() {
	const reported: DebouncedConnection[] = [];
	const overflown: string[] = [];
	return { reported, overflown, joined: new ConnectionDebouncer((debounced) => void reported.push(debounced), (node) => void overflown.push(node)) };
}

test('packets of one kind become one', (t) => {
	const { reported, joined } = joiner();
	for (const seenAt of [1, 2, 3]) joined.take(connection(80, seenAt));
	joined.take(connection(443, 4));
	t.deepEqual(reported, []);
	joined.flush();
	t.deepEqual(reported, [
		{ ...connection(80, 1), count: 3 },
		{ ...connection(443, 4), count: 1 },
	]);
	joined.take(connection(80, 5));
	joined.flush();
	t.deepEqual(reported.at(-1), { ...connection(80, 5), count: 1, again: true });
});

test('questions differ by what is asked', (t) => {
	const { reported, joined } = joiner();
	for (const type of ['A', 'AAAA']) joined.take({ ...connection(53), protocol: 'udp', question: { name: 'x', type } });
	joined.flush();
	t.is(reported.length, 2);
});

test('joined connections are reported without being asked for', async (t) => {
	const { reported, joined } = joiner();
	joined.take(connection(80));
	await new Promise((resolve) => setTimeout(resolve, debounceMs + 200));
	t.is(reported.length, 1);
});

test('a scan of ports is reported, and not all of it is', (t) => {
	const { reported, overflown, joined } = joiner();
	for (let port = 1; port <= 3 * maximumReported; port++) joined.take(connection(port));
	joined.take(connection(1));
	joined.flush();
	t.is(reported.length, maximumReported);
	t.is(reported[0]?.count, 2);
	t.deepEqual(overflown, ['web']);
});
