import test from 'ava';
import type { LabNode, StartupScript } from '../../../src/lab/lab.js';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { baseRequests } from '../../../src/iso/definition.js';
import { layerArchive } from '../../../src/iso/layer-tar.js';
import { nodeLayer, type LayerEntry } from '../../../src/iso/node-layer.js';
import { ordersOf } from '../../../src/iso/script-units.js';
import { scriptOf } from '../../../src/lab/script-bytes.js';
import { settingFiles } from '../../../src/seed/settings.js';
import { matchesGolden } from '../base/golden.js';
import { labNode } from '../base/labs.js';
import { facts } from './facts.js';

const latin = Buffer.from('#!/bin/bash\necho \xe4\n', 'latin1');

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

/** Everything that a recipe may have beside it. */
const guarded = labNode('guarded', 0, {
	services: ['ssh'],
	ssh: { port: 2222, allowRoot: false, passwords: false, emptyPasswords: false, loginGraceSeconds: 120, clientAliveSeconds: 30, maxAuthTries: 3 },
	firewall: { tcp: [2222, 8080], udp: [53] },
	users: [
		{ username: 'root', groups: [], shell: '/bin/bash', sshKeys: ['ssh-ed25519 AAAAroot root@desk'] },
		{ username: 'ops', groups: ['sudo'], shell: '/bin/bash', home: '/srv/ops', comment: 'Operator', sshKeys: ['ssh-ed25519 AAAA1 a', 'ssh-ed25519 AAAA2 b'] },
	],
	startupScripts: [
		{ name: 'slow', text: '#!/bin/bash\nsleep 100\n', after: 'network-online.target', timeoutSeconds: 299.5 },
		{ name: 'latin', ...scriptOf(latin), after: 'network-online.target' },
	],
});

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');

const shown = ({ path, mode, uid, gid, content }: LayerEntry): string => {
	const head = `${octal(mode)} ${uid}:${gid} ${path}`;
	if (content === 'directory') return `${head}/\n`;
	if ('link' in content) return `${head} -> ${content.link}\n`;
	return `${head}\n${String(content.data).replace(/^(?=.)/gm, '\t')}`;
};

test('the layer of a node', (t) => {
	matchesGolden(t, 'iso/golden/web.txt', nodeLayer(web, facts).map(shown).join(''));
});

test('the layer of a node with SSH settings, a firewall, keys, homes and time limits', (t) => {
	matchesGolden(t, 'iso/golden/guarded.txt', nodeLayer(guarded, facts).map(shown).join(''));
});

const contentAt = (node: LabNode, path: string): unknown => {
	const content = nodeLayer(node, facts).find((entry) => entry.path === path)?.content;
	return content && typeof content === 'object' && 'data' in content ? content.data : content;
};

test('a script that is no UTF-8 lies in the layer, and in its archive, as it is', (t) => {
	t.deepEqual(contentAt(guarded, '/usr/local/lib/startup/latin'), latin);
	t.true(layerArchive(nodeLayer(guarded, facts), facts.epoch).includes(latin));
});

test('SSH settings and firewall are those of a rehearsal, to the byte', (t) => {
	const settings = settingFiles(guarded);
	t.deepEqual(settings.map(({ path }) => path), ['/etc/ssh/sshd_config.d/40-recipe.conf', '/etc/nftables.conf']);
	for (const { path, content } of settings) t.is(contentAt(guarded, path), content);
});

const limits = test.macro((t, timeoutSeconds: number | undefined, expected: string | undefined, more: Partial<StartupScript> = {}) => {
	const script = { name: 'a', text: 'true\n', after: '', ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }), ...more };
	const unit = String(contentAt({ ...web, startupScripts: [script] }, '/etc/systemd/system/startup-a.service'));
	t.is(/^TimeoutStartSec=(.*)$/m.exec(unit)?.[1], expected);
});
test('a script has no limit where the recipe gives it none', limits, undefined, undefined);
test('it has the one that the recipe gives it', limits, 300, '300');
test('and not that of one run, which is none of the recipe', limits, 300, undefined, { isTimeOfRun: true });
test('and never 0, which would be no limit', limits, 0.001, '1');

/** The scripts as `name: after`, and what their units come after, by their places in the list. */
const orders = test.macro((t, scripts: Readonly<Record<string, string>>, expected: Readonly<Record<string, readonly string[]>>) => {
	const startupScripts = Object.entries(scripts).map(([name, after]) => ({ name, text: 'true\n', after }));
	const afterOf = (name: string) => {
		const unit = String(contentAt({ ...web, startupScripts }, `/etc/systemd/system/startup-${name}.service`));
		return [...unit.matchAll(/^After=(.*)$/gm)].flatMap(([, words = '']) => words.split(' '));
	};
	t.deepEqual(Object.fromEntries(Object.keys(scripts).map((name) => [name, afterOf(name)])), expected);
});
test('a script comes after the one before it', orders, { a: 'network-online.target', b: 'network-online.target' }, {
	a: ['network-online.target'],
	b: ['network-online.target', 'startup-a.service'],
});
test('what follows a script that comes after the boot does so too: the boot would wait for it, and it for the boot', orders, { a: 'multi-user.target', b: 'network-online.target', c: '' }, {
	a: ['multi-user.target'],
	b: ['network-online.target', 'multi-user.target', 'startup-a.service'],
	c: ['multi-user.target', 'startup-b.service'],
});
test('what comes after a target behind multi-user.target is not waited for by that', orders, { a: 'graphical.target', b: 'default.target' }, {
	a: ['graphical.target', 'multi-user.target'],
	b: ['default.target', 'multi-user.target', 'startup-a.service'],
});
test('a script that names a later one comes after it, and that after what was before both', orders, { a: '', b: 'startup-d.service', c: '', d: '' }, {
	a: [],
	b: ['startup-d.service', 'startup-a.service'],
	c: ['startup-b.service'],
	d: ['startup-a.service'],
});

test('hundreds of scripts that each name the next one are put in order in no time', (t) => {
	const scripts = Array.from({ length: 2000 }, (_, index) => ({ name: String(index), after: `startup-${(index + 1) % 2000}.service` }));
	const began = performance.now();
	t.is(ordersOf(scripts).length, 2000);
	t.true(performance.now() - began < 20_000);
});

test('files of a new home directory may lie in directories, which are the user\'s too', (t) => {
	const entries = nodeLayer(web, { ...facts, skeleton: { '.config/app/settings': 'x\n' } });
	const homes = entries.filter(({ path }) => path.startsWith('/home/ops'));
	t.deepEqual(homes.map(({ path, uid, gid }) => [path, uid, gid]), ['', '/.config', '/.config/app', '/.config/app/settings'].map((path) => [`/home/ops${path}`, 1000, 1001]));
});

test('a new home directory has the mode that the system gives one, also with keys in it', (t) => {
	const entries = nodeLayer(guarded, { ...facts, homeMode: 0o755 });
	const modes = Object.fromEntries(entries.map(({ path, mode }) => [path, mode]));
	t.deepEqual([modes['/srv/ops'], modes['/srv/ops/.ssh'], modes['/root']], [0o755, 0o700, 0o700]);
});

test('a node without SSH settings, firewall and keys has no files of them', (t) => {
	const paths = nodeLayer(web, facts).map(({ path }) => path);
	t.deepEqual(paths.filter((path) => /sshd_config|nftables|\.ssh/.test(path)), []);
});

test('a firewall without its unit makes no ISO that is open', (t) => {
	const units = new Map([...facts.units].filter(([name]) => name !== 'nftables.service'));
	t.throws(() => nodeLayer(guarded, { ...facts, units }), { code: 'usage', message: /^guarded: .*nftables/ });
});

test('no node answers for its own name to the others, unless its recipe names the resolver that every ISO has', (t) => {
	const place = '/etc/systemd/resolved.conf.d/names.conf';
	t.regex(String(contentAt(web, place)), /^LLMNR=no$/m);
	t.is(contentAt({ ...web, packages: ['systemd-resolved'] }, place), undefined);
});

test('a user of a package gets no keys: its home directory is not the layer\'s', (t) => {
	const users = [{ username: 'redis', groups: [], shell: '/bin/sh', sshKeys: ['ssh-ed25519 AAAA'] }];
	t.throws(() => nodeLayer({ ...web, users }, facts), { code: 'usage', message: /^web: the user "redis" is one of a package/ });
});

test('packages that the recipe takes away are not in the base layer', async (t) => {
	const guest = await readGuestDefinition();
	const options = { kernel: 'cloud', recommends: false, pinOf: () => undefined } as const;
	const packagesOf = (withoutPackages: readonly string[]) =>
		baseRequests([{ ...web, features: ['redis'], withoutPackages }], guest, { base: ['systemd'], kernels: { cloud: 'k', generic: 'g' } }, options)[0]?.packages;
	t.deepEqual(packagesOf([]), ['curl', 'k', 'redis-server', 'redis-tools', 'systemd']);
	t.deepEqual(packagesOf(['redis-tools']), ['curl', 'k', 'redis-server', 'systemd']);
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
