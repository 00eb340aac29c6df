import test from 'ava';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { sha256 } from '../../../src/base/hash.js';
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

test('what one build has downloaded is there for the next by its digest, and nothing but packages', async (t) => {
	const { cache, known, gathered } = await places(t);
	await writeFile(path.join(gathered, 'jq_1.7_amd64.deb'), 'a package');
	await writeFile(path.join(gathered, 'lock'), '');
	await keepPackages(gathered, cache);
	await takePackages(cache, known);
	const name = `${sha256('a package')}.deb`;
	t.deepEqual(await readdir(cache), [name]);
	t.deepEqual(await readdir(known), [name]);
	t.is(await readFile(path.join(known, name), 'utf8'), 'a package');
});

test('what a killed build left half written is not taken for a package, nor what an earlier version has kept', async (t) => {
	const { cache, known, gathered } = await places(t);
	await keepPackages(gathered, cache);
	for (const name of ['.4711', 'jq_1.7_amd64.deb']) await writeFile(path.join(cache, name), 'half a pack');
	await takePackages(cache, known);
	t.deepEqual(await readdir(known), []);
});

test('a package whose digest is not that in its name is removed, and so does a link in its place', async (t) => {
	const { cache, known } = await places(t);
	await mkdir(cache);
	const [swapped, linked] = ['1', '2'].map((digit) => path.join(cache, `${digit.repeat(64)}.deb`)) as [string, string];
	// Of the same size as the right one would be: apt looks at no more.
	await writeFile(swapped, 'a package');
	await symlink('/etc/passwd', linked);
	await takePackages(cache, known);
	t.deepEqual([await readdir(known), await readdir(cache)], [[], []]);
});

test('a build that ends without packages keeps none', async (t) => {
	const { cache, place } = await places(t);
	await keepPackages(place('never made'), cache);
	t.deepEqual(await readdir(cache), []);
});

test('a build begins while others end: it takes whole packages', async (t) => {
	const { cache, gathered, place } = await places(t);
	const contents = Array.from({ length: 30 }, (_, index) => Buffer.alloc(size, `package ${index}`));
	await Promise.all(contents.map((content, index) => writeFile(path.join(gathered, `package-${index}.deb`), content)));
	const keeping = Promise.all([keepPackages(gathered, cache), keepPackages(gathered, cache)]);
	let isOver = false;
	void keeping.finally(() => (isOver = true));
	const counts = [];
	do {
		const known = place(`known-${counts.length}`);
		await takePackages(cache, known);
		const taken = await readdir(known);
		for (const name of taken) t.is(`${sha256(await readFile(path.join(known, name)))}.deb`, name);
		counts.push(taken.length);
	} while (!isOver);
	await keeping;
	t.true(counts.some((count) => count < contents.length), 'none was taken while others were kept');
	t.deepEqual((await readdir(cache)).sort(), contents.map((content) => `${sha256(content)}.deb`).sort());
});
