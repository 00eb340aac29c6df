import test from 'ava';
import { enableService } from '../../../src/iso/services.js';
import { facts } from './facts.js';

const enables = test.macro((t, service: string, expected: readonly string[]) =>
	t.deepEqual(
		enableService(service, facts.units, 'web').map(({ path, target }) => `${path.replace('/etc/systemd/system/', '')} -> ${target.replace('/usr/lib/systemd/system/', '')}`),
		expected,
	));
test('what wants it, and its other name', enables, 'ssh', ['multi-user.target.wants/ssh.service -> ssh.service', 'sshd.service -> ssh.service']);
test('by its other name', enables, 'sshd.service', ['multi-user.target.wants/ssh.service -> ssh.service', 'sshd.service -> ssh.service']);
test('several targets, not those that were taken back, and what is enabled with it', enables, 'app', [
	'multi-user.target.wants/app.service -> app.service',
	'other.target.wants/app.service -> app.service',
	'sockets.target.requires/app.socket -> app.socket',
]);
test('one that cannot be enabled', enables, 'static', []);
test('an instance of a template', enables, 'agent@blue', [
	'multi-user.target.wants/agent@blue.service -> agent@.service',
	'agent-blue.service -> agent@.service',
]);

const refused = test.macro((t, service: string, message: RegExp) =>
	t.throws(() => enableService(service, facts.units, 'web'), { message, code: 'usage' }));
test('a service that no package has', refused, 'nginx', /^web: the recipe's service "nginx" is no unit/);
test('one that wants another that no package has', refused, 'lost', /"lost" is enabled together with nowhere\.socket/);
