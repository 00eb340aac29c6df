import test from 'ava';
import { bootOrder, neededBy, withDependents } from '../../../src/lab/boot-order.js';

/** Connections as `from>to`. */
const connectionsOf = (text: string) =>
	text
		.split(' ')
		.filter(Boolean)
		.map((pair) => ({ from: pair[0] ?? '', to: pair[2] ?? '', port: 1 }));
const nodesOf = (names: string) => [...names].map((name) => ({ name }));

const orders = test.macro((t, names: string, connections: string, expected: string) =>
	t.is(bootOrder(nodesOf(names), connectionsOf(connections)).map(({ name }) => name).join(''), expected),
);
test('without connections: as the plan has them', orders, 'abc', '', 'abc');
test('what is needed comes first', orders, 'abc', 'a>c', 'cab');
test('also of what is needed', orders, 'abcd', 'a>b b>d', 'dbac');
test('once, where several need it', orders, 'abc', 'a>c b>c', 'cab');
test('a ring begins somewhere, and every node is in it', orders, 'abc', 'a>b b>c c>a', 'cba');
test('a node that connects to itself, or to none of the lab', orders, 'ab', 'a>a a>x', 'ab');
test('a chain of thousands', (t) => {
	const nodes = Array.from({ length: 2000 }, (_, index) => ({ name: String(index) }));
	const chain = nodes.slice(1).map(({ name }, index) => ({ from: String(index), to: name, port: 1 }));
	t.is(bootOrder(nodes, chain)[0]?.name, '1999');
});

test('a node needs what it connects to', (t) => {
	t.deepEqual(neededBy('a', nodesOf('abc'), connectionsOf('a>c b>a a>a a>c')), [{ name: 'c' }]);
});

const dependents = test.macro((t, names: string, connections: string, expected: string) =>
	t.is([...withDependents(names, connectionsOf(connections))].sort().join(''), expected),
);
test('nobody uses it', dependents, 'a', 'a>b', 'a');
test('one that uses it', dependents, 'b', 'a>b c>d', 'ab');
test('one that uses it through others', dependents, 'd', 'a>b b>c c>d x>a y>z', 'abcdx');
test('those that use each other in a ring', dependents, 'b', 'a>b b>c c>a', 'abc');
test('one that uses itself', dependents, 'a', 'a>a', 'a');
test('of none, none', dependents, '', 'a>b', '');
