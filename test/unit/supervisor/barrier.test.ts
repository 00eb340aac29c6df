import test from 'ava';
import { Barrier } from '../../../src/supervisor/node-run.js';

const isOpen = (barrier: Barrier): Promise<boolean> => Promise.race([barrier.opened.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);

test('a barrier opens when every node has come', async (t) => {
	const barrier = new Barrier(['one', 'two']);
	barrier.come('one');
	t.false(await isOpen(barrier));
	barrier.come('two');
	t.true(await isOpen(barrier));
});

test('a node that came and broke then is not counted for another', async (t) => {
	const barrier = new Barrier(['one', 'two']);
	barrier.come('one');
	barrier.come('one');
	t.false(await isOpen(barrier));
});
