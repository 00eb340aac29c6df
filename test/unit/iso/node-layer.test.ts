import test from 'ava';
import type { LabNode } from '../../../src/lab/lab.js';
import { layerArchive } from '../../../src/iso/layer-tar.js';
import { nodeLayer, recipeHash, type LayerEntry } from '../../../src/iso/node-layer.js';
import { matchesGolden } from '../base/golden.js';
import { labNode } from '../base/labs.js';
import { facts } from './facts.js';

const web = labNode('web', 0, {
	features: ['ssh', 'nginx'],
	packages: ['curl'],
	services: ['app'],
	dns: ['1.1.1.1', '9.9.9.9'],
	users: [
		{ username: 'ops', password: 'correct horse', groups: ['sudo', 'deploy'], shell: '/bin/bash' },
		{ username: 'guest', groups: [], shell: '/bin/sh' },
	],
	startupScripts: [
		{ name: 'web', text: '#!/bin/bash\necho web\n', after: 'network-online.target' },
		{ name: 'late', text: 'echo late\n', after: 'multi-user.target nginx.service' },
	],
});

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

const shown = ({ path, mode, uid, gid, content }: LayerEntry): string => {
	const head = `${octal(mode)} ${uid}:${gid} ${path}`;
	if (content === 'directory') return `${head}/\n`;
	if ('link' in content) return `${head} -> ${content.link}\n`;
	return `${head}\n${content.text.replace(/^(?=.)/gm, '\t')}`;
};

test('the layer of a node', (t) => {
	matchesGolden(t, 'iso/golden/web.txt', nodeLayer(web, facts).map(shown).join(''));
});

test('a directory comes before what is in it, and nothing comes twice', (t) => {
	const paths = nodeLayer(web, facts).map(({ path }) => path);
	t.is(new Set(paths).size, paths.length);
	for (const [index, path] of paths.entries()) {
		const above = path.slice(0, path.lastIndexOf('/'));
		if (above !== '') t.true(paths.indexOf(above) < index && paths.includes(above), path);
	}
});

test('nothing of a rehearsal is in it: no MAC address, no lease, no seed, no agent', (t) => {
	const text = nodeLayer(web, facts).map(shown).join('');
	for (const word of [web.mac, web.uplinkAddress, web.alias, 'rehearse', 'cloud-init', 'correct horse']) t.false(text.includes(word), word);
});

test('the archive of a layer is made of whole blocks, and the same each time', (t) => {
	const archive = layerArchive(nodeLayer(web, facts), facts.epoch);
	t.is(archive.length % 512, 0);
	t.deepEqual(archive, layerArchive(nodeLayer(web, facts), facts.epoch));
	// The first entry is the directory /etc, of the time of all.
	t.is(archive.subarray(0, 5).toString(), 'etc/\0');
	t.is(parseInt(archive.subarray(136, 147).toString(), 8), facts.epoch);
});

const changes = test.macro((t, expected: boolean, overrides: Partial<LabNode>) =>
	t.is(recipeHash({ ...web, ...overrides }) !== recipeHash(web), expected));
test('a recipe hash follows the packages', changes, true, { packages: ['wget'] });
test('and the scripts', changes, true, { startupScripts: [] });
test('but neither memory nor addresses, which are no part of the recipe', changes, false, { memoryMiB: 1, alias: '10.1.1.1/24', mac: 'x' });
