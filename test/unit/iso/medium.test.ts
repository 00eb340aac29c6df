import test from 'ava';
import { baseMmdebstrapArgv } from '../../../src/iso/base-build.js';
import { baseRequests, readIsoDefinition, type BaseRequest } from '../../../src/iso/definition.js';
import { bootLoaderCommands, earlyGrubConfig, grubConfig, mediumFiles, volumeLabel, xorrisoArgv } from '../../../src/iso/medium.js';
import { squashArgv } from '../../../src/iso/squash.js';
import type { Sources } from '../../../src/image/archives.js';
import type { GuestDefinition } from '../../../src/image/guest.js';
import { argumentLines, matchesGolden } from '../base/golden.js';
import { labNode } from '../base/labs.js';
import { facts } from './facts.js';

const guest: GuestDefinition = { suite: 'trixie', components: ['main'], base: ['cloud-init'], tool: [], features: { nginx: ['nginx'] }, absent: {}, common: [] };
const request: BaseRequest = { suite: 'trixie', packages: ['jq', 'live-boot'], nodes: ['web'], recommends: false };
const files = mediumFiles(`/o'neill/out`);

test("mmdebstrap's arguments", (t) => {
	const argv = baseMmdebstrapArgv(request, '/scratch/images', { guest, sources: { updates: [] }, scratch: '/scratch' });
	matchesGolden(t, 'iso/golden/mmdebstrap.txt', argumentLines(argv));
});

test('a pin, recommendations, mirror with its updates, and proxy come on top', (t) => {
	const argv = (more: Partial<BaseRequest>, sources: Sources = { updates: [] }) =>
		baseMmdebstrapArgv({ ...request, ...more }, '/scratch/images', { guest, sources, scratch: '/scratch' });
	const added = argv({ pin: 'jq 1.7', recommends: true }, {
		...{ uri: 'http://m.example/debian', security: 'http://s.example/debian-security', updates: ['security'] },
		proxies: { 'Acquire::http::Proxy': 'http://p.example:1' },
	});
	t.deepEqual(added.filter((word) => !argv({}).includes(word)), [
		'--aptopt=Apt::Install-Recommends "true"',
		'--aptopt=Acquire::http::Proxy "http://p.example:1"',
		'--setup-hook=mkdir -p "$1/etc/apt/preferences.d" && cp /scratch/preferences "$1/etc/apt/preferences.d/99pinned"',
		'http://m.example/debian',
		'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://s.example/debian-security trixie-security main',
	]);
});

test('the commands that make a medium', (t) => {
	const live = { 'vmlinuz': '/cache/vmlinuz', '20-node.squashfs': '/out/20\\node=.squashfs' };
	const commands = [
		squashArgv('/out/20-node.squashfs'),
		...bootLoaderCommands(files),
		xorrisoArgv({ node: 'web', files, live, epoch: facts.epoch, output: '/out/web.iso' }),
	];
	matchesGolden(t, 'iso/golden/commands.txt', commands.map((argv) => argumentLines(argv)).join('\n'));
});

test("GRUB's two configurations", (t) => {
	matchesGolden(t, 'iso/golden/grub.txt', `${earlyGrubConfig('web')}\n${grubConfig('web')}`);
});

test('the word by which the second entry is found is seen in a menu of 80 columns, however long the name of the node is', (t) => {
	const [, second = ''] = [...grubConfig('n'.repeat(63)).matchAll(/^menuentry '(.*)' \{$/gm)].map(([, title]) => title);
	t.regex(second.slice(0, 70), /\bpersistence\b/);
});

test('a label is as long as a volume identifier may be', (t) => {
	t.is(volumeLabel('n'.repeat(63)).length, 32);
});

test('nodes share a base layer exactly when packages and pin are the same', (t) => {
	const nodes = ['one', 'two', 'three', 'four'].map((name, index) => labNode(name, index, { packages: index === 2 ? ['jq'] : [] }));
	const definition = { base: ['live-boot'], kernels: { cloud: 'linux-cloud', generic: 'linux' } };
	const pinOf = (node: string) => (node === 'four' ? 'jq 1.7' : undefined);
	const requests = baseRequests(nodes, guest, definition, { kernel: 'generic', recommends: true, pinOf });
	t.deepEqual(requests, [
		{ suite: 'trixie', packages: ['linux', 'live-boot'], nodes: ['one', 'two'], recommends: true, pin: undefined },
		{ suite: 'trixie', packages: ['jq', 'linux', 'live-boot'], nodes: ['three'], recommends: true, pin: undefined },
		{ suite: 'trixie', packages: ['linux', 'live-boot'], nodes: ['four'], recommends: true, pin: 'jq 1.7' },
	]);
});

test('nothing of a rehearsal is among the packages of every ISO', async (t) => {
	const { base, kernels } = await readIsoDefinition();
	t.false(base.includes('cloud-init'));
	t.true(base.includes('live-boot-initramfs-tools'));
	t.deepEqual(kernels, { cloud: 'linux-image-cloud-amd64', generic: 'linux-image-amd64' });
});
