/** The bundled lab, to the letter of what it is to be. */
import { readFile, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import { readGuestDefinition } from '../../../src/image/guest.js';
import type { Lab } from '../../../src/lab/lab.js';
import { findPlan } from '../../../src/plan/find.js';
import { readPlan } from '../../../src/plan/read.js';
import { resolveLab } from '../../../src/plan/resolve.js';
import type { PlanSource } from '../../../src/plan/types.js';

const guest = await readGuestDefinition();

const planPath = findPlan('immich-photo-vault');
let source: PlanSource;
let lab: Lab;

test.before(async () => {
	source = await readPlan(planPath);
	lab = resolveLab(source, guest);
});

const scriptOf = (name: string): string => lab.nodes.find((node) => node.name === name)?.startupScripts[0]?.text ?? '';

/** The text of the here-document that is written to `path`. */
function written(script: string, path: string): string {
	const start = script.indexOf(`cat >${path} <<'EOF'\n`);
	if (start < 0) return '';
	const body = script.indexOf('\n', start) + 1;
	return script.slice(body, script.indexOf('\nEOF\n', body) + 1);
}

test('four nodes', (t) => {
	const nodes = source.document?.nodes.map(
		(node) => [node.name, node.role, node.memory, node.disk, node.alias, node.x, node.y],
	);
	t.deepEqual(nodes, [
		['immich-server', 'app', '4 GB', '24 GB', ['10.71.0.10/24'], 230, 60],
		['immich-ml', 'ml-worker', '4 GB', '24 GB', ['10.71.0.20/24'], 110, 220],
		['postgres-pgvector', 'database', '2 GB', '16 GB', ['10.71.0.30/24'], 350, 220],
		['redis', 'queue', '1 GB', '8 GB', ['10.71.0.40/24'], 230, 380],
	]);
	t.deepEqual(lab.nodes.map(({ memoryMiB, diskMiB }) => [memoryMiB, diskMiB]), [
		[4096, 24_576],
		[4096, 24_576],
		[2048, 16_384],
		[1024, 8192],
	]);
});

test('what all recipes have', (t) => {
	t.is(source.document?.profile, 'compact');
	for (const { recipe } of source.document?.nodes ?? []) {
		t.is(recipe.base_image, 'debian-trixie');
		t.is(recipe.architecture, 'x86_64');
		t.deepEqual(recipe.network, { dhcp: true, dns: ['1.1.1.1', '8.8.8.8'] });
		t.deepEqual(recipe.security, { ssh: true, firewall: false });
		t.deepEqual(recipe.users, [{ username: 'ops', password: 'immich-ops', groups: ['sudo'], shell: '/bin/bash' }]);
		t.deepEqual(recipe.test_config, { enabled: false, tests: [] });
	}
});

const COMMON_PACKAGES = ['openssh-server', 'python3', 'curl', 'jq', 'iproute2', 'netcat-openbsd', 'ca-certificates'];
const provides = test.macro({
	exec(t, name: string, features: readonly string[], packages: readonly string[]) {
		const node = lab.nodes.find((candidate) => candidate.name === name);
		t.deepEqual(node?.features, ['headless', 'ssh', ...features]);
		t.deepEqual(node?.packages, [...COMMON_PACKAGES, ...packages]);
	},
	title: (_, name) => `features and packages of ${name}`,
});
test(provides, 'immich-server', [], []);
test(provides, 'immich-ml', ['python'], []);
test(provides, 'postgres-pgvector', ['postgresql'], ['postgresql', 'postgresql-client']);
test(provides, 'redis', ['redis'], ['redis-server', 'redis-tools']);

test('connections', (t) => {
	t.deepEqual(lab.connections, [
		{ from: 'immich-server', to: 'postgres-pgvector', port: 5432 },
		{ from: 'immich-server', to: 'redis', port: 6379 },
		{ from: 'immich-server', to: 'immich-ml', port: 3003 },
		{ from: 'immich-ml', to: 'postgres-pgvector', port: 5432, intent: 'writing embeddings' },
	]);
});

test('one executable script a node, a file beside the plan, after network-online.target', async (t) => {
	const files = (await readdir(join(dirname(planPath), 'startup'))).sort();
	t.deepEqual(files, lab.nodes.map(({ name }) => `${name}.sh`).sort());
	for (const node of lab.nodes) {
		t.is(node.startupScripts.length, 1);
		const file = join(dirname(planPath), 'startup', `${node.name}.sh`);
		t.is(node.startupScripts[0]?.file, file);
		t.is((await stat(file)).mode & 0o111, 0o111);
		t.regex(await readFile(file, 'utf8'), /^#!\/bin\/bash\n/);
	}
	for (const { recipe } of source.document?.nodes ?? []) {
		t.is(recipe.startup_scripts[0]?.after, 'network-online.target');
	}
});

test('every script begins by adding its own alias', (t) => {
	for (const node of lab.nodes) {
		const commands = scriptOf(node.name).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
		t.deepEqual(commands.slice(0, 3), [
			`IFACE=$(ip route show default | awk '{print $5; exit}')`,
			'ip link set "$IFACE" up || true',
			`ip addr add ${node.alias} dev "$IFACE" || true`,
		]);
	}
});

test('every script leaves a unit that adds its alias at later boots', (t) => {
	for (const node of lab.nodes) {
		const script = scriptOf(node.name);
		const unit = written(script, '/etc/systemd/system/lab-alias.service');
		t.true(unit.includes(`ip addr replace ${node.alias} dev "$$dev"`), unit);
		t.true(unit.includes('After=network-online.target') && unit.includes('WantedBy=multi-user.target'));
		t.regex(script, /^systemctl enable .* lab-alias$/m);
		t.is(script.split('systemctl daemon-reload').length - 1, 1, 'systemd reads its units again where it has to, and only there');
	}
});

test('immich-server writes its settings', (t) => {
	t.deepEqual(written(scriptOf('immich-server'), '/etc/immich/server.env').trimEnd().split('\n'), [
		'IMMICH_PORT=2283',
		'DB_HOSTNAME=10.71.0.30',
		'DB_PORT=5432',
		'DB_USERNAME=immich',
		'DB_DATABASE_NAME=immich',
		'REDIS_HOSTNAME=10.71.0.40',
		'IMMICH_MACHINE_LEARNING_URL=http://10.71.0.20:3003',
	]);
});

test('immich-ml writes its settings', (t) => {
	t.deepEqual(written(scriptOf('immich-ml'), '/etc/immich/ml.env').trimEnd().split('\n'), [
		'MACHINE_LEARNING_PORT=3003',
		'MACHINE_LEARNING_CACHE_FOLDER=/var/lib/immich-ml/cache',
	]);
});

const contains = test.macro({
	exec(t, name: string, ...literals: readonly string[]) {
		for (const literal of literals) t.true(scriptOf(name).includes(literal), literal);
	},
	title: (_, name) => `the literals of ${name}`,
});
test(
	contains,
	'immich-server',
	'-m 0750 -o ops -g ops /var/lib/immich/{upload,library,thumbs}',
	`'0.0.0.0'`,
	`'/api/server-info/ping': ('application/json', '{"res":"pong"}')`,
	`'/api/server-info/version': ('application/json', '{"major":1,"minor":0,"patch":0,"flavor":"compat"}')`,
	'immich_server_compat_up 1',
	'/etc/systemd/system/immich-server-compat.service',
	'Restart=on-failure',
);
test(
	contains,
	'immich-ml',
	'-m 0750 -o ops -g ops /var/lib/immich-ml/{cache,models}',
	`'0.0.0.0'`,
	`'{"status":"ok"}'`,
	`'{"prediction":"compat-stub","confidence":0.0}'`,
	'immich_ml_compat_up 1',
	'/etc/systemd/system/immich-ml-compat.service',
	'Restart=on-failure',
);
test(
	contains,
	'postgres-pgvector',
	`listen_addresses = '*'`,
	'port = 5432',
	'host immich immich 10.71.0.0/24 md5',
	`PASSWORD 'immich'`,
	'CREATE DATABASE immich',
	'9187',
	'pg_compat_up 1',
	'Restart=on-failure',
);
test(
	contains,
	'redis',
	'bind 127.0.0.1 10.71.0.40\n',
	'systemctl enable redis-server',
	'9121',
	'redis_compat_up 1',
	'Restart=on-failure',
);

test('the notes of immich-ml name what real inference needs', (t) => {
	const notes = written(scriptOf('immich-ml'), '/root/immich-ml-notes.md');
	for (const words of ['CLIP', 'face recognition', 'CUDA', 'ONNX runtime', 'deployment time']) {
		t.true(notes.includes(words), words);
	}
});

test('the bootstrap SQL of postgres-pgvector', (t) => {
	const sql = written(scriptOf('postgres-pgvector'), '/root/immich-pgvector-bootstrap.sql');
	t.true(sql.includes('CREATE EXTENSION IF NOT EXISTS vectors;'));
	t.true(sql.includes('embeddings (id BIGSERIAL PRIMARY KEY, asset_id UUID, embedding VECTOR(512))'));
});

const output = (onVm: string, command: string, contains_: string) => ({
	onVm,
	type: 'command_output',
	command,
	expect: { contains: contains_, exitCode: 0 },
});
const listens = (onVm: string, port: number) => ({ onVm, type: 'port_listening', port, protocol: 'tcp' });

test('one group scenario of five tests and ten assertions', (t) => {
	const [scenario] = source.document?.scenarios ?? [];
	t.is(source.document?.scenarios.length, 1);
	t.is(scenario?.type, 'group');
	t.deepEqual(scenario?.tests, []);
	t.deepEqual(lab.scenarios as unknown, [
		{
			name: 'immich-photo-vault-validation',
			tests: [
				{
					name: 'Stack ports listen',
					assertions: [
						listens('immich-server', 2283),
						listens('immich-ml', 3003),
						listens('postgres-pgvector', 5432),
						listens('postgres-pgvector', 9187),
						listens('redis', 6379),
						listens('redis', 9121),
					],
				},
				{
					name: 'Server pings',
					assertions: [
						output(
							'immich-server',
							`curl -fsS http://localhost:2283/api/server-info/ping | jq -e '.res == "pong"' >/dev/null && echo server-ok`,
							'server-ok',
						),
					],
				},
				{
					name: 'ML pings',
					assertions: [
						output('immich-ml', `curl -fsS http://localhost:3003/ping | jq -e '.status == "ok"' >/dev/null && echo ml-ok`, 'ml-ok'),
					],
				},
				{
					name: 'Server reaches backends',
					assertions: [
						output(
							'immich-server',
							'nc -z -w 5 10.71.0.30 5432 && nc -z -w 5 10.71.0.40 6379 && nc -z -w 5 10.71.0.20 3003 && echo backends-reachable',
							'backends-reachable',
						),
					],
				},
				{
					name: 'Postgres bootstrap SQL present',
					assertions: [
						output(
							'postgres-pgvector',
							`grep -q 'CREATE EXTENSION' /root/immich-pgvector-bootstrap.sql && echo bootstrap-ready`,
							'bootstrap-ready',
						),
					],
				},
			],
		},
	]);
});

test('nine warnings', (t) => {
	t.deepEqual(lab.warnings, [
		'the real Immich server binaries',
		'ML model weights (CLIP and face recognition)',
		'installing pgvector / the vectors extension',
		'mobile-app auth tokens',
		'S3 / object-storage backends',
		'library import scheduling',
		'thumbnail generation',
		'library backup',
		'the 10.71.0.0/24 aliasing',
	]);
});
