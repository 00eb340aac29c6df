import test from 'ava';
import { parse } from 'yaml';
import type { LabNode, StartupScript } from '../../../src/lab/lab.js';
import { scriptDeadlineMs } from '../../../src/protocol/run-spec.js';
import { scriptOf } from '../../../src/lab/script-bytes.js';
import { buildSeedFiles, readGuestFiles } from '../../../src/seed/content.js';
import { matchesGolden } from '../base/golden.js';
import { labNode } from '../base/labs.js';

const script = (name: string, text: string): StartupScript => ({ name, text, after: 'network-online.target' });

const sample = labNode('web', 0, {
	mac: '52:54:00:00:00:01',
	dns: ['1.1.1.1', '8.8.8.8'],
	services: ['nginx'],
	users: [
		{ username: 'ops', password: 'correct horse', groups: ['sudo', 'adm'], shell: '/bin/bash' },
		{ username: 'app', groups: [], shell: '/usr/sbin/nologin' },
	],
	startupScripts: [script('first', '#!/bin/sh\necho first\n'), { ...script('second', 'echo "ö"'), after: 'nginx.service' }],
});

const hostKey = { privateKey: '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n', publicKey: 'ssh-ed25519 AAAA web' };
const guestFiles = { agent: '#!/bin/bash\ntrue\n', 'rehearse-agent.service': '[Service]\n' };

const build = (overrides: Partial<LabNode> = {}, scriptDeadlineSeconds = 90.2) =>
	buildSeedFiles({ node: { ...sample, ...overrides }, hostKey, guestFiles, scriptDeadlineSeconds: () => scriptDeadlineSeconds, isTraced: ({ name }) => name === 'first' }) as Readonly<
		Record<string, string>
	>;

const instanceId = (overrides: Partial<LabNode> = {}, scriptDeadlineSeconds?: number): unknown =>
	(JSON.parse(build(overrides, scriptDeadlineSeconds)['meta-data'] ?? '') as Record<string, unknown>)['instance-id'];

test('the files of a seed', (t) => {
	const text = Object.entries(build()).map(([file, content]) => `==> ${file} <==\n${content}\n`);
	matchesGolden(t, 'seed/golden/web.txt', text.join(''));
});

test('user-data is a cloud-config of YAML, which JSON is', (t) => {
	const userData = build()['user-data'] ?? '';
	t.is(userData.split('\n')[0], '#cloud-config');
	const { hostname, users, ssh_keys: keys } = parse(userData) as { hostname: string; users: unknown[]; ssh_keys: unknown };
	t.is(hostname, 'web');
	t.is(users.length, 2);
	t.deepEqual(keys, { ed25519_private: hostKey.privateKey, ed25519_public: hostKey.publicKey });
});

test('a password is nowhere in clear, and a user without one is locked', (t) => {
	const files = build();
	for (const [file, content] of Object.entries(files)) t.false(content.includes('correct horse'), file);
	const [ops, app] = (parse(files['user-data'] ?? '') as { users: Record<string, unknown>[] }).users;
	t.regex(String(ops?.['hashed_passwd']), /^\$6\$/);
	t.false(ops?.['lock_passwd']);
	t.true(app?.['lock_passwd']);
	t.false('hashed_passwd' in (app ?? {}));
});

test('every startup script has a line of name, whole seconds and unit, in order, and lies beside it unchanged', (t) => {
	const files = build();
	t.is(files['startup/order.txt'], 'first 91 trace network-online.target\nsecond 91 plain nginx.service\n');
	t.is(files['startup/first'], '#!/bin/sh\necho first\n');
	t.is(files['startup/second'], 'echo "ö"');
	t.is(build({ startupScripts: [] })['startup/order.txt'], '');
});

test('the network is the uplink by DHCP: the alias is the work of the startup script', (t) => {
	const network = build()['network-config'] ?? '';
	t.deepEqual(parse(network), {
		version: 2,
		ethernets: {
			uplink: {
				match: { macaddress: '52:54:00:00:00:01' },
				dhcp4: true,
				dhcp6: false,
				'accept-ra': false,
				nameservers: { addresses: ['1.1.1.1', '8.8.8.8'] },
			},
		},
	});
	for (const content of Object.values(build())) t.false(content.includes(sample.alias.replace(/\/.*/, '')));
});

const [ops, app] = sample.users;

const changes = test.macro({
	exec: (t, overrides: Partial<LabNode>) => t.not(instanceId(overrides), instanceId()),
	title: (title, overrides) => title ?? `another ${String(Object.keys(overrides as object))} is another instance`,
});
test(changes, { name: 'api' });
test(changes, { mac: '52:54:00:00:00:02' });
test(changes, { dns: ['9.9.9.9'] });
test(changes, { services: [] });
test(changes, { users: ops ? [ops] : [] });
test('another password is another instance', changes, {
	users: ops && app ? [{ ...ops, password: 'battery staple' }, app] : [],
});

const keeps = test.macro((t, overrides: Partial<LabNode>, seconds?: number) => t.is(instanceId(overrides, seconds), instanceId()));
test('another startup script is the same instance', keeps, { startupScripts: [script('first', 'echo changed')] });
test('no startup script is the same instance', keeps, { startupScripts: [] });
test('another deadline is the same instance', keeps, {}, 10);
test('another size is the same instance: the disk is grown at every first boot', keeps, { memoryMiB: 1, diskMiB: 1 });

test("the guest's own files lie on the seed as in the guest, units among the units, and user-data has none of them", async (t) => {
	const guestFiles = await readGuestFiles();
	const files = buildSeedFiles({ node: sample, hostKey, guestFiles, scriptDeadlineSeconds: () => 1, isTraced: () => true }) as Readonly<Record<string, string>>;
	t.true(files['guest/usr/local/lib/rehearse/agent']?.startsWith('#!/usr/bin/perl'));
	t.is(files['guest/etc/systemd/system/rehearse-agent.service'], guestFiles['rehearse-agent.service']);
	t.is(files['guest/etc/systemd/system/systemd-user-sessions.service.d/rehearse.conf'], guestFiles['each-boot.conf']);
	t.is(Object.keys(files).filter((file) => file.startsWith('guest/')).length, Object.keys(guestFiles).length);
	// cloud-init parses it a dozen times at a first boot, at 6 ms per kilobyte in an emulated guest.
	t.true((files['user-data'] ?? '').length < 4096);
	t.throws(() => buildSeedFiles({ node: sample, hostKey, guestFiles: { other: '' }, scriptDeadlineSeconds: () => 1, isTraced: () => true }), {
		message: /no place for other/,
	});
});

test('another agent is another instance', (t) => {
	const withAgent = (agent: string) => buildSeedFiles({ node: sample, hostKey, guestFiles: { agent }, scriptDeadlineSeconds: () => 1, isTraced: () => true });
	t.not(withAgent('one')['meta-data'], withAgent('another')['meta-data']);
});

test('the seed of a node without DNS servers has none: cloud-init refuses an empty list', (t) => {
	const files = build({ dns: [] });
	t.false(files['network-config']?.includes('nameservers'));
});

const users = (overrides: Partial<LabNode>) => (JSON.parse((build(overrides)['user-data'] ?? '').replace(/^#.*\n/, '')) as { users: object[] }).users;

test('a user has no empty list of groups, which cloud-init refuses, and what the recipe has of it', (t) => {
	const [user] = users({ users: [{ username: 'john.doe', groups: [], shell: '/bin/sh', home: '/srv/john', comment: 'John', sshKeys: ['ssh-ed25519 AAAA'] }] });
	t.deepEqual(user, {
		name: 'john.doe',
		shell: '/bin/sh',
		homedir: '/srv/john',
		gecos: 'John',
		ssh_authorized_keys: ['ssh-ed25519 AAAA'],
		lock_passwd: true,
	});
});

test('a user whose name is a group already has that one, and is not listed as a member of it', (t) => {
	const plain = { shell: '/bin/bash' };
	const made = users({ users: [{ username: 'deploy', groups: ['deploy', 'sudo'], ...plain }, { username: 'operator', groups: [], ...plain }, { username: 'ops', groups: ['web'], ...plain }, { username: 'web', groups: ['sudo'], ...plain }, { username: 'alone', groups: ['sudo'], ...plain }] });
	t.deepEqual(
		made.map((user) => (({ groups, primary_group: own }: { groups?: unknown; primary_group?: unknown }) => [groups, own])(user)),
		[[['sudo'], undefined], [undefined, 'operator'], [['web'], undefined], [['sudo'], 'web'], [['sudo'], undefined]],
	);
});

test('a user has a group of his own name whether there is one or not, and whoever is made before or after him is in it', (t) => {
	const groups = (...list: readonly (readonly [string, readonly string[]])[]) =>
		users({ users: list.map(([username, all]) => ({ username, groups: [...all], shell: '/bin/sh' })) }).map((user) => (({ groups: listed, primary_group: own }: { groups?: unknown; primary_group?: unknown }) => [listed, own])(user));
	t.deepEqual(groups(['web', ['web']]), [[undefined, undefined]], 'useradd makes it');
	t.deepEqual(groups(['web', []], ['bob', ['sudo', 'web']]), [[undefined, undefined], [['sudo', 'web'], undefined]], 'it is there for the next');
	t.deepEqual(groups(['www-data', ['web']], ['web', []]), [[['web'], 'www-data'], [['web'], 'web']], 'cloud-init passes over the first with his groups');
	t.deepEqual(groups(['docker', []], ['netdev', ['sudo']]), [[['docker'], 'docker'], [['sudo'], 'netdev']], 'its package need not be there');
});

test('what the recipe says of a user whom a package has made is done by usermod, since cloud-init skips it', (t) => {
	const data = JSON.parse((build({ users: [{ username: 'www-data', groups: ['sudo', 'web'], shell: '/bin/bash', comment: "It's web" }, { username: 'a.b', groups: [], shell: '/bin/sh' }] })['user-data'] ?? '').replace(/^#.*\n/, '')) as { runcmd: unknown[] };
	t.is(data.runcmd[0], `! grep -qE '^www-data:[^:]*:([0-9]{1,3}|65534):' /etc/passwd || { groupadd --force -- sudo && groupadd --force -- web && usermod --shell /bin/bash --append --groups sudo,web --comment 'It'\\''s web' -- www-data; } 2>/dev/console || refused=1`);
	t.is(data.runcmd[1], `! grep -qE '^a\\.b:[^:]*:([0-9]{1,3}|65534):' /etc/passwd || { usermod --shell /bin/sh -- a.b; } 2>/dev/console || refused=1`);
});

test('settings of SSH and of the firewall', (t) => {
	const ssh = { port: 2222, allowRoot: false, passwords: false, emptyPasswords: false, loginGraceSeconds: 120, clientAliveSeconds: 30, maxAuthTries: 3 };
	const data = JSON.parse((build({ ssh, firewall: { tcp: [443, 2222], udp: [] }, services: ['nginx'] })['user-data'] ?? '').replace(/^#.*\n/, '')) as {
		write_files: { path: string; content: string }[];
		runcmd: unknown[];
	};
	const contentOf = (path: string) => data.write_files.find((file) => file.path === path)?.content ?? '';
	t.is(
		contentOf('/etc/ssh/sshd_config.d/40-recipe.conf'),
		'Port 2222\nPermitRootLogin no\nPasswordAuthentication no\nPermitEmptyPasswords no\nLoginGraceTime 120\nClientAliveInterval 30\nMaxAuthTries 3\n',
	);
	t.is(contentOf('/etc/ssh/sshd_config.d/50-cloud-init.conf'), 'PasswordAuthentication no\n');
	const rules = contentOf('/etc/nftables.conf');
	t.regex(rules, /policy drop;/);
	t.regex(rules, /^add table inet filter\ndelete table inet filter\n\ntable inet filter \{$/m, 'loaded again, it replaces itself');
	t.notRegex(rules, /flush ruleset/, 'what Docker and others have made by then stays');
	t.regex(rules, /tcp dport \{ 443, 2222 \} accept/);
	t.notRegex(rules, /udp dport \{/);
	const enabled = data.runcmd.filter((command) => String(command).includes('systemctl enable --now')).map(String);
	t.is(enabled.length, 2);
	t.regex(enabled[0] ?? '', /nftables/, 'the firewall is there before the services');
});

test('other nodes are answered for where the recipe asks for the resolver', (t) => {
	t.false(build()['user-data']?.includes('resolved.conf.d'));
	t.regex(build({ packages: ['systemd-resolved'] })['user-data'] ?? '', /rm -f \/etc\/systemd\/resolved\.conf\.d\/rehearse\.conf && systemctl restart/);
});

test('a script has the time that the plan gives it', (t) => {
	const files = buildSeedFiles({
		node: { ...sample, startupScripts: [{ name: 'a', text: '', after: 'x.target', timeoutSeconds: 300 }, { name: 'b', text: '', after: 'x.target' }] },
		hostKey,
		guestFiles,
		scriptDeadlineSeconds: (script) => scriptDeadlineMs(script, { scriptMs: 60_000 }, 2) / 1000,
		isTraced: () => false,
	});
	t.is(files['startup/order.txt'], 'a 600 plain x.target\nb 60 plain x.target\n');
});

test('a script that is no UTF-8 is on the seed byte for byte', (t) => {
	const content = Buffer.from("#!/bin/sh\necho 'Ren\xe9'\r\n\0no end", 'latin1');
	const files = build({ startupScripts: [{ name: 'old', after: 'network-online.target', ...scriptOf(content) }] });
	t.deepEqual(Buffer.from(files['startup/old'] ?? ''), content);
	t.deepEqual(scriptOf(Buffer.from('\ufeffé\r\n\0')), { text: '\ufeffé\r\n\0' });
});
