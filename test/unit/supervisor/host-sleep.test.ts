import test from 'ava';
import { readSleptMs, watchHostSleep } from '../../../src/supervisor/host-sleep.js';

/** Watches a host whose clocks are apart by so much at each look; resolves to the sleeps that were noticed. */
async function watch(apart: readonly number[]): Promise<number[]> {
	const stopping = new AbortController();
	const slept: number[] = [];
	let looks = 0;
	const read = async () => {
		const value = apart[looks++] ?? apart.at(-1) ?? 0;
		if (looks > apart.length) stopping.abort(new Error('over'));
		return value;
	};
	const clock = { now: () => 0, sleep: async (_ms: number, signal?: AbortSignal) => signal?.throwIfAborted() };
	await watchHostSleep((ms) => slept.push(ms), stopping.signal, read, clock);
	return slept;
}

test('a host that does not sleep', async (t) => {
	t.deepEqual(await watch([500, 510, 495, 500]), []);
});

test('one that has slept since before the lab', async (t) => {
	t.deepEqual(await watch([90_000, 90_003]), []);
});

test('each sleep is noticed once, by its length', async (t) => {
	t.deepEqual(await watch([0, 5, 3_600_005, 3_600_000, 3_605_000]), [3_600_000, 5000]);
});

test('a host that reports nothing ends the watch and nothing else', async (t) => {
	const broken = () => Promise.reject(new Error('ENOENT'));
	await t.notThrowsAsync(watchHostSleep(() => t.fail(), new AbortController().signal, broken));
});

test('the clocks of this host are read', async (t) => {
	t.true(Number.isFinite(await readSleptMs()));
});
