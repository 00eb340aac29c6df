/** A lab that stays for weeks starts machines again and again. */
import test from 'ava';
import { CleanupStack } from '../../../src/base/cleanup.js';
import type { MachineSpec } from '../../../src/machine/spec.js';
import { ownStack } from '../../../src/supervisor/start-machine.js';

const spec = { name: 'web', memory: { file: '/nonexistent/memory', isShared: false } } as unknown as MachineSpec;

test('a machine that has ended leaves no step on the stack of its lab, however many there were', async (t) => {
	const cleanup = new CleanupStack();
	let ended = 0;
	for (let start = 0; start < 1000; start++) {
		const own = ownStack(cleanup, spec);
		own.defer('process', () => void ended++);
		t.is(cleanup.length, 1);
		await own.run();
	}
	t.is(cleanup.length, 0);
	t.is(ended, 1000);
	t.deepEqual(await cleanup.run(), []);
});

test('the lab ends machines that run, and reports what failed of one that had ended', async (t) => {
	const cleanup = new CleanupStack();
	const ended: string[] = [];
	const [running, broken] = [ownStack(cleanup, spec), ownStack(cleanup, spec)];
	running.defer('running', () => void ended.push('running'));
	broken.defer('broken', () => Promise.reject(new Error('busy')));
	await broken.run();
	t.is(cleanup.length, 2);
	const errors = (await cleanup.run()) as Error[];
	t.deepEqual(ended, ['running']);
	t.deepEqual(errors.map(({ message }) => /busy/.test(message)), [true]);
});
