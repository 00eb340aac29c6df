import test from 'ava';
import { Gate } from '../../../src/supervisor/node-run.js';

const isOpen = (gate: Gate): Promise<boolean> => Promise.race([gate.opened.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);

test('a gate opens when every node has come', async (t) => {
	const gate = new Gate(['one', 'two']);
	gate.come('one');
	t.false(await isOpen(gate));
	gate.come('two');
	t.true(await isOpen(gate));
});

test('a node that came and broke then is not counted for another', async (t) => {
	const gate = new Gate(['one', 'two']);
	gate.come('one');
	gate.come('one');
	t.false(await isOpen(gate));
});
