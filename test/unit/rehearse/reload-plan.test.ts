import test from 'ava';
import { planReload, reloadSentences } from '../../../src/rehearse/reload-plan.js';
import { onlyNodes, stillOf } from '../../../src/commands/live/up.js';
import { labNode, labOf } from '../base/labs.js';

const lab = labOf(labNode('web'), labNode('db', 1));
const script = { name: 'db', text: 'true\n', after: 'network-online.target' };

test('an unchanged plan asks for nothing', (t) => {
	t.deepEqual(planReload(lab, structuredClone(lab)), { changed: [], scenarioChanged: false });
	t.deepEqual(reloadSentences({ changed: [], scenarioChanged: false }), []);
});

test('only nodes that were edited are made anew, with what was edited', (t) => {
	const edited = labOf(labNode('web', 0, { role: 'other', recipeSha256: '0' }), labNode('db', 1, { memoryMiB: 2048, startupScripts: [script] }));
	const plan = planReload(lab, edited);
	t.deepEqual(plan, { changed: [{ node: 'db', changes: ['memory', 'startup scripts'] }], scenarioChanged: false });
	t.deepEqual(reloadSentences(plan), ['db is replaced: memory, startup scripts changed']);
	t.deepEqual(planReload(lab, edited, ['web']).changed, [], 'what was not named stays');
});

test('a node that has no machine is made anew, edited or not', (t) => {
	const plan = planReload(lab, lab, [], ['db']);
	t.deepEqual(plan.changed, [{ node: 'db', changes: [] }]);
	t.deepEqual(reloadSentences(plan), ['db is replaced: it has no machine']);
});

test('an edited scenario touches no node', (t) => {
	const edited = { ...lab, connections: [{ from: 'web', to: 'db', port: 5432 }] };
	t.deepEqual(planReload(lab, edited), { changed: [], scenarioChanged: true });
	t.deepEqual(reloadSentences(planReload(lab, edited)), ['the scenario is read again']);
});

const impossible = test.macro((t, edited: typeof lab, message: RegExp) => {
	t.throws(() => planReload(lab, edited), { code: 'usage', message });
});
test('a node more', impossible, labOf(...lab.nodes, labNode('mail', 2)), /mail was added/);
test('a node less', impossible, labOf(labNode('web')), /db was removed/);
test('another network', impossible, { ...lab, network: { subnet: '10.9.0.0/24', gateway: '10.9.0.1/24' } }, /its network is 10\.9\.0\.0\/24 now/);
test('another gateway', impossible, { ...lab, network: { ...lab.network, gateway: '10.71.0.2/24' } }, /its gateway is 10\.71\.0\.2\/24 now/);
test('another order', impossible, labOf(labNode('db'), labNode('web', 1)), /its nodes are in another order/);
test('another uplink address', impossible, labOf(labNode('web'), labNode('db', 1, { uplinkAddress: '10.0.2.77' })), /the uplink address of db is 10\.0\.2\.77 now/);
test('another MAC address', impossible, labOf(labNode('web', 0, { mac: '52:54:00:00:00:07' }), labNode('db', 1)), /the MAC address of web is 52:54:00:00:00:07 now/);
test('no DNS server any more', impossible, labOf(labNode('web'), labNode('db', 1, { dns: [] })), /db has no DNS server of its own now/);
test('another name', impossible, { ...lab, name: 'shop' }, /its name is shop now/);

test('a node that the lab does not have', (t) => {
	t.throws(() => planReload(lab, lab, ['mail']), { code: 'usage', message: "the lab has no node 'mail'" });
});

test('a DNS server where there was none is no change that a running lab can take, and another one is', (t) => {
	const without = labOf(labNode('web', 0, { dns: [] }), labNode('db', 1));
	t.throws(() => planReload(without, lab), { code: 'usage', message: /web has a DNS server of its own now/ });
	const other = labOf(labNode('web', 0, { dns: ['9.9.9.9'] }), labNode('db', 1));
	t.deepEqual(planReload(lab, other).changed, [{ node: 'web', changes: ['DNS'] }]);
});

test('another lease of a node that is not to be replaced is none of a reload', (t) => {
	const edited = labOf(labNode('web', 0, { memoryMiB: 2048 }), labNode('db', 1, { dns: [] }));
	t.deepEqual(planReload(lab, edited, ['web']).changed, [{ node: 'web', changes: ['memory'] }]);
});

test('nodes of other addresses are not what a plan with another node is refused for', (t) => {
	t.throws(() => planReload(lab, labOf(labNode('mail'), labNode('web', 1), labNode('db', 2))), { message: 'the edited plan does not fit the running lab: mail was added' });
});

/** What `reload` makes of an edit of the plan that the lab was brought up from, or these nodes of it. */
const reloadOf = (edited: typeof lab, ...brought: string[]) => {
	const running = onlyNodes(lab, brought);
	return planReload(running, stillOf(edited, running.nodes.map(({ name }) => name)));
};

test('a node that the edited plan has more or less of is named, with what to do', (t) => {
	const isRefused = (edited: typeof lab, why: string, ...brought: string[]) => {
		t.throws(() => reloadOf(edited, ...brought), { code: 'usage', message: `the edited plan does not fit the running lab: ${why}` });
	};
	const more = labOf(...lab.nodes, labNode('mail', 2));
	isRefused(more, 'mail was added');
	isRefused(more, 'mail was added', 'web');
	isRefused(labOf(labNode('web')), 'db was removed');
	isRefused(labOf(labNode('mail')), 'mail was added; web, db was removed');
});

test('a lab that was brought up in part is compared with that part of its plan', (t) => {
	t.deepEqual(reloadOf(lab, 'web').changed, []);
	const edited = labOf(labNode('web', 0, { memoryMiB: 2048 }), labNode('db', 1, { memoryMiB: 2048 }));
	t.deepEqual(reloadOf(edited, 'web').changed, [{ node: 'web', changes: ['memory'] }]);
	t.deepEqual(reloadOf(labOf(labNode('web')), 'web').changed, [], 'a node that was not brought up is not missed');
});
