import test from 'ava';
import { readGuestDefinition } from '../../../src/image/guest.js';
import { fileNames, resolveLab } from '../../../src/plan/resolve.js';
import { asserting, node, plan, read, single } from './plans.js';

const guest = await readGuestDefinition();

test('defaults are filled in and sizes are numbers', async (t) => {
	const source = await read(t, plan());
	const lab = resolveLab(source, guest);
	t.is(lab.planPath, source.path);
	t.is(lab.planSha256, source.sha256);
	t.deepEqual(lab.network, { subnet: '10.80.0.0/24', gateway: '10.80.0.1/24' });
	t.like(lab.nodes[1], {
		name: 'two',
		memoryMiB: 1024,
		diskMiB: 8192,
		alias: '10.80.0.20/24',
		uplinkAddress: '10.0.2.12',
		dns: [],
		packages: [],
		startupScripts: [],
	});
	t.deepEqual(lab.nodes[0]?.users, [{ username: 'ops', password: 'secret', groups: ['sudo'], shell: '/bin/bash' }]);
	t.not(lab.nodes[0]?.mac, lab.nodes[1]?.mac);
});

test('a user is never invented', async (t) => {
	const lab = resolveLab(await read(t, single({}, { users: [] })), guest);
	t.deepEqual(lab.nodes[0]?.users, []);
});

test('the lab is frozen to its leaves, the plan is not', async (t) => {
	const source = await read(t, plan({ warnings: ['one'] }));
	const lab = resolveLab(source, guest);
	t.throws(() => (lab.warnings as string[]).push('two'), { instanceOf: TypeError });
	t.throws(() => (lab.nodes[0]?.users[0]?.groups as string[]).push('adm'), { instanceOf: TypeError });
	t.notThrows(() => source.document?.warnings.push('two'));
});

const gateway = test.macro(async (t, network: object, expected: string) => {
	t.is(resolveLab(await read(t, plan({ network })), guest).network.gateway, expected);
});
test('a gateway may be named without prefix length', gateway, { gateway: '10.80.0.254' }, '10.80.0.254/24');
test('a gateway may be named with prefix length', gateway, { gateway: '10.80.0.254/24' }, '10.80.0.254/24');
test('the subnet may be named', gateway, { subnet: '10.80.0.0/24' }, '10.80.0.1/24');

test('scripts run after network-online.target unless the plan has another unit', async (t) => {
	const scripts = [
		{ name: 'Set up.sh', script: 'true' },
		{ name: 'set up', script: 'false', after: 'redis.service' },
	];
	const lab = resolveLab(await read(t, single({}, { startup_scripts: scripts })), guest);
	t.deepEqual(lab.nodes[0]?.startupScripts, [
		{ name: 'set-up', text: 'true', after: 'network-online.target' },
		{ name: 'set-up-2', text: 'false', after: 'redis.service' },
	]);
});

test('names of scripts are made fit for files and units', (t) => {
	t.deepEqual(
		fileNames(['../a b', 'a-b', 'a-b-2', '', 'Ü', 'x.sh']),
		['a-b', 'a-b-2', 'a-b-2-2', 'script', 'script-2', 'x'],
	);
});

test('assertions are typed, wherever their parameters are', async (t) => {
	const source = await read(
		t,
		asserting({ type: 'port_listening', onVm: 'two', params: { port: 80 } }, { type: 'vm_boots', on_vm: 'one' }),
	);
	t.deepEqual(resolveLab(source, guest).scenarios, [
		{
			name: 'group',
			tests: [
				{
					name: 'test',
					assertions: [
						{ type: 'port_listening', onVm: 'two', port: 80, protocol: 'tcp' },
						{ type: 'vm_boots', onVm: 'one' },
					],
				},
			],
		},
	]);
});

test('connections keep their intent', async (t) => {
	const connections = [{ from: 'one', to: 'two', port: 80, intent: 'pages' }, { from: 'two', to: 'one', port: 1 }];
	t.deepEqual(resolveLab(await read(t, plan({ connections })), guest).connections, connections);
});

const refuses = test.macro(async (t, content: Parameters<typeof read>[1], message: RegExp) => {
	const source = await read(t, content);
	const error = t.throws(() => resolveLab(source, guest), { code: 'plan', message });
	t.like(error, { exitCode: 2, hint: `see everything that is wrong with it: rehearse check ${source.path}` });
});
const withScript = (script: object) => single({}, { startup_scripts: [script] });

test('a plan of the wrong shape is refused', refuses, plan({ nodes: [] }), /plan\.json: nodes: expected at least one/);
test('an unknown key is refused', refuses, plan({ colour: 1 }), /colour: unknown key/);
test('a missing script is refused', refuses, withScript({ name: 'a', script_file: 'gone.sh' }), /cannot read gone\.sh/);
test(
	'a list for after is refused',
	refuses,
	withScript({ name: 'a', script: '', after: ['x'] }),
	/startup_scripts\[0\]\.after is a list/,
);
test(
	'an alias that is none is refused',
	refuses,
	single({ alias: '10.80.0.1' }),
	/nodes\[0\]\.alias/,
);
test('aliases of two subnets are two networks on one wire', async (t) => {
	const { network, nodes } = resolveLab(await read(t, plan({ nodes: [node('one', 10), node('two', 20, { alias: ['10.80.0.20/24', '10.81.0.1/24'] })] })), guest);
	t.deepEqual(network, { subnet: '10.80.0.0/24', gateway: '10.80.0.1/24', others: [{ subnet: '10.81.0.0/24', gateway: '10.81.0.2/24' }] });
	t.like(nodes[1], { alias: '10.80.0.20/24', furtherAliases: ['10.81.0.1/24'] });
});
test(
	'a gateway elsewhere is refused',
	refuses,
	plan({ network: { gateway: '10.81.0.1' } }),
	/network\.gateway is not in/,
);
test('nodes of one name are refused', refuses, plan({ nodes: [node('one', 10), node('one', 20)] }), /same name/);
test(
	'an assertion without a node is refused',
	refuses,
	asserting({ type: 'vm_boots' }),
	/assertions\[0\]\.on_vm is missing or no node/,
);
test(
	'an assertion on an unknown node is refused',
	refuses,
	asserting({ type: 'vm_boots', on_vm: 'three' }),
	/on_vm is missing or no node/,
);
test(
	'an assertion that expects nothing is refused',
	refuses,
	asserting({ type: 'command_output', on_vm: 'one', command: 'x' }),
	/asserts nothing/,
);
test(
	'an unknown assertion type is refused',
	refuses,
	asserting({ type: 'vm_flies', on_vm: 'one' }),
	/unknown assertion type "vm_flies"/,
);
test(
	'tests that would not be run are refused',
	refuses,
	plan({ scenarios: [{ name: 's', tests: [{}] }] }),
	/scenarios\[0\]\.tests is not run/,
);

test('tests of a recipe run on its node, under names of their own', async (t) => {
	const boots = { description: 'it boots', assertions: [{ type: 'vm_boots' }] };
	const recipe = { tests: [boots], test_config: { enabled: true, tests: [{ ...boots, name: 'again' }] } };
	const lab = resolveLab(await read(t, plan({ nodes: [node('one', 10, {}, recipe), node('two', 20, {}, { tests: [boots] })] })), guest);
	t.deepEqual(
		lab.scenarios.flatMap(({ name, tests }) => tests.map((one) => [name, one.name, one.assertions.map(({ onVm }) => onVm)])),
		[
			['recipes', 'one: it boots', ['one']],
			['recipes', 'again', ['one']],
			['recipes', 'two: it boots', ['two']],
		],
	);
});

test('tests that are switched off do not run, and are left out', async (t) => {
	const tests = [{ description: 'it boots', assertions: [{ type: 'vm_boots' }] }];
	const lab = resolveLab(await read(t, single({}, { test_config: { enabled: false, tests } })), guest);
	t.deepEqual(lab.scenarios, []);
	t.deepEqual(lab.leftOut, [{ path: 'nodes[0].recipe.test_config.tests', why: 'they are switched off by "enabled": false and do not run' }]);
});

test('what a recipe sets is in the lab', async (t) => {
	const recipe = {
		base_image: 'debian-bookworm',
		features: ['firewall'],
		packages: ['nano', 'vim'],
		package_overrides: [{ name: 'nano', action: 'replace', replacement: 'less' }, { name: 'jq', action: 'add' }],
		services: [{ name: 'ssh', config: { port: 2222, disable_password_auth: true, client_alive_interval: '30' } }, 'nginx', { name: 'vpn', config: { type: 'wireguard' } }],
		users: [{ username: 'ops', ssh_keys: ['ssh-ed25519 AAAA'], home: '/srv/ops', comment: 'Operator' }],
		startup_scripts: [{ name: 'a', script: 'true', timeout: 300 }],
	};
	const connections = [{ from: 'two', to: 'one', port: 53, protocol: 'udp' }, { from: 'two', to: 'one', port: 8080 }];
	const lab = resolveLab(
		await read(t, plan({
			nodes: [node('one', 10, { vcpus: 2 }, recipe), node('two', 20)],
			connections,
			scenarios: [{ name: 's', custom_tests: [{ name: 't', assertions: [{ type: 'http_responds', on_vm: 'two', url: 'https://10.80.0.10/' }] }] }],
		})),
		guest,
	);
	t.like(lab.nodes[0], {
		vcpus: 2,
		suite: 'bookworm',
		features: ['firewall', 'ssh', 'nginx'],
		packages: ['vim', 'less', 'jq'],
		withoutPackages: ['nano'],
		services: ['ssh', 'nginx'],
		ssh: { port: 2222, allowRoot: false, passwords: false, emptyPasswords: false, loginGraceSeconds: 120, clientAliveSeconds: 30, maxAuthTries: 6 },
		firewall: { tcp: [443, 2222, 8080], udp: [53] },
		users: [{ username: 'ops', groups: [], shell: '/bin/bash', home: '/srv/ops', comment: 'Operator', sshKeys: ['ssh-ed25519 AAAA'] }],
		startupScripts: [{ name: 'a', text: 'true', after: 'network-online.target', timeoutSeconds: 300 }],
	});
	t.false('firewall' in (lab.nodes[1] ?? {}));
	t.deepEqual(lab.connections, [{ from: 'two', to: 'one', port: 53, protocol: 'udp' }, { from: 'two', to: 'one', port: 8080 }]);
});

test('a firewall is asked for by the setting, the feature or the service', async (t) => {
	for (const keys of [{ security: { firewall: true } }, { features: ['firewall'] }, { services: ['firewall'] }, { services: [{ name: 'firewall', config: {} }] }]) {
		const [asking] = resolveLab(await read(t, single({}, keys)), guest).nodes;
		t.deepEqual(asking?.firewall, { tcp: [22], udp: [] }, JSON.stringify(keys));
		t.true(asking?.features.includes('firewall'), 'its packages are installed');
	}
	t.is(resolveLab(await read(t, single({}, { services: ['nginx'] })), guest).nodes[0]?.firewall, undefined);
});
