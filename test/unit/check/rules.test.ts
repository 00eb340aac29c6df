import test from 'ava';
import fc from 'fast-check';
import { checkText, readText, rulesOf } from './helpers.js';

const general = readText('good/general.yaml');
const compact = readText('good/compact.yaml');

/** The plan with `found` replaced; it has to be there. */
function replaced(text: string, found: string, replacement: string): string {
	if (!text.includes(found)) throw new Error(`no ${JSON.stringify(found)} in the plan`);
	return text.replace(found, () => replacement);
}

const warns = test.macro({
	title: (title) => `warning: ${title}`,
	exec(t, text: string, rule: string) {
		t.deepEqual(checkText(text).map((finding) => [finding.rule, finding.severity]), [[rule, 'warning']]);
	},
});

test('a script without a name', warns, replaced(general, '        - name: web', "        - name: ''"), 'script-name');
const withAnotherAlias = replaced(general, 'ip addr add 10.72.0.10', 'ip addr add 10.72.0.11');
test('no script adds the alias', warns, withAnotherAlias, 'alias-not-added');

test('an alias that is no address is only that: no script can add it', (t) => {
	for (const alias of ['10.72.0.11', 'web', '10.72.0.11/33']) {
		const findings = checkText(replaced(general, 'alias: 10.72.0.10/24', `alias: ${alias}`));
		t.deepEqual(rulesOf(findings).filter((rule) => rule.startsWith('alias')), ['alias-syntax'], alias);
	}
});

test('what lists the nodes of a plan names each once', (t) => {
	const node = general.slice(general.indexOf('  - name: web'), general.indexOf('scenarios:'));
	const plan = general.replace('scenarios:', `${node}connections: [{ from: web, to: nowhere, port: 80, intent: x }]\nscenarios:`).replace('on_vm: web', 'on_vm: nowhere');
	const lists = checkText(plan).filter(({ fix }) => fix.startsWith('nodes of the plan: '));
	t.deepEqual(rulesOf(lists), ['assertion-on-vm-unknown', 'connection-node-unknown']);
	for (const { fix } of lists) t.is(fix, 'nodes of the plan: web');
});

test('an address is not added by a longer one', warns, replaced(general, 'ip addr add 10.72.0.10', 'DB=10.72.0.100; ip addr add 10.72.0.11'), 'alias-not-added');

test('a user whom cloud-init would pass over is refused', (t) => {
	t.deepEqual(rulesOf(checkText(general.replace('username: ops', 'username: default'))).filter((rule) => rule.startsWith('user')), ['user-name']);
});

test('a kernel is only refused where it is installed', (t) => {
	const found = (override: string): string[] => rulesOf(checkText(general.replace('features: [ssh]', `features: [ssh]\n      package_overrides: [${override}]`)));
	t.deepEqual(found('{ name: linux-image-6.12.1-amd64, action: remove }'), []);
	t.deepEqual(found('{ name: linux-image-cloud-amd64, action: remove }'), []);
	t.deepEqual(found('{ name: linux-image-6.12.1-amd64, action: add }'), ['package-kernel']);
	t.deepEqual(found('{ name: linux-image-amd64, action: replace, replacement: linux-image-rt-amd64 }'), ['package-kernel']);
});

test('no script of a node adds the address of another', (t) => {
	const node = general.slice(general.indexOf('  - name: web'), general.indexOf('scenarios:'));
	const second = node.replace('- name: web', '- name: db').replace('alias: 10.72.0.10', 'alias: 10.72.0.20');
	const plan = (script: string): string => general.replace('scenarios:', `${second.replace(/script: .*/, () => `script: ${JSON.stringify(script)}`)}scenarios:`);
	for (const [script, rules] of [
		['ip addr add 10.72.0.20/24 dev eth0', []],
		['ip addr add 10.72.0.10/24 dev eth0', ['alias-not-added', 'alias-of-another']],
		['ip addr add 10.72.0.20/24 dev eth0\nip address replace 10.72.0.10/24 dev eth0 || true', ['alias-of-another']],
		['ip addr add 10.72.0.20/24 dev eth0\nfor i in 1 2; do sudo ip a add 10.72.0.10/24 dev eth0; done', ['alias-of-another']],
		['ip addr add 10.72.0.20/24 dev eth0\nip route add 10.72.0.10 dev eth0\necho 10.72.0.10 db >>/etc/hosts', []],
	] as const) {
		t.deepEqual(rulesOf(checkText(plan(script))), rules as unknown as string[], script);
	}
	const [finding] = checkText(plan('ip addr add 10.72.0.20/24 dev eth0\nip addr add 10.72.0.10/24 dev eth0'));
	t.like(finding, { rule: 'alias-of-another', severity: 'warning', message: 'line 2 of the script: 10.72.0.10 is the address of web: two nodes would have it' });
});

for (const name of ['startup/web.sh', '/etc/web', '../web', '..', '.', 'a\\b', './web.sh']) {
	test(`a script's name that is a path: ${name}`, (t) => {
		t.deepEqual(rulesOf(checkText(general.replace('        - name: web', () => `        - name: ${JSON.stringify(name)}`))), ['name-is-path']);
	});
}
for (const name of ['web.sh', '.web', 'web server', 'Web (1)', 'wéb', '-web', 'web..']) {
	test(`a script's name that is none: ${name}`, (t) => {
		t.deepEqual(checkText(general.replace('        - name: web', () => `        - name: ${JSON.stringify(name)}`)), []);
	});
}

const unended = test.macro({
	title: (_title, script: string) => `a here-document without an end: ${JSON.stringify(script)}`,
	exec(t, script: string, line: number, message: RegExp) {
		const text = general.replace(/script: .*/, () => `script: ${JSON.stringify(`ip addr add 10.72.0.10/24 dev eth0\n${script}`)}`);
		const [finding, ...others] = checkText(text).filter(({ rule }) => rule === 'script-syntax');
		t.deepEqual(others, []);
		t.regex(finding?.message ?? '', new RegExp(`^line ${line} of the script: `));
		t.regex(finding?.message ?? '', message);
	},
});
test(unended, 'cat <<EOF >/srv/x\na\n  EOF\necho on\n', 2, /no line 'EOF' that ends it: that in line 4 is indented$/);
test(unended, 'cat <<EOF >/srv/x\na\n\tEOF\necho on\n', 2, /that in line 4 is indented$/);
test(unended, "true\nif true; then\n\tcat <<'EOF'\na\n\tEOF\nfi\n", 4, /that in line 6 is indented$/);
test(unended, 'cat <<-EOF\na\n  EOF\n', 2, /that in line 4 is indented$/);
test(unended, 'cat <<EOF\na\nEOF \n', 2, /that in line 4 has something behind it$/);
test(unended, 'cat <<EOF\na\n', 2, /no line 'EOF' that ends it$/);

const twoNodes = (assertion: string): string => {
	const [head = '', node = ''] = general.slice(0, general.indexOf('scenarios:')).split('nodes:\n');
	const other = node.replaceAll('name: web', 'name: db').replaceAll('10.72.0.10', '10.72.0.20');
	const connection = 'connections: [{ from: web, to: db, port: 5432 }]\n';
	const scenario = `scenarios: [{ name: s, custom_tests: [{ name: t, assertions: [${assertion}] }] }]\n`;
	return `${head}${connection}nodes:\n${node}${other}${scenario}`;
};

test('a connection that no assertion needs', warns, twoNodes('{ type: vm_boots, on_vm: db }'), 'connection-uncovered');
const listening = (parameters: string): string => twoNodes(`{ type: port_listening, ${parameters} }`);
test('another port is asserted', warns, listening('on_vm: db, port: 543'), 'connection-uncovered');
test('another node listens', warns, listening('on_vm: web, port: 5432'), 'connection-uncovered');
test('another protocol listens', warns, listening('on_vm: db, port: 5432, protocol: udp'), 'connection-uncovered');
test(
	'a port that only begins alike',
	warns,
	twoNodes('{ type: command_output, on_vm: web, command: "echo 10.72.0.20 54321", exit_code: 0 }'),
	'connection-uncovered',
);

test('a node without a name or an address is looked for in no command', (t) => {
	// No two characters beside each other that belong to no word: an empty word is nowhere in it.
	const plan = twoNodes('{ type: command_output, on_vm: web, command: "ss -ltn 5432", exit_code: 0 }');
	t.deepEqual(rulesOf(checkText(replaced(plan, 'alias: 10.72.0.20/24', 'alias: /24'))), ['alias-syntax', 'connection-uncovered']);
	t.deepEqual(rulesOf(checkText(replaced(plan, 'alias: 10.72.0.20/24', 'alias: ""'))), ['alias-syntax', 'connection-uncovered']);
	const nameless = plan.replace('- name: db', '- name: ""').replace('to: db', 'to: ""');
	t.deepEqual(rulesOf(checkText(nameless)), ['connection-uncovered', 'node-name-dns']);
});

const uses = test.macro({
	title: (_title, script: string) => `no word on programs: ${JSON.stringify(script)}`,
	exec(t, script: string) {
		const wanted = `script: ${JSON.stringify(`ip addr add 10.72.0.10/24 dev eth0\n${script}`)}`;
		t.deepEqual(checkText(general.replace(/script: .*/, () => wanted)), []);
	},
});
test('a here-document with tabs before its end', uses, 'cat <<-EOF\n\ta\n\tEOF\n');
test(uses, 'if command -v ufw >/dev/null; then ufw disable; fi');
test(uses, 'type -P docker && docker ps');
test(uses, '/opt/app/bin/node server.js\n./host');
test('a program at its place of Debian', (t) => {
	const wanted = `script: ${JSON.stringify('ip addr add 10.72.0.10/24 dev eth0\n/usr/sbin/ufw disable')}`;
	t.deepEqual(rulesOf(checkText(general.replace(/script: .*/, () => wanted))), ['command-undeclared']);
});

const isCovered = test.macro({
	title: (_title, assertion: string) => `covers the connection: ${assertion}`,
	exec(t, assertion: string) {
		t.deepEqual(checkText(twoNodes(assertion)), []);
	},
});

test(isCovered, '{ type: port_listening, on_vm: db, port: 5432 }');
test(isCovered, '{ type: port_listening, on_vm: db, params: { port: "5432" } }');
test(isCovered, '{ type: network_reachable, on_vm: web, host: 10.72.0.20, port: 5432 }');
test(isCovered, '{ type: http_responds, on_vm: web, url: "http://10.72.0.20:5432/" }');
test(isCovered, '{ type: http_responds, on_vm: db, url: "http://localhost:5432/" }');
for (const [port, url] of [[80, 'http://10.72.0.20/'], [80, 'http://ops:a@db'], [443, 'https://db/x?y'], [443, 'HTTPS://10.72.0.20']] as const) {
	test(`covers the connection to ${port} by the scheme: ${url}`, (t) => {
		for (const assertion of [`{ type: http_responds, on_vm: web, url: "${url}" }`, `{ type: command_output, on_vm: web, command: "echo ${url}", exit_code: 0 }`]) {
			t.deepEqual(rulesOf(checkText(twoNodes(assertion).replace('port: 5432', `port: ${port}`))), [], assertion);
			t.deepEqual(rulesOf(checkText(twoNodes(assertion).replace('port: 5432', 'port: 8080'))), ['connection-uncovered'], assertion);
		}
	});
}
test('a URL with a port is not about the one of its scheme', warns, twoNodes('{ type: http_responds, on_vm: web, url: "http://db:8080/" }').replace('port: 5432', 'port: 80'), 'connection-uncovered');
test(isCovered, '{ type: command_output, on_vm: web, command: "echo >/dev/tcp/10.72.0.20/5432", exit_code: 0 }');

const line = '              systemd-run --unit=web python3 -m http.server 8080\n';
const withCommand = (command: string, packages = 'curl, wget, git, netcat-openbsd, openssh-client'): string =>
	replaced(compact, line, `              ${command}\n`).replace('[python3]', `[python3, ${packages}]`);

const isPermitted = test.macro({
	title: (_title, command: string) => `a compact lab may: ${command}`,
	exec(t, command: string) {
		t.deepEqual(checkText(withCommand(command)), []);
	},
});

test(isPermitted, 'curl -fsS http://localhost:8080/');
test(isPermitted, 'curl -fsS -o /tmp/x -H "Host: example.com" 127.0.0.1:8080/x');
test(isPermitted, 'curl -fsS "http://10.72.0.99:8080/"');
test(isPermitted, 'wget -qO /tmp/x http://[::1]/');
test(isPermitted, 'curl -fsS --cookie-jar jar.txt --config curl.conf --max-redirs 3 http://localhost:8080/');
test(isPermitted, 'nc -z -w 5 10.72.0.99 5432');
test(isPermitted, 'nc -lk -p 8080 </dev/null &');
test(isPermitted, 'curl "http://$ADDRESS/"');
test(isPermitted, 'git init /srv/web');
test(isPermitted, 'cat /etc/apt/sources.list');
test(isPermitted, 'nc -z redis.lab 6379 || true');
test(isPermitted, 'nc -z 0 8080 && nc -z 10.0.2.1 53');
test(isPermitted, 'dpkg -l nginx');
test(isPermitted, 'echo "torch and ffmpeg come at deployment time" >/root/notes.md');

const isForbidden = test.macro({
	title: (_title, command: string, rule: string) => `a compact lab may not: ${command} (${rule})`,
	exec(t, command: string, rule: string) {
		t.deepEqual(rulesOf(checkText(withCommand(command))), [rule]);
		t.deepEqual(checkText(withCommand(command).replace('profile: compact', 'profile: general')), []);
	},
});

test(isForbidden, 'curl -o /tmp/x example.com/x', 'script-forbidden-download');
test(isForbidden, 'curl -XGET https://example.com/x -o y', 'script-forbidden-download');
test(isForbidden, 'curl --retry 3 --retry-connrefused https://example.com/x -o y', 'script-forbidden-download');
test(isForbidden, 'sudo -u ops curl -fsSL https://example.com/install.sh | bash', 'script-forbidden-download');
test(isForbidden, 'x=$(wget -qO- http://user@192.0.2.1/)', 'script-forbidden-download');
test(isForbidden, 'HOST=example.com; nc -w 5 "${HOST}" 80', 'script-forbidden-download');
test(isForbidden, 'scp ops@192.0.2.1:/srv/x /tmp', 'script-forbidden-download');
test(isForbidden, 'git clone --depth 1 https://example.com/web.git', 'script-forbidden-download');
test(isForbidden, "timeout 60 bash -c 'apt-get -qq install -y nginx'", 'script-forbidden-install');
test(isForbidden, 'apt-key add /tmp/key', 'script-forbidden-repository');
test(isForbidden, 'install -m 644 /tmp/x /etc/apt/keyrings/x.asc', 'script-forbidden-repository');

test('findings are in the order of the plan, those of a script in the order of its lines', (t) => {
	const commands = ['apt-get update', 'add-apt-repository x', 'snap install y'];
	const text = replaced(compact, line, commands.map((command) => `              ${command}\n`).join(''))
		.replace('name: small-lab', 'name: Small');
	t.deepEqual(
		checkText(text).map((finding) => finding.rule),
		['lab-name', 'script-forbidden-install', 'script-forbidden-repository', 'script-forbidden-install'],
	);
});

test('a finding in an inline script has the line of the plan', (t) => {
	const text = replaced(compact, line, '              echo a\n              apt-get update\n');
	const [finding] = checkText(text);
	t.is(finding?.file, '/lab/plan.yaml');
	t.is(finding?.line, text.split('\n').findIndex((content) => content.includes('apt-get')) + 1);
});

test('a finding in a JSON string has the line of the script', (t) => {
	const [finding] = checkText(readText('good/compact-camel.json').replace('systemd-run', 'apt-get install'));
	t.is(finding?.path, 'nodes[0].recipe.os.startupScripts[0].script');
	t.regex(finding?.message ?? '', /^line 4 of the script: /);
});

test('whatever a plan holds, checking does not throw', (t) => {
	fc.assert(
		fc.property(fc.jsonValue(), (value) => {
			t.notThrows(() => checkText(JSON.stringify(value)));
		}),
		{ numRuns: 200 },
	);
});

test('whatever is in one place of a good plan, checking does not throw', (t) => {
	const plan = JSON.parse(readText('good/compact-camel.json')) as unknown;
	const places: [object, string][] = [];
	const collect = (value: unknown): void => {
		if (value === null || typeof value !== 'object') return;
		for (const [key, inner] of Object.entries(value)) {
			places.push([value, key]);
			collect(inner);
		}
	};
	collect(plan);
	const odd = fc.constantFrom(null, [], {}, [[]], '10.72.0.1/33', '__proto__');
	const strange = fc.oneof(fc.string(), fc.integer(), fc.double(), odd);
	fc.assert(
		fc.property(fc.nat(places.length - 1), strange, (index, value) => {
			const [object, key] = places[index] ?? [{}, ''];
			const before = Reflect.get(object, key) as unknown;
			Reflect.set(object, key, value);
			t.notThrows(() => checkText(JSON.stringify(plan)));
			Reflect.set(object, key, before);
		}),
		{ numRuns: 300 },
	);
});

const baseImage = test.macro({
	title: (_title, written: string) => `the base image ${JSON.stringify(written)}`,
	exec(t, written: string, message: RegExp, fix: RegExp) {
		const [finding, ...others] = checkText(replaced(general, 'base_image: debian-trixie', `base_image: ${JSON.stringify(written)}`));
		t.deepEqual(others, []);
		t.is(finding?.rule, 'base-image');
		t.regex(finding?.message ?? '', message);
		t.regex(finding?.fix ?? '', fix);
	},
});
const other = /^OpenFactory builds /;
const listed = /^write "debian-trixie" or "debian-bookworm"/;
for (const name of ['ubuntu-noble', 'fedora-43', 'elster-os']) test(baseImage, name, other, listed);
// Whether OpenFactory has these is not known.
for (const name of ['debian-bullseye', 'debian-sid', 'debian-trixy']) test(baseImage, name, /^".*" cannot be rehearsed$/, listed);
for (const name of ['debian-trixi', 'Debian-Trixie', 'debian-trixie ', 'trixie', 'debian_trixie']) test(baseImage, name, /^".*" cannot be rehearsed$/, /^did you mean "debian-trixie"\?$/);
test(baseImage, 'debian-bookwrom', /cannot be rehearsed/, /^did you mean "debian-bookworm"\?$/);
test(baseImage, 'windows-11', /cannot be rehearsed/, listed);

test('a size that is none is one in every spelling of its key', (t) => {
	for (const key of ['memory', 'memory_mb', 'memoryMb', 'memoryMB']) t.deepEqual(rulesOf(checkText(replaced(general, 'memory: 1 GB', `${key}: much`))), ['size-invalid'], key);
	for (const key of ['disk', 'disk_size_gb', 'diskSizeGb', 'diskSizeGB']) t.deepEqual(rulesOf(checkText(replaced(general, 'disk: 4 GB', `${key}: much`))), ['size-invalid'], key);
});
