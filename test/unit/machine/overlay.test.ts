import test from 'ava';
import { overlayName } from '../../../src/machine/qcow2.js';

test('no two nodes have a disk of the same name, however often they were saved', (t) => {
	const names = ['db', 'db-1', 'db-1-1', 'db1', 'qcow2'].flatMap((node) => [0, 1, 2, 11].map((layers) => overlayName(node, layers)));
	t.is(new Set(names).size, names.length);
});
