/** Changes of a lab that come while others are under way. */
import { PassThrough } from 'node:stream';
import test from 'ava';
import { LabChanges, type ChangeableLab } from '../../../src/supervisor/lab-changes.js';
import type { RunningNode } from '../../../src/supervisor/running-node.js';

test('whoever would wait behind a debugger is refused, also who was let in before it began', async (t) => {
	const node = { name: 'one' } as unknown as RunningNode;
	const changes = new LabChanges({ find: () => node, isReady: () => true, nodes: [node] } as unknown as ChangeableLab);
	// Something that is under way, behind which the debugger waits.
	void changes.change('one', () => new Promise(() => undefined));
	void changes.debug('one', undefined, new PassThrough());
	const late = new Promise((_resolve, reject) => setTimeout(() => reject(new Error('it waits')), 1000));
	const asked = [() => changes.saveForExport({ key: '0', staging: '/nonexistent' }), () => changes.change('one', async () => undefined), () => changes.restart('one', () => undefined)];
	for (const ask of asked) await t.throwsAsync(Promise.race([ask(), late]), { code: 'usage', message: 'one is being debugged' });
	late.catch(() => undefined);
});
