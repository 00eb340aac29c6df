import test from 'ava';
import { readRecorded, schedule, simulateNight, type NightOptions, type RecordedTimes } from '../../bench/night.js';

const recorded: RecordedTimes = { lab: 'web', plainMs: 60_000, ordersMs: [30_000] };
const free: NightOptions = { orders: 256, startMs: 0, bringBytes: 0, linkBytesPerSecond: 1, mergeMs: 0 };

test('tasks go to the host that is free first', (t) => {
	t.deepEqual(schedule([], 2, 5), { endMs: 0, workMs: 0 });
	t.is(schedule([10, 1, 1, 1], 2, 0).endMs, 10);
	t.is(schedule([1, 1, 1, 10], 2, 0).endMs, 11);
	t.deepEqual(schedule([4, 3, 3], 1, 2), { endMs: 12, workMs: 12 });
	t.deepEqual(schedule([4, 3], 9, 1), { endMs: 5, workMs: 9 });
});

test('one host makes one plain run and all orders', (t) => {
	const night = simulateNight(recorded, 1, free, 1);
	t.is(night.ms, 60_000 + 256 * 30_000);
	t.is(night.work, 1);
});

test('shards on more hosts take a part of it, and a plain run each', (t) => {
	const night = simulateNight(recorded, 32, free);
	t.is(night.shards, 32);
	t.is(night.ms, 60_000 + 8 * 30_000);
	t.true(night.work > 1.2 && night.work < 1.3);
	// The second shard of a host boots nothing.
	t.is(simulateNight(recorded, 16, free).ms, 60_000 + 30_000 + 16 * 30_000);
	// A host more than there are shards has nothing to do.
	t.is(simulateNight(recorded, 40, free).ms, night.ms);
});

test('no host helps below a plain run and an order', (t) => {
	const night = simulateNight(recorded, 256, free, 256);
	t.is(night.ms, 90_000);
	t.true(simulateNight(recorded, 1000, free, 256).ms === night.ms);
});

test('what all bring through one link takes longer the more there are, until more hosts make it slower', (t) => {
	const options = { ...free, bringBytes: 40e6, linkBytesPerSecond: 100e6, startMs: 2000, mergeMs: 10 };
	t.is(simulateNight(recorded, 8, options).bringMs, 3200);
	t.is(simulateNight(recorded, 8, options).mergeMs, 320);
	const times = [32, 64, 128, 256].map((hosts) => simulateNight(recorded, hosts, options, hosts).ms);
	t.true((times[0] ?? 0) > (times[1] ?? 0));
	t.true((times[3] ?? 0) > (times[2] ?? 0));
});

test('hosts never make a night longer, were it not for what they bring', (t) => {
	const uneven = { ...recorded, ordersMs: [20_000, 45_000, 31_000, 68_000, 28_000] };
	const times = Array.from({ length: 64 }, (_, index) => simulateNight(uneven, index + 1, free).ms);
	t.deepEqual(times, times.toSorted((a, b) => b - a));
});

test('recorded times are those of `merge --times`', (t) => {
	t.deepEqual(readRecorded({ 'web/plain': 5, 'web/order-1': 3, 'web/order-2': 4, 'web/twice': 9 }), { lab: 'web', plainMs: 5, ordersMs: [3, 4] });
	t.throws(() => readRecorded({ 'web/order-1': 3 }), { message: /no plain run/ });
	t.throws(() => readRecorded({ 'web/plain': 3 }), { message: /no orders/ });
});
