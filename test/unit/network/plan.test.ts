import test from 'ava';
import { bridgeName, dhcpArgv, dropQuestionCommands, networkCommands, passQuestionCommands, tapName } from '../../../src/network/plan.js';
import { argumentLines, matchesGolden } from '../base/golden.js';
import { labNode, labOf } from '../base/labs.js';

const lab = labOf(labNode('web', 0, { mac: '52:54:00:00:00:01' }), labNode('db', 1, { mac: '52:54:00:00:00:02', dns: [] }));

test('the wire of a lab', (t) => {
	matchesGolden(t, 'network/golden/network.txt', networkCommands(lab));
});

test('the bridge has an address in every subnet', (t) => {
	const others = [{ subnet: '10.81.0.0/24', gateway: '10.81.0.1/24' }];
	const commands = networkCommands({ ...lab, network: { ...lab.network, others } });
	t.regex(commands, /address add 10\.80\.0\.1\/24 dev lab0\naddress add 10\.81\.0\.1\/24 dev lab0\n/);
});

test('a lab without nodes has a wire all the same', (t) => {
	const commands = networkCommands(labOf());
	t.regex(commands, /link set lab0 up/);
	t.notRegex(commands, /tap/);
});

test("the DHCP server's arguments", (t) => {
	matchesGolden(t, 'network/golden/dhcp.txt', argumentLines(dhcpArgv(lab, '/run/a lab/leases')));
});

test('every rule that drops DNS questions is taken back', (t) => {
	const priorities = (commands: string) => [...commands.matchAll(/ pref (\d+)/g)].map(([, number]) => number);
	t.deepEqual(priorities(passQuestionCommands()), priorities(dropQuestionCommands()));
	t.is(priorities(dropQuestionCommands()).length, 2);
});

test('names of interfaces fit the kernel (IFNAMSIZ)', (t) => {
	for (const name of [bridgeName, tapName(0), tapName(243)]) t.true(name.length <= 15);
});
