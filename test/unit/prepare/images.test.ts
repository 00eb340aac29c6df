/** In which order the images of a lab are built. */
import test from 'ava';
import { inBootOrder } from '../../../src/prepare/images.js';
import { labNode, labOf } from '../base/labs.js';

const ordered = test.macro((t, connections: readonly (readonly [string, string])[], expected: readonly string[]) => {
	const lab = { ...labOf(...['web', 'worker', 'db', 'cache'].map((name, index) => labNode(name, index))), connections: connections.map(([from, to]) => ({ from, to, port: 1 })) };
	const requests = [{ nodes: ['web', 'worker'] }, { nodes: ['db'] }, { nodes: ['cache'] }];
	t.deepEqual(inBootOrder(requests, lab).map(({ nodes }) => nodes.join(' ')), expected);
});
test('those first that others connect to', ordered, [['web', 'db'], ['web', 'cache'], ['worker', 'cache']], ['db', 'cache', 'web worker']);
test('one for several nodes as soon as for the first of them', ordered, [['web', 'worker'], ['worker', 'cache']], ['cache', 'web worker', 'db']);
test('as they are given where nobody connects', ordered, [], ['web worker', 'db', 'cache']);
