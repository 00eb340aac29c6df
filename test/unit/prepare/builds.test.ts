/** In which order builds begin and end that are made side by side. */
import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { startBuilds, type Builds } from '../../../src/prepare/builds.js';

/** Builds that end when they are asked to. */
class Site {
	readonly begun: string[] = [];
	readonly #ends = new Map<string, { end(): void; fail(error: Error): void }>();

	/** Work that ends when it is asked to, or when the signal aborts. */
	readonly work = (name: string, signal: AbortSignal): Promise<void> =>
		new Promise((resolve, reject) => {
			this.begun.push(name);
			this.#ends.set(name, { end: resolve, fail: reject });
			signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
		});

	async end(name: string, error?: Error): Promise<void> {
		const work = this.#ends.get(name);
		if (!work) throw new Error(`${name} has not begun`);
		if (error) work.fail(error);
		else work.end();
		await settle();
	}

	/** Begins to build; what is found is there already. @param base what a product is built on, by its name */
	async start(products: readonly string[], { found = [], base = () => 'layer', atOnce = 2, signal }: StartOptions = {}): Promise<Builds<string>> {
		const builds = await startBuilds<string, string>(
			products,
			{
				find: (name) => Promise.resolve(found.includes(name) ? name : undefined),
				baseOf: base,
				buildBase: (name, either) => this.work(base(name), either),
				build: async (name, either) => {
					await this.work(name, either);
					return name;
				},
				useFirst: (product, either) => this.work(`use ${product}`, either),
			},
			{ atOnce, signal },
		);
		await settle();
		return builds;
	}
}

interface StartOptions {
	readonly found?: readonly string[];
	readonly base?: (name: string) => string;
	readonly atOnce?: number;
	readonly signal?: AbortSignal;
}

/** Lets everything go on that can. */
async function settle(): Promise<void> {
	for (let turns = 0; turns < 3; turns++) await turn();
}

const readyOf = ({ ready }: Builds<string>): string[] => [...ready.values()];

test('what several are built on is built once, and then as many as may be side by side', async (t) => {
	const site = new Site();
	await site.start(['a', 'b', 'c']);
	t.deepEqual(site.begun, ['layer']);
	await site.end('layer');
	t.deepEqual(site.begun, ['layer', 'a', 'b']);
});

test('the first product is used in the place of its build, before another build begins; other builds go on', async (t) => {
	const site = new Site();
	const builds = await site.start(['a', 'b', 'c']);
	await site.end('layer');
	await site.end('b');
	t.is(await builds.products[1], 'b', 'it is there while it is used');
	t.deepEqual(site.begun.slice(3), ['use b']);
	await site.end('a');
	t.deepEqual(site.begun.slice(4), ['c'], 'a second product is not used');
	await site.end('use b');
	await site.end('c');
	await builds.settled;
	t.deepEqual(readyOf(builds), ['b', 'a', 'c']);
});

test('a product that was there is used at once, beside the builds', async (t) => {
	const site = new Site();
	const builds = await site.start(['a', 'b', 'c'], { found: ['b'] });
	t.deepEqual(readyOf(builds), ['b']);
	t.deepEqual(site.begun, ['use b', 'layer']);
});

test('where all are there nothing is built, and one is used', async (t) => {
	const site = new Site();
	const builds = await site.start(['a', 'b'], { found: ['a', 'b'] });
	t.deepEqual(await Promise.all(builds.products), ['a', 'b']);
	t.deepEqual(site.begun, ['use a']);
	await site.end('use a');
	await t.notThrowsAsync(builds.settled);
});

test('a base that takes long keeps no other from being built', async (t) => {
	const site = new Site();
	await site.start(['old', 'new', 'newer'], { base: (name) => (name === 'old' ? 'bookworm' : 'trixie') });
	t.deepEqual(site.begun, ['bookworm', 'trixie']);
	await site.end('trixie');
	t.deepEqual(site.begun.slice(2), ['new']);
});

test('the first failure ends all builds and the use of the first, and is the error of everybody who waits', async (t) => {
	const site = new Site();
	const builds = await site.start(['a', 'b', 'c', 'd']);
	await site.end('layer');
	await site.end('a');
	const failure = new Error('no such package');
	await site.end('b', failure);
	await builds.settled;
	t.is(await builds.products[0], 'a');
	for (const product of builds.products.slice(1)) t.is(await t.throwsAsync(product), failure);
	t.false(site.begun.includes('c'), 'no other build begins');
});

test('what comes of the first ends the builds where it fails', async (t) => {
	const site = new Site();
	const builds = await site.start(['a', 'b']);
	await site.end('layer');
	await site.end('a');
	const failure = new Error('no accelerator');
	await site.end('use a', failure);
	await builds.settled;
	t.is(await builds.products[0], 'a');
	t.is(await t.throwsAsync(builds.products[1] ?? Promise.resolve()), failure);
});

test('an abort from outside ends everything', async (t) => {
	const site = new Site();
	const outside = new AbortController();
	const builds = await site.start(['a', 'b'], { signal: outside.signal });
	const reason = new Error('interrupted');
	outside.abort(reason);
	await builds.settled;
	for (const product of builds.products) t.is(await t.throwsAsync(product), reason);
	t.deepEqual(site.begun, ['layer']);
});

test('builds that settle late are waited for', async (t) => {
	let cleaned = false;
	const builds = await startBuilds<string, string>(
		['bad', 'slow'],
		{
			find: () => Promise.resolve(undefined),
			baseOf: (name) => name,
			buildBase: () => Promise.resolve(),
			build: async (name, signal) => {
				if (name === 'bad') throw new Error('bad');
				await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
				await settle();
				cleaned = true;
				throw signal.reason;
			},
		},
		{ atOnce: 2 },
	);
	await builds.settled;
	t.true(cleaned);
});

test('what builds need is fetched for all that are missing at once, beside the base; each waits for its own alone', async (t) => {
	const site = new Site();
	const fetched: string[][] = [];
	const builds = await startBuilds<string, string>(
		['a', 'b', 'c'],
		{
			find: (name) => Promise.resolve(name === 'c' ? name : undefined),
			baseOf: () => 'layer',
			buildBase: (_name, signal) => site.work('layer', signal),
			build: async (name, signal) => {
				await site.work(name, signal);
				return name;
			},
			supply: (missing, signal) => {
				fetched.push([...missing]);
				const all = missing.map((name) => [name, site.work(`fetch ${name}`, signal)] as const);
				return { until: (name) => new Map(all).get(name) ?? Promise.reject(new Error(name)), settled: Promise.all(all.map(([, one]) => one)).then(() => undefined) };
			},
		},
		{ atOnce: 1 },
	);
	await settle();
	t.deepEqual(fetched, [['a', 'b']]);
	t.deepEqual(site.begun, ['fetch a', 'fetch b', 'layer']);
	await site.end('layer');
	t.is(site.begun.length, 3);
	await site.end('fetch b');
	t.deepEqual(site.begun.slice(3), ['b']);
	await site.end('fetch a');
	await site.end('b');
	await site.end('a');
	await builds.settled;
	t.deepEqual(readyOf(builds), ['c', 'b', 'a']);
});
