import fc from 'fast-check';
import test from 'ava';
import { startupOrders } from '../../../src/rehearse/startup-orders.js';

const nodes = ['a', 'b', 'c'];
const namesOf = (orders: ReturnType<typeof startupOrders>) => orders.map((order) => order.map(({ node }) => node).join(''));

test('a seed gives the same orders and pauses again, another seed others', (t) => {
	t.deepEqual(startupOrders(nodes, 5, 7, 1000), startupOrders(nodes, 5, 7, 1000));
	t.notDeepEqual(startupOrders(nodes, 5, 7, 1000), startupOrders(nodes, 5, 8, 1000));
});

test('more orders with the same seed begin as fewer do', (t) => {
	t.deepEqual(startupOrders(nodes, 5, 7, 1000).slice(0, 2), startupOrders(nodes, 2, 7, 1000));
});

test('no order comes again before all have been', (t) => {
	const names = namesOf(startupOrders(nodes, 12, 1, 1000));
	t.is(new Set(names.slice(0, 6)).size, 6);
	t.is(new Set(names.slice(6)).size, 6);
});

test('every order has every node, the first at once, each no more than the longest pause behind the one before it', (t) => {
	fc.assert(
		fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(), fc.integer({ min: 0, max: 30_000 }), (count, seed, longestMs) => {
			const names = Array.from({ length: count }, (_none, index) => `n${index}`);
			for (const order of startupOrders(names, 3, seed, longestMs)) {
				t.deepEqual(order.map(({ node }) => node).toSorted(), names.toSorted());
				t.is(order[0]?.delayMs, 0);
				order.reduce((last, { delayMs }) => {
					t.true(delayMs >= last && delayMs - last <= longestMs);
					return delayMs;
				}, 0);
			}
		}),
	);
});

test('some begin together, some do not', (t) => {
	const pauses = startupOrders(nodes, 50, 3, 1000).flatMap((order) => order.slice(1).map(({ delayMs }, index) => delayMs - (order[index]?.delayMs ?? 0)));
	t.true(pauses.includes(0));
	t.true(pauses.some((pause) => pause > 0));
});
