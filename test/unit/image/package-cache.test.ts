import test from 'ava';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { keepPackages, takePackages } from '../../../src/image/package-cache.js';

const size = 2 ** 20;

async function places(t: { teardown(end: () => Promise<void>): void }) {
	const base = await mkdtemp(path.join(os.tmpdir(), 'packages-'));
	t.teardown(() => rm(base, { recursive: true, force: true }));
	const place = (name: string) => path.join(base, name);
	return { cache: place('cache'), known: place('known'), gathered: await mkdtemp(place('gathered-')), place };
}

test('a cache that is not there yet has no packages', async (t) => {
	const { cache, known } = await places(t);
	await takePackages(cache, known);
	t.deepEqual(await readdir(known), []);
});

test('what one build has downloaded is there for the next, and nothing but packages', async (t) => {
	const { cache, known, gathered } = await places(t);
	await writeFile(path.join(gathered, 'jq_1.7_amd64.deb'), 'a package');
	await writeFile(path.join(gathered, 'lock'), '');
	await keepPackages(gathered, cache);
	await takePackages(cache, known);
	t.deepEqual(await readdir(cache), ['jq_1.7_amd64.deb']);
	t.deepEqual(await readdir(known), ['jq_1.7_amd64.deb']);
	t.is(await readFile(path.join(known, 'jq_1.7_amd64.deb'), 'utf8'), 'a package');
});

test('what a killed build left half written is not taken for a package', async (t) => {
	const { cache, known, gathered } = await places(t);
	await keepPackages(gathered, cache);
	await writeFile(path.join(cache, '.jq_1.7_amd64.deb.4711'), 'half a pack');
	await takePackages(cache, known);
	t.deepEqual(await readdir(known), []);
});

test('a build that ends without packages keeps none', async (t) => {
	const { cache, place } = await places(t);
	await keepPackages(place('never made'), cache);
	t.deepEqual(await readdir(cache), []);
});

test('a build begins while others end: it takes whole packages', async (t) => {
	const { cache, gathered, place } = await places(t);
	const names = Array.from({ length: 30 }, (_, index) => `package-${index}.deb`);
	await Promise.all(names.map((name) => writeFile(path.join(gathered, name), Buffer.alloc(size, name))));
	const keeping = Promise.all([keepPackages(gathered, cache), keepPackages(gathered, cache)]);
	let isOver = false;
	void keeping.finally(() => (isOver = true));
	const counts = [];
	do {
		const known = place(`known-${counts.length}`);
		await takePackages(cache, known);
		const taken = await readdir(known);
		for (const name of taken) t.deepEqual(await readFile(path.join(known, name)), Buffer.alloc(size, name));
		counts.push(taken.length);
	} while (!isOver);
	await keeping;
	t.true(counts.some((count) => count < names.length), 'none was taken while others were kept');
	t.deepEqual((await readdir(cache)).sort(), names.toSorted());
});
