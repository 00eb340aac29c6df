import test from 'ava';
import type { Clock } from '../../../src/base/waiting.js';
import type { CheckpointKind } from '../../../src/lab/events.js';
import { beginInTurns, wakeInTurns } from '../../../src/supervisor/node-run.js';
import { Turns } from '../../../src/supervisor/turns.js';

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A host whose time passes when it is asked to, with machines that are busy or wait, and work that ends when it is asked to. */
class Host {
	readonly began: number[] = [];
	readonly #used = new Map<number, number>();
	readonly #ends = new Map<number, (error?: Error) => void>();
	readonly #sleepers = new Set<{ readonly until: number; readonly wake: () => void }>();
	#now = 0;

	readonly clock: Clock = {
		now: () => this.#now,
		sleep: (ms, signal) =>
			new Promise((resolve, reject) => {
				const onAbort = () => {
					this.#sleepers.delete(sleeper);
					reject(signal?.reason as Error);
				};
				const wake = () => {
					signal?.removeEventListener('abort', onAbort);
					resolve();
				};
				const sleeper = { until: this.#now + ms, wake };
				this.#sleepers.add(sleeper);
				signal?.addEventListener('abort', onAbort);
			}),
	};

	readonly processorTime = (pid: number) => this.#used.get(pid) ?? 0;

	get sleepers(): number {
		return this.#sleepers.size;
	}

	work(pid: number): () => Promise<string> {
		return () =>
			new Promise((resolve, reject) => {
				this.began.push(pid);
				this.#ends.set(pid, (error) => (error ? reject(error) : resolve(`done ${pid}`)));
			});
	}

	end(pid: number, error?: Error): void {
		this.#ends.get(pid)?.(error);
	}

	/** Lets time pass, in which the named machines are busy and all others wait. */
	async pass(ms: number, ...busy: number[]): Promise<void> {
		for (const until = this.#now + ms; this.#now < until; ) {
			this.#now += 50;
			for (const pid of busy) this.#used.set(pid, this.processorTime(pid) + 50);
			for (const sleeper of [...this.#sleepers]) {
				if (sleeper.until > this.#now) continue;
				this.#sleepers.delete(sleeper);
				sleeper.wake();
			}
			await settle();
		}
	}
}

/** What rejects when a machine breaks, and breaking it. */
function breakable() {
	let reject: (error: Error) => void = () => undefined;
	const promise = new Promise<never>((_resolve, fail) => (reject = fail));
	return { promise, reject: (error: Error) => reject(error) };
}

function queue(atOnce: number) {
	const host = new Host();
	const turns = new Turns(atOnce, host);
	const abort = new AbortController();
	const never = new Promise<never>(() => undefined);
	const take = (pid: number, broken = never) => turns.take({ pid, broken }, host.work(pid), abort.signal);
	return { host, abort, take };
}

test('no more machines than there are processors have their turn while they are busy', async (t) => {
	const { host, take } = queue(2);
	const all = [1, 2, 3, 4].map((pid) => take(pid));
	await host.pass(3000, 1, 2);
	t.deepEqual(host.began, [1, 2]);
	host.end(2);
	await settle();
	t.deepEqual(host.began, [1, 2, 3]);
	host.end(1);
	await settle();
	t.deepEqual(host.began, [1, 2, 3, 4]);
	host.end(3);
	host.end(4);
	t.deepEqual(await Promise.all(all), ['done 1', 'done 2', 'done 3', 'done 4']);
	t.is(host.sleepers, 0);
});

test('a machine that waits for another gives way to it, and its work goes on', async (t) => {
	const { host, take } = queue(1);
	const waiting = take(1);
	const awaited = take(2);
	await host.pass(1000, 1);
	t.deepEqual(host.began, [1]);
	await host.pass(1000);
	t.deepEqual(host.began, [1, 2]);
	host.end(2);
	t.is(await awaited, 'done 2');
	host.end(1);
	t.is(await waiting, 'done 1');
});

test('a moment without work is no end of a turn', async (t) => {
	const { host, take } = queue(1);
	const all = [take(1), take(2)];
	for (let round = 0; round < 5; round++) {
		await host.pass(400, 1);
		await host.pass(200);
	}
	t.deepEqual(host.began, [1]);
	host.end(1);
	await settle();
	host.end(2);
	await Promise.all(all);
});

test('a machine that never rests keeps the others waiting for ten seconds and no longer', async (t) => {
	const { host, take } = queue(1);
	const all = [take(1), take(2)];
	await host.pass(9500, 1);
	t.deepEqual(host.began, [1]);
	await host.pass(1000, 1);
	t.deepEqual(host.began, [1, 2]);
	host.end(1);
	host.end(2);
	await Promise.all(all);
});

test('work that fails, in its turn or after it, rejects with its error and keeps nobody waiting', async (t) => {
	const { host, take } = queue(1);
	const inTurn = take(1);
	const afterwards = take(2);
	const last = take(3);
	host.end(1, new Error('in its turn'));
	await t.throwsAsync(inTurn, { message: 'in its turn' });
	await host.pass(1000);
	t.deepEqual(host.began, [1, 2, 3]);
	host.end(2, new Error('afterwards'));
	await t.throwsAsync(afterwards, { message: 'afterwards' });
	host.end(3);
	t.is(await last, 'done 3');
});

test('when the run is aborted, nobody begins any more, nothing is left, and what has begun is waited for', async (t) => {
	const { host, abort, take } = queue(1);
	let isOver = false;
	const first = take(1).finally(() => (isOver = true));
	const second = take(2);
	await settle();
	abort.abort(new Error('the user gave up'));
	await t.throwsAsync(second, { message: 'the user gave up' });
	t.deepEqual(host.began, [1]);
	t.is(host.sleepers, 0);
	t.false(isOver, 'it may be starting a machine at this moment, which a clean-up would not know');
	host.end(1, new Error('the user gave up'));
	await t.throwsAsync(first, { message: 'the user gave up' });
	t.deepEqual(host.began, [1]);
});

test('a machine that breaks while it waits for its turn is reported at once, and never begins', async (t) => {
	const { host, take } = queue(1);
	const first = take(1);
	const breaks = breakable();
	const second = take(2, breaks.promise);
	const third = take(3);
	await host.pass(1000, 1);
	breaks.reject(new Error('QEMU has ended'));
	await t.throwsAsync(second, { message: 'QEMU has ended' });
	host.end(1);
	await host.pass(100);
	t.deepEqual(host.began, [1, 3]);
	host.end(3);
	t.deepEqual(await Promise.all([first, third]), ['done 1', 'done 3']);
});

test('what the end of a machine means is for its work to say, once that has begun', async (t) => {
	const { host, take } = queue(1);
	const breaks = breakable();
	const working = take(1, breaks.promise);
	await host.pass(1000, 1);
	breaks.reject(new Error('it has rebooted'));
	await host.pass(1000, 1);
	host.end(1);
	t.is(await working, 'done 1');
});

test('scripts that begin by themselves or after pauses wait for no turn', (t) => {
	t.true(beginInTurns({ spec: {} }, {}));
	t.false(beginInTurns({ spec: {} }, { pace: { web: 0 } }));
	t.false(beginInTurns({ spec: { live: { firmware: 'bios', hasGuestAgent: false } } }, {}));
});

test('restored machines wake at one moment where they have run together, and where pauses say when their scripts begin', (t) => {
	const from = (kind: CheckpointKind) => ({ origin: { from: 'checkpoint', kind, savedAt: 0 } }) as const;
	t.true(wakeInTurns(from('provisioned'), {}));
	t.false(wakeInTurns(from('started'), {}));
	t.false(wakeInTurns(from('failed'), {}));
	t.false(wakeInTurns(from('provisioned'), { pace: { web: 0 } }));
});
