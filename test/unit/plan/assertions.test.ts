import test from 'ava';
import { assertionTypes, parameterNames, readAssertion } from '../../../src/plan/assertions.js';
import type { AssertionDocument } from '../../../src/plan/schema.js';

const readsAs = test.macro((t, document: AssertionDocument, expected: object) => {
	const reading = readAssertion(document);
	t.deepEqual(reading.problems, []);
	t.deepEqual(reading.assertion as object | undefined, expected);
});

const onVm = 'one';
const assertion = (type: string, params: Record<string, unknown>): AssertionDocument => ({ type, on_vm: onVm, params });

test('parameters in params', readsAs, assertion('port_listening', { port: 80 }), {
	onVm, type: 'port_listening', port: 80, protocol: 'tcp',
});
test('parameters beside type', readsAs, { type: 'port_listening', on_vm: onVm, port: 53, protocol: 'udp' }, {
	onVm, type: 'port_listening', port: 53, protocol: 'udp',
});
test('parameters here and there', readsAs, { ...assertion('network_reachable', { port: 53 }), host: 'x' }, {
	onVm, type: 'network_reachable', host: 'x', port: 53,
});
test('a port as text', readsAs, assertion('port_listening', { port: '80', address: '0.0.0.0' }), {
	onVm, type: 'port_listening', port: 80, protocol: 'tcp', address: '0.0.0.0',
});
test(
	'a description is no parameter',
	readsAs,
	{ ...assertion('vm_boots', {}), description: 'x' },
	{ onVm, type: 'vm_boots' },
);
test('http_responds has defaults', readsAs, assertion('http_responds', { url: 'http://localhost/' }), {
	onVm, type: 'http_responds', url: 'http://localhost/', status: 200, method: 'GET',
});
test('a mode that YAML made a number', readsAs, assertion('file_exists', { path: '/etc/motd', mode: 750 }), {
	onVm, type: 'file_exists', path: '/etc/motd', mode: '0750',
});
test('a time as text', readsAs, assertion('vm_boots', { timeout: '30' }), { onVm, type: 'vm_boots', timeout: 30 });
test('no process at all', readsAs, assertion('process_running', { name: 'telnetd', count: 0 }), { onVm, type: 'process_running', name: 'telnetd', count: 0 });
test('a version that YAML made a number', readsAs, assertion('package_installed', { package: 'jq', version: 1.7 }), {
	onVm, type: 'package_installed', package: 'jq', version: '1.7',
});

const expects = test.macro({
	exec(t, parameters: Record<string, unknown>, expect: object) {
		const reading = readAssertion(assertion('command_output', { command: 'x', ...parameters }));
		t.deepEqual(reading.problems, []);
		t.deepEqual(reading.assertion as object | undefined, { onVm, type: 'command_output', command: 'x', expect });
	},
	title: (_, parameters) => `command_output with ${JSON.stringify(parameters)}`,
});
test(expects, { expected: 'a' }, { contains: 'a', exitCode: 0 });
test(expects, { expected_output: 'a' }, { contains: 'a', exitCode: 0 });
test(expects, { contains: 'a' }, { contains: 'a', exitCode: 0 });
test(expects, { equals: ' a\n' }, { equals: 'a', exitCode: 0 });
test(expects, { equals: '' }, { equals: '', exitCode: 0 });
test(expects, { expected: true }, { contains: 'true', exitCode: 0 });
test(expects, { matches: '^a+$', exit_code: 3 }, { matches: '^a+$', exitCode: 3 });
test(expects, { matches: '(?i)^Active' }, { matches: '(?i)^Active', exitCode: 0 });
test(expects, { exit_code: 0 }, { exitCode: 0 });

const isRefused = test.macro({
	exec(t, document: AssertionDocument, kind: string, path: string, message: RegExp) {
		const reading = readAssertion(document);
		t.is(reading.assertion, undefined);
		t.deepEqual(reading.problems.map((problem) => [problem.kind, problem.path.join('.')]), [[kind, path]]);
		t.regex(reading.problems[0]?.message ?? '', message);
		t.not(reading.problems[0]?.fix, '');
	},
	title: (title, document) => title ?? JSON.stringify(document),
});
test(isRefused, assertion('port_listens', { port: 1 }), 'unknown-type', 'type', /"port_listens"/);
test(isRefused, assertion('port_listening', {}), 'missing-parameter', 'params.port', /needs "port"/);
test(isRefused, assertion('port_listening', { port: 0 }), 'bad-parameter', 'params.port', /from 1 to 65535, got 0/);
test(isRefused, assertion('port_listening', { port: 70_000 }), 'bad-parameter', 'params.port', /got 70000/);
test(isRefused, assertion('port_listening', { port: 1.5 }), 'bad-parameter', 'params.port', /whole number/);
test(isRefused, { type: 'port_listening', port: 'http' }, 'bad-parameter', 'port', /got "http"/);
test(
	isRefused,
	assertion('port_listening', { port: 1, protocol: 'sctp' }),
	'bad-parameter',
	'params.protocol',
	/"tcp" or "udp"/,
);
test(isRefused, assertion('port_listening', { port: 1, prot: 'tcp' }), 'unknown-parameter', 'params.prot', /"prot"/);
test(isRefused, assertion('vm_boots', { port: 1 }), 'unknown-parameter', 'params.port', /"port"/);
test(isRefused, assertion('command_output', { command: 'true' }), 'expects-nothing', '', /asserts nothing/);
test(
	isRefused,
	assertion('command_output', { command: 'x', expected: 'a', contains: 'b' }),
	'bad-parameter',
	'',
	/expected and contains/,
);
test(
	isRefused,
	assertion('command_output', { command: 'x', expected: '' }),
	'bad-parameter',
	'params.expected',
	/not empty/,
);
test(
	isRefused,
	assertion('command_output', { command: 'x', matches: '(' }),
	'bad-parameter',
	'params.matches',
	/regular expression/,
);
test(
	isRefused,
	assertion('command_output', { expected: 'x' }),
	'missing-parameter',
	'params.command',
	/needs "command"/,
);
test(isRefused, assertion('http_responds', { url: 'http://web:0/' }), 'bad-parameter', 'params.url', /URL/);
test(isRefused, assertion('http_responds', { url: 'http://10.71.0.300/' }), 'bad-parameter', 'params.url', /URL/);
test(isRefused, assertion('http_responds', { url: 'http://web/', method: 'GET /' }), 'bad-parameter', 'params.method', /a method such as GET/);
test(isRefused, assertion('http_responds', { url: 'localhost:80' }), 'bad-parameter', 'params.url', /URL/);
test(
	isRefused,
	assertion('http_responds', { url: 'http://a/', timeout: 0 }),
	'bad-parameter',
	'params.timeout',
	/seconds/,
);
test(isRefused, assertion('user_exists', { username: 'a', groups: ['sudo', 27] }), 'bad-parameter', 'params.groups.1', /expected a text, got 27/);
test(isRefused, assertion('vm_boots', { timeout: '30s' }), 'bad-parameter', 'params.timeout', /expected seconds, got "30s"/);
test(isRefused, assertion('vm_boots', { timeout: '0' }), 'bad-parameter', 'params.timeout', /seconds above 0/);
test(isRefused, assertion('file_exists', { path: 'etc/motd' }), 'bad-parameter', 'params.path', /absolute/);
test(isRefused, assertion('file_exists', { path: '/etc/motd', mode: 'rwx' }), 'bad-parameter', 'params.mode', /octal/);
test(
	'a parameter in both places',
	isRefused,
	{ ...assertion('port_listening', { port: 1 }), port: 1 },
	'bad-parameter',
	'port',
	/beside "type"/,
);

test('every documented type is known, with its parameters', (t) => {
	t.deepEqual(Object.fromEntries(assertionTypes.map((type) => [type, parameterNames(type).join(' ')])), {
		port_listening: 'port protocol address timeout',
		command_output: 'command expected expected_output contains equals matches exit_code timeout',
		http_responds: 'url status contains method timeout',
		user_exists: 'username groups shell home timeout',
		group_exists: 'name gid timeout',
		service_running: 'service timeout',
		service_enabled: 'service timeout',
		process_running: 'name user count timeout',
		package_installed: 'package version timeout',
		package_not_installed: 'package timeout',
		file_exists: 'path mode owner group contains timeout',
		network_reachable: 'host port timeout',
		vm_boots: 'timeout',
	});
});

const fixIs = test.macro({
	title: (_title, document: AssertionDocument) => `what to do about ${JSON.stringify(document)}`,
	exec: (t, document: AssertionDocument, fix: string) => t.is(readAssertion(document).problems[0]?.fix, fix),
});
test(fixIs, assertion('command_output', { command: true, exit_code: 0 }), 'put it in quotes');
test(fixIs, assertion('service_running', { service: 8080 }), 'put it in quotes');
test(fixIs, assertion('command_output', { command: 'jq .x', equals: null }), 'write a text, in quotes where it is the word null, or take "equals" away');
test(fixIs, assertion('file_exists', { path: '/x', mode: 'rwx' }), 'write octal digits such as "0750"');

for (const host of ['10.71.0.20/24', '10.71.0.300', '10.71.0.20:5432', 'web:8080', 'http://web', 'two words', '[fd00::1]', '8080', 'a..b']) {
	test(`no host: ${host}`, isRefused, assertion('network_reachable', { host }), 'bad-parameter', 'params.host', /by itself, such as 10\.71\.0\.20, got/);
}
for (const host of ['web', 'db.lab', 'db.lab.', '10.71.0.20', 'fd00::1', 'fe80::1%eth0', 'localhost', '_gateway', '4you.example', 'b\u00fccher.example']) {
	test(`a host: ${host}`, readsAs, assertion('network_reachable', { host }), { onVm, type: 'network_reachable', host });
}

for (const address of ['10.71.0.20/24', 'eth0', '[::1]', '127.0.0.1:80']) {
	test(`nothing is bound to ${address}`, isRefused, assertion('port_listening', { port: 80, address }), 'bad-parameter', 'params.address', /expected an address/);
}
for (const address of ['any', 'localhost', '*', '0.0.0.0', '::']) {
	test(`an address to be bound to: ${address}`, readsAs, assertion('port_listening', { port: 80, address }), { onVm, type: 'port_listening', port: 80, protocol: 'tcp', address });
}
