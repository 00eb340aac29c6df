/** An image on a layer is what it would be from nothing. */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { probeUpdates } from '../../src/image/archives.js';
import { buildImage } from '../../src/image/build.js';
import { packageSet, readGuestDefinition } from '../../src/image/guest.js';
import { findMirror } from '../../src/image/mirror.js';
import { scratchBase } from '../../src/image/scratch.js';
import { provideImage } from '../../src/image/store.js';
import { userPaths } from '../../src/runs/paths.js';
import { differences, readImageTree, removeScratch } from '../integration/support/image-tree.js';
import { makeSandbox } from '../integration/support/sandbox.js';

for (const suite of ['trixie', 'bookworm']) {
	test.serial(`the same packages are the same files on a layer and from nothing: ${suite}`, async (t) => {
		t.timeout(20 * 60_000);
		const sandbox = await makeSandbox(t, 'empty');
		const guest = await readGuestDefinition();
		// A package with a user of its own and a service, and one that the initial ramdisk is made of where it is there.
		const packages = packageSet({ features: ['ssh', 'redis', 'nginx'], packages: [...guest.common, 'busybox'], suite }, guest);
		const request = { suite, packages, nodes: ['box'] };
		const directory = path.join(sandbox.path, 'cache', 'rehearse', 'images');
		const mirror = await findMirror(undefined);
		const sources = { ...mirror, updates: (await probeUpdates(suite, mirror)) ?? [] };
		const layered = await provideImage(request, { directory, guest, findSources: async () => sources, emit: () => undefined });
		const into = path.join(sandbox.path, 'from-nothing');
		await mkdir(into);
		await buildImage(request, {
			guest,
			sources,
			below: undefined,
			into,
			scratchBase: await scratchBase(),
			packageCache: path.join(userPaths().cache, 'packages'),
			onProgress: () => undefined,
		});

		const trees = [];
		for (const image of [path.dirname(layered.rootFile), into]) {
			const scratch = path.join(sandbox.path, `tree-${trees.length}`);
			t.teardown(() => removeScratch(scratch));
			trees.push(await readImageTree(path.join(image, 'root.img'), scratch));
			t.regex(await readFile(path.join(image, 'packages.txt'), 'utf8'), /^nginx\t/m);
		}
		const [one = new Map<string, string>(), other = new Map<string, string>()] = trees;
		t.deepEqual(differences(one, other), []);
		// What was compared is a system with its accounts and its initial ramdisk, and not nothing.
		t.true(one.size > 8000, String(one.size));
		t.regex(one.get('usr/sbin/nginx') ?? '', /^f 755 root root [0-9a-f]{64}$/);
		t.regex(one.get('var/lib/redis') ?? '', /^d 750 redis redis/);
		t.true(one.has('initrd: ./init'));
		const texts = await Promise.all([path.dirname(layered.rootFile), into].map((image) => readFile(path.join(image, 'packages.txt'), 'utf8')));
		t.is(texts[0], texts[1]);
	});
}
