/** What no rehearsal can judge, and what it can. */
import test from 'ava';
import { packageSet, readGuestDefinition } from '../../../src/image/guest.js';
import type { Assertion, LabNode } from '../../../src/lab/lab.js';
import { withDefaultTests } from '../../../src/plan/default-tests.js';
import { whyNotJudged } from '../../../src/plan/outside.js';
import { labNode, labOf } from '../base/labs.js';

const guest = await readGuestDefinition();
const installed = { features: guest.features, packagesOf: (node: LabNode) => packageSet(node, { ...guest, base: [] }) };

const hosts = 'echo "10.80.0.11 photos.example.com" >>/etc/hosts\nip addr add 9.9.9.9/32 dev lo\n';
const script = { name: 'a', text: hosts, after: 'network-online.target' };
const lab = labOf(labNode('web', 0, { startupScripts: [script] }), labNode('db', 1));

const command = (text: string): Assertion => ({ onVm: 'web', type: 'command_output', command: text, expect: { exitCode: 0 } });
const reachable = (host: string): Assertion => ({ onVm: 'web', type: 'network_reachable', host });
const responds = (url: string): Assertion => ({ onVm: 'web', type: 'http_responds', url, status: 200, method: 'GET' });

const isJudged = test.macro({
	title: (_title, assertion: Assertion) => `judged: ${JSON.stringify(assertion)}`,
	exec: (t, assertion: Assertion) => t.is(whyNotJudged(assertion, lab), undefined),
});
const isNotJudged = test.macro({
	title: (_title, assertion: Assertion) => `not judged: ${JSON.stringify(assertion)}`,
	exec: (t, assertion: Assertion, why: RegExp) => t.regex(whyNotJudged(assertion, lab) ?? '', why),
});

const world = /world outside/;
test(isNotJudged, reachable('www.example.org'), /^www\.example\.org is in the world outside/);
test(isNotJudged, reachable('8.8.8.8'), world);
test(isNotJudged, reachable('2606:4700::1111'), world);
test(isNotJudged, responds('https://openfactory.tech/'), world);
test(isNotJudged, command('curl -fsS https://www.example.org >/dev/null'), world);
test(isNotJudged, command('getent hosts www.example.org'), world);
test(isNotJudged, command('ping -c 1 -W 2 1.1.1.1'), world);
test(isNotJudged, command('dig +short openfactory.tech'), world);
test(isNotJudged, command('apt-get -qq update'), /^debian\.org is in the world outside/);
test(isNotJudged, command('docker pull -q hello-world'), /^docker\.io is in the world outside/);
test(isNotJudged, command('podman pull quay.io/podman/hello'), /^quay\.io is in the world outside/);
test(isJudged, command('echo "deb [trusted=yes] http://db/ ./" >/etc/apt/sources.list && apt-get -qq update'));
test(isJudged, command('docker pull 10.80.0.11:5000/hello'));
test(isJudged, command('docker pull registry:5000/hello'));
test(isJudged, command('docker run --rm hello-world'));
test(isJudged, command('apt-get -s install jq'));
test(isNotJudged, command('test -f /boot/grub/grub.cfg'), /boot loader/);
test(isNotJudged, command('dpkg -s grub-pc'), /boot loader/);
test(isNotJudged, { onVm: 'web', type: 'file_exists', path: '/etc/default/grub' }, /boot loader/);
test(isNotJudged, { onVm: 'web', type: 'package_installed', package: 'grub-pc' }, /boot loader/);

for (const host of ['db', 'db.lab', '10.80.0.11', '10.0.2.1', 'localhost', '192.168.7.7', 'db.internal', '9.9.9.9', 'photos.example.com', '::1', 'fd00::1']) {
	test(isJudged, reachable(host));
}
test(isJudged, responds('http://localhost:8080/'));
test(isJudged, responds('http://photos.example.com/'));
test(isJudged, command('curl -fsS --resolve openfactory.tech:443:127.0.0.1 https://openfactory.tech/'));
test(isJudged, command("curl -fsS -H 'Host: openfactory.tech' http://10.80.0.10/"));
test(isJudged, command('curl -fsS --cookie-jar jar.txt --dump-header head.txt --limit-rate 1.5M --referer a.example.org http://localhost:8080/'));
test(isJudged, command('curl -fsS --json @body.json --connect-to ::localhost: --noproxy a.example.org http://10.80.0.11/'));
test(isJudged, command('wget -q --save-cookies jar.txt --post-file body.json --read-timeout 1.5 -O out.html http://db/'));
test(isJudged, command('grep -q www.example.org /etc/apt/sources.list'));
test(isJudged, command('nc -z -w 5 10.80.0.11 5432'));
test(isJudged, command('getent passwd ops'));
test(isJudged, command('ping -c 1 10.80.0.300'));
test(isJudged, command('echo "unclosed'));
test(isJudged, { onVm: 'web', type: 'file_exists', path: '/boot/vmlinuz' });

for (const text of [
	// What is beside a host in another command, or in the world itself, answers for nobody.
	'ping -c1 10.80.0.11 && curl -fsS https://github.com',
	'nc -z 10.80.0.11 80 && ping -c1 www.example.org',
	'dig +short www.example.org @8.8.8.8',
	// `nslookup` has no options with a word of their own, and curl's last letter is the value of another.
	'nslookup www.example.org',
	'curl -XGET https://github.com/x -o y',
	'curl -dname=x https://github.com/x',
	'curl --retry 3 --retry-connrefused https://github.com/x',
]) test(isNotJudged, command(text), world);
for (const text of [
	'dig +short www.example.org @10.80.0.11',
	'nslookup www.example.org 10.80.0.11',
	'curl -fsS -x http://10.80.0.11:3128 http://www.example.org/',
	'curl -X GET -so github.com http://10.80.0.11/',
	'echo 10.80.0.11 www.example.org >>/etc/hosts && curl -fsS http://www.example.org/',
]) test(isJudged, command(text));

/** What the scripts of the nodes `web` and `api` decide of what an assertion on `web` names. */
const decides = test.macro({
	title: (_title, text: string, host: string) => `${host} with ${JSON.stringify(text)}`,
	exec(t, text: string, host: string, isInLab: boolean, where: 'web' | 'api' = 'web') {
		const scripted = (name: string) => ({ startupScripts: name === where ? [{ ...script, text }] : [] });
		const surroundings = labOf(labNode('web', 0, scripted('web')), labNode('api', 1, scripted('api')));
		t.is(whyNotJudged(reachable(host), surroundings) === undefined, isInLab);
	},
});
test(decides, 'true', 'api.github.com', false);
test(decides, 'curl -fsSLO https://github.com/x/y.tar.gz', 'api.github.com', false);
test(decides, 'echo "search example.com" >/etc/resolv.conf', 'api.example.com', true);
test(decides, 'hostnamectl hostname api.example.com', 'api.example.com', true, 'api');
test(decides, 'echo "$DB db.example.com" >>/etc/hosts', 'db.example.com', true);
test(decides, 'ip addr add 8.8.8.80/32 dev lo; ip addr add 8.8.8.8/32 dev lo', '8.8.8.8', true, 'api');
test(decides, 'cat >>/etc/hosts <<END\n${DB} db db.example.com\nEND\n', 'db.example.com', true);
test(decides, "sed -i 's/^.*db.example.com$//' /etc/hosts", 'db.example.com', true);
test(decides, 'curl -fsS -o "$OUT" https://www.example.org/', 'www.example.org', false);
test(decides, 'curl -fsS -H "$HEADER" www.example.org', 'www.example.org', false);
test(decides, 'SERVER=www.example.org\n', 'www.example.org', false);
test(decides, 'echo address=/example.com/10.80.0.11 >/etc/dnsmasq.d/lab.conf', 'photos.example.com', true, 'api');
test(decides, 'echo \'zone "example.com" { type master; file "/etc/bind/db"; };\' >>/etc/bind/named.conf.local', 'photos.example.com', true, 'api');
test(decides, 'echo \'local-zone: "example.com." static\' >/etc/unbound/x.conf', 'example.com', true, 'api');
test(decides, 'echo address=/example.com/10.80.0.11 >/etc/dnsmasq.d/lab.conf', 'photos.example.org', false, 'api');
test(decides, 'ip addr add 9.9.9.9/32 dev lo', '9.9.9.9', true, 'api');
test(decides, 'ip -6 addr add 2606:4700::1111/64 dev eth0', '2606:4700::1111', true, 'api');
test(decides, 'ip route add default via 9.9.9.9', '9.9.9.9', false, 'api');
test(decides, 'ip addr add 9.9.9.99/32 dev lo', '9.9.9.9', false, 'api');
test(decides, 'true', 'photos.lab', true);
test(decides, 'DOMAIN=app.example.com\necho "10.80.0.10 $DOMAIN" >> /etc/hosts', 'app.example.com', true);
test(decides, 'IP=10.80.0.10 NAME=app.example.com\nprintf "%s %s\\n" "$IP" "$NAME" | tee -a /etc/hosts', 'app.example.com', true);
test(decides, 'for h in app api; do\n  echo "10.80.0.10 $h.example.com" >>/etc/hosts\ndone', 'app.example.com', true);
test(decides, 'HOSTS="app.example.com api.example.com"\nfor h in $HOSTS; do echo "10.80.0.10 $h" >>/etc/hosts; done', 'app.example.com', true);
test(decides, 'for h in app api; do\n  echo "10.80.0.10 $h.example.com" >>/etc/hosts\ndone', 'app.example.org', false);
test(decides, 'cat >>/etc/hosts <<END\n$(hostname -I) app.example.com\nEND', 'app.example.com', true);
test(decides, 'DOMAIN=app.example.com\necho "address=/$DOMAIN/10.80.0.11" >/etc/dnsmasq.d/lab.conf', 'app.example.com', true, 'api');
test(decides, 'ZONE=example.com\ncat >/etc/bind/named.conf.local <<END\nzone "$ZONE" { type master; };\nEND', 'app.example.com', true, 'api');

test('what is near a name in a long line is looked at, and all of it is not looked through', (t) => {
	const whyNot = (text: string) => whyNotJudged(reachable('db.example.com'), labOf(labNode('web', 0, { startupScripts: [{ ...script, text }] })));
	t.is(whyNot(`printf '10.9.9.9 ${'x'.repeat(2000)}\\n10.9.9.8 db db.example.com\\n' >>$hosts`), undefined);
	const began = performance.now();
	t.regex(whyNot(`echo db.example.com ${'1'.repeat(200_000)}`) ?? '', world);
	t.true(performance.now() - began < 5000);
});

test('lines that are full of `ip` and give no address are looked through once', (t) => {
	const text = `${'ip '.repeat(320)}9.9.9.9\n`.repeat(20_000);
	const began = performance.now();
	t.regex(whyNotJudged(reachable('9.9.9.9'), labOf(labNode('web', 0), labNode('api', 1, { startupScripts: [{ ...script, text }] }))) ?? '', world);
	t.true(performance.now() - began < 5000);
});

test('a mirror that a script names is the one that Docker asks', (t) => {
	const withMirror = { startupScripts: [{ ...script, text: `echo '{"registry-mirrors": ["http://10.80.0.11:5000"]}' >/etc/docker/daemon.json` }] };
	t.is(whyNotJudged(command('docker pull -q hello-world'), labOf(labNode('web', 0, withMirror))), undefined);
});

test('an archive that a script names is the one that apt asks', (t) => {
	const withSource = { startupScripts: [{ ...script, text: 'echo "deb http://10.80.0.11/debian trixie main" >/etc/apt/sources.list' }] };
	t.is(whyNotJudged(command('apt-get update'), labOf(labNode('web', 0, withSource))), undefined);
});

test('that a package is missing is judged but for those that only cloud-init brings', (t) => {
	const missing = (name: string, overrides: Partial<LabNode> = {}) => whyNotJudged({ onVm: 'web', type: 'package_not_installed', package: name }, labOf(labNode('web', 0, overrides)));
	for (const name of ['python3', 'locales', 'python3-yaml']) t.regex(missing(name) ?? '', new RegExp(`^every machine of a rehearsal has ${name}: cloud-init`));
	for (const name of ['telnet', 'openssh-server']) t.is(missing(name), undefined, name);
	t.is(missing('locales', { packages: ['locales'] }), undefined);
	t.is(missing('python3', { features: ['python'] }), undefined);
});

test('a boot loader that the recipe installs is judged', (t) => {
	const withGrub = labOf(labNode('web', 0, { packages: ['grub-pc'] }));
	t.is(whyNotJudged({ onVm: 'web', type: 'file_exists', path: '/etc/default/grub' }, withGrub), undefined);
});

test("OpenFactory's default tests ask for what features bring", (t) => {
	const asked = (overrides: Partial<LabNode>) =>
		withDefaultTests(labOf(labNode('web', 0, overrides)), installed)
			.scenarios.flatMap(({ tests }) => tests.flatMap(({ assertions }) => assertions))
			.flatMap((one) => (one.type === 'package_installed' ? [one.package] : one.type === 'service_running' ? [`${one.service}.service`] : []));
	t.deepEqual(asked({ features: ['headless', 'ssh', 'redis', 'firefox'], packages: ['jq:amd64'], services: ['redis-server'] }), [
		'jq', 'openssh-server', 'redis-server', 'redis-tools', 'redis-server.service', 'ssh.service',
	]);
	t.deepEqual(asked({ features: ['docker', 'git', 'security-hardening'], suite: 'bookworm', withoutPackages: ['apparmor'] }), ['docker.io', 'git', 'libpam-pwquality', 'docker.service']);
	t.deepEqual(asked({ features: ['nginx'], withoutPackages: ['nginx'] }), []);
});

test('the default tests ask for no home directory that is left out', (t) => {
	const user = (username: string) => ({ username, groups: [], shell: '/bin/bash', home: '/srv/x' });
	const { scenarios } = withDefaultTests(labOf(labNode('web', 0, { users: [user('ops'), user('www-data')] })), installed);
	const asked = scenarios.flatMap(({ tests }) => tests.flatMap(({ assertions }) => assertions)).filter((one) => one.type === 'user_exists');
	t.deepEqual(asked.map(({ username, home }) => [username, home]), [['ops', '/srv/x'], ['www-data', undefined]]);
});

test("OpenFactory's default tests are added to a lab's, and what they ask of the world is not judged", (t) => {
	const { scenarios } = withDefaultTests(labOf(labNode('web', 0, { packages: ['jq'], services: ['nginx'] })), installed);
	const reported = scenarios.flatMap(({ tests }) =>
		tests.flatMap(({ name, assertions }) => assertions.map(({ type, notJudged }) => `${name}: ${type}${notJudged === undefined ? '' : ' (not judged)'}`)),
	);
	t.deepEqual(reported, [
		'default: the boot reaches multi-user: command_output',
		'default: users: user_exists',
		'default: packages: package_installed',
		'default: network: command_output',
		'default: network: network_reachable',
		'default: names and the Internet: command_output (not judged)',
		'default: names and the Internet: network_reachable (not judged)',
		'default: services: service_running',
		'default: the boot loader: file_exists (not judged)',
	]);
});
