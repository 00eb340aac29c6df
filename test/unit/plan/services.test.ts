import test from 'ava';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { declaredPackages } from '../../../src/plan/packages.js';
import type { RecipeDocument } from '../../../src/plan/schema.js';
import { isUnit, readSshSettings, unitOf, whyNoUnit } from '../../../src/plan/services.js';

test('the settings of SSH have the defaults of OpenFactory', (t) => {
	t.deepEqual(readSshSettings({ name: 'ssh', config: {} }), {
		settings: { port: 22, allowRoot: false, passwords: true, emptyPasswords: false, loginGraceSeconds: 120, clientAliveSeconds: 60, maxAuthTries: 6 },
		problems: [],
	});
	t.is(readSshSettings({ name: 'sshd.service', config: { port: '2222' } }).settings?.port, 2222);
});

test('without a configuration, and of another service, there are none', (t) => {
	t.deepEqual(readSshSettings({ name: 'ssh' }), { problems: [] });
	t.deepEqual(readSshSettings({ name: 'nginx', config: { port: 'x' } }), { problems: [] });
});

const refuses = test.macro({
	title: (_title, config: object) => `refuses ${JSON.stringify(config)}`,
	exec(t, config: Readonly<Record<string, unknown>>, key: string, fix: RegExp) {
		const { settings, problems } = readSshSettings({ name: 'ssh', config });
		t.is(settings, undefined);
		t.deepEqual(problems.map(({ path }) => path), [['config', key]]);
		t.regex(problems[0]?.fix ?? '', fix);
	},
});
test(refuses, { port: 0 }, 'port', /from 1 to 65535/);
test(refuses, { ports: 22 }, 'ports', /did you mean "port"/);
test(refuses, { allow_root: 'yes' }, 'allow_root', /true or false/);
test(refuses, { max_auth_tries: 1.5 }, 'max_auth_tries', /whole number/);

test('the ending of a unit makes no other service of it', async (t) => {
	const { features } = await readGuestDefinition();
	const packages = (name: string) => declaredPackages({ base_image: 'debian-trixie', features: [], packages: [], services: [{ name }] } as unknown as RecipeDocument, features);
	for (const name of ['nginx', 'redis', 'docker', 'git', 'firewall', 'ssh']) {
		t.true(packages(name).size > 0, name);
		t.deepEqual(packages(`${name}.service`), packages(name));
		t.is(whyNoUnit(`${name}.service`), whyNoUnit(name));
	}
});

test('names of units', (t) => {
	for (const name of ['nginx', 'getty@tty1.service', 'postgresql@17-main']) t.true(isUnit(name), name);
	for (const name of ['', '../x', '-x', 'a b', 'a/b', 'x'.repeat(300), '$(id)']) t.false(isUnit(name), name);
});

test('a service by the name of a feature is a unit of its packages, or has none', async (t) => {
	const { features } = await readGuestDefinition();
	const units = Object.keys(features).filter((name) => whyNoUnit(name) === undefined).map(unitOf);
	t.deepEqual(units, ['ssh', 'postgresql', 'redis-server', 'nginx', 'mariadb', 'nftables', 'docker', 'prometheus-node-exporter']);
});

test('services that Debian has under another name are that unit: systemctl enables no alias', (t) => {
	t.deepEqual(['sshd', 'openssh-server.service', 'redis', 'firewall', 'monitoring', 'nginx', 'my@x.service', 'constructor'].map(unitOf), ['ssh', 'ssh', 'redis-server', 'nftables', 'prometheus-node-exporter', 'nginx', 'my@x.service', 'constructor']);
});
