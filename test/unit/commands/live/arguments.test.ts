/** What the commands of a lab that is up read from a command line. */
import test from 'ava';
import { parseForwarding } from '../../../../src/commands/live/forward.js';
import { logCommand, nodeIn } from '../../../../src/commands/live/open-ssh.js';
import { parseLink } from '../../../../src/network/link.js';
import { onlyNodes, stillOf } from '../../../../src/commands/live/up.js';
import type { Assertion } from '../../../../src/lab/lab.js';
import { labNode, labOf } from '../../base/labs.js';

const nodes = ['web', 'db'];

test('a port of a node', (t) => {
	t.deepEqual(parseForwarding('web:80', nodes), { node: 'web', port: 80, local: undefined });
	t.deepEqual(parseForwarding('8080:web:80', nodes), { node: 'web', port: 80, local: 8080 });
});

const noPort = test.macro({
	title: (_title, text: string) => `no port of a node: '${text}'`,
	exec: (t, text: string, message: RegExp) => {
		t.throws(() => parseForwarding(text, nodes), { code: 'usage', message });
	},
});
test(noPort, 'web', /'web' does not name a port of a node/);
test(noPort, 'web:0', /does not name a port/);
test(noPort, 'web:65536', /does not name a port/);
test(noPort, '99999:web:80', /does not name a port/);
test(noPort, 'web:http', /does not name a port/);
test(noPort, 'mail:25', /no node 'mail'/);

const pathIn = test.macro({
	title: (_title, argument: string) => `the node of '${argument}'`,
	exec: (t, argument: string, expected: string | undefined) => t.is(nodeIn(argument, nodes), expected),
});
test(pathIn, 'web:/etc/hosts', 'web');
test(pathIn, 'root@db:/etc/hosts', 'db');
test(pathIn, 'web:', 'web');
test(pathIn, './web:here', undefined);
test(pathIn, '/tmp/web:here', undefined);
test(pathIn, 'mail:/etc/hosts', undefined);
test(pathIn, 'notes.txt', undefined);

test('links', (t) => {
	t.deepEqual(parseLink('up', undefined), { state: 'up' });
	t.deepEqual(parseLink('down', undefined), { state: 'down' });
	t.deepEqual(parseLink('delay', 200), { state: 'bad', delayMs: 200 });
	t.deepEqual(parseLink('loss', 12.5), { state: 'bad', lossPercent: 12.5 });
});

const noLink = test.macro({
	title: (_title, state: string, amount?: number) => `no link: ${state} ${amount ?? ''}`,
	exec: (t, state: string, amount?: number) => {
		t.throws(() => parseLink(state, amount), { code: 'usage', message: new RegExp(`^link ${state}: expected `) });
	},
});
test(noLink, 'delay');
test(noLink, 'delay', -5);
test(noLink, 'delay', NaN);
test(noLink, 'delay', 60_001);
test(noLink, 'loss', 101);
test(noLink, 'up', 5);

test('what shows a log in the guest', (t) => {
	t.is(logCommand('journal', 50, true), 'exec journalctl --boot --no-pager --lines=50 --follow');
	t.regex(logCommand('startup', 9, false), /^tail -n 9 \/run\/rehearse\/\*\.output \| perl -e '[^']+'$/);
	t.is(logCommand('cloud-init', 9, true), 'exec tail -n 9 -F /var/log/cloud-init.log /var/log/cloud-init-output.log');
});

test('some nodes of a lab, and what can be judged with them alone', (t) => {
	const boots = (onVm: string): Assertion => ({ type: 'vm_boots', onVm });
	const lab = {
		...labOf(labNode('web'), labNode('db', 1)),
		connections: [{ from: 'web', to: 'db', port: 5432 }],
		scenarios: [
			{
				name: 'all',
				tests: [
					{ name: 'one', assertions: [boots('web')] },
					{ name: 'both', assertions: [boots('web'), boots('db')] },
				],
			},
		],
	};
	t.is(onlyNodes(lab, []), lab);
	const web = onlyNodes(lab, ['web']);
	t.deepEqual(web.nodes.map(({ name }) => name), ['web']);
	t.deepEqual(web.planNodes, ['web', 'db']);
	t.is(onlyNodes(lab, ['db', 'web']).planNodes, undefined);
	t.deepEqual(web.connections, []);
	t.deepEqual(web.scenarios[0]?.tests.map(({ name }) => name), ['one']);
	t.throws(() => onlyNodes(lab, ['mail']), { code: 'usage', message: "the lab has no node 'mail'" });
});

test('of an edited plan, the nodes that were brought up, as far as it still has them', (t) => {
	const edited = labOf(labNode('web'), labNode('mail', 1));
	const still = stillOf(edited, ['web', 'db']);
	t.deepEqual([still.nodes.map(({ name }) => name), still.planNodes], [['web'], ['web', 'mail']]);
	t.deepEqual(stillOf(edited, ['web', 'mail']), edited);
});
