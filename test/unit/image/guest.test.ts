import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { imageRequests, imagesDirectory, layerRequest, packageSet, readGuestDefinition, type GuestDefinition } from '../../../src/image/guest.js';
import { labNode, labOf } from '../base/labs.js';

const guest: GuestDefinition = {
	suite: 'trixie',
	components: ['main'],
	base: ['systemd', 'cloud-init'],
	tool: [],
	common: ['curl', 'jq'],
	features: { headless: [], postgresql: ['postgresql', 'postgresql-client'] },
	absent: { bookworm: ['postgresql-client'] },
};

const consistsOf = test.macro((t, features: string[], packages: string[], expected: string[]) =>
	t.deepEqual(packageSet({ features, packages }, guest), expected));
test('the base, sorted', consistsOf, [], [], ['cloud-init', 'systemd']);
test('features stand for packages, or for none', consistsOf, ['headless', 'postgresql'], [], [
	'cloud-init',
	'postgresql',
	'postgresql-client',
	'systemd',
]);
test('nothing is named twice', consistsOf, ['postgresql'], ['jq', 'systemd', 'postgresql', 'jq'], [
	'cloud-init',
	'jq',
	'postgresql',
	'postgresql-client',
	'systemd',
]);
test('an unknown feature is no package', consistsOf, ['frobnication'], [], ['cloud-init', 'systemd']);

test('packages that the recipe takes away are brought by its features no more', (t) => {
	t.deepEqual(packageSet({ features: ['postgresql'], packages: ['jq'], withoutPackages: ['postgresql-client', 'systemd'] }, guest), [
		'cloud-init',
		'jq',
		'postgresql',
		'systemd',
	]);
});

test('a suite has images of its own, without what it has not', (t) => {
	const lab = labOf(labNode('one', 0, { features: ['postgresql'] }), labNode('two', 1, { features: ['postgresql'], suite: 'bookworm' }));
	t.deepEqual(
		imageRequests(lab, guest).map(({ suite, nodes, packages }) => [suite, nodes, packages.includes('postgresql-client')]),
		[['trixie', ['one'], true], ['bookworm', ['two'], false]],
	);
});

test('nodes share an image exactly when their packages are the same set', (t) => {
	const lab = labOf(
		labNode('one', 0, { packages: ['jq', 'curl'] }),
		labNode('two', 1, { features: ['postgresql'] }),
		labNode('three', 2, { packages: ['curl', 'jq', 'systemd'], features: ['headless'] }),
		labNode('four', 3, { packages: ['curl'] }),
	);
	t.deepEqual(
		imageRequests(lab, guest).map(({ nodes }) => nodes),
		[['one', 'three'], ['two'], ['four']],
	);
	t.deepEqual(imageRequests(lab, guest)[0]?.packages, ['cloud-init', 'curl', 'jq', 'systemd']);
});

test("the guest's own definition boots, takes a seed and can grow its file system", async (t) => {
	const { suite, base } = await readGuestDefinition();
	t.is(suite, 'trixie');
	for (const name of ['linux-image-cloud-amd64', 'systemd-sysv', 'cloud-init', 'e2fsprogs', 'sudo']) t.true(base.includes(name), name);
});

test('an image is made on the base, or on what most recipes name where it has all of that', (t) => {
	const of = (...packages: string[]) => layerRequest({ suite: 'trixie', packages }, guest).packages;
	t.deepEqual(of('cloud-init', 'curl', 'systemd'), ['cloud-init', 'systemd']);
	t.deepEqual(of('cloud-init', 'curl', 'jq', 'systemd'), ['cloud-init', 'curl', 'jq', 'systemd']);
	t.deepEqual(of('cloud-init', 'curl', 'jq', 'nginx', 'systemd'), ['cloud-init', 'curl', 'jq', 'systemd']);
});

test('the layers of the guest definition have what every image has', async (t) => {
	const real = await readGuestDefinition();
	const all = packageSet({ features: [], packages: real.common }, real);
	for (const packages of [real.base, all]) {
		const layer = layerRequest({ suite: 'trixie', packages }, real);
		t.deepEqual(layer.packages.filter((name) => !packages.includes(name)), []);
	}
});

test("cloud-init hands the network to the program that every image has enabled for it, whatever else a recipe's packages bring", async (t) => {
	const text = (name: string) => readFile(path.join(imagesDirectory(), name), 'utf8');
	const [, renderers, activators] = /^system_info: .*\bnetwork: \{renderers: \[(.*?)\], activators: \[(.*?)\]\}/m.exec(await text('files/etc/cloud/cloud.cfg')) ?? [];
	t.deepEqual([renderers, activators], ['networkd', 'networkd']);
	t.regex(await text('customize.sh'), /systemctl enable --quiet systemd-networkd\.service/);
});
