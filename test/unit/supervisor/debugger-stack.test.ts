/** A lab that stays for weeks is debugged again and again. */
import { PassThrough } from 'node:stream';
import test from 'ava';
import { CleanupStack } from '../../../src/base/cleanup.js';
import { poll } from '../../../src/base/waiting.js';
import { serveDebugger, type DebuggedLab } from '../../../src/supervisor/debugging/serve.js';
import type { RunningNode } from '../../../src/supervisor/running-node.js';

test('a debugger that is gone leaves no step on the stack of its lab, even where it never came to a command', async (t) => {
	const cleanup = new CleanupStack();
	const node = {
		name: 'web',
		runSpec: {},
		observing: () => () => undefined,
		end: () => Promise.reject(new Error('its machine cannot be ended')),
	} as unknown as RunningNode;
	const lab = {
		runSpec: {
			lab: { nodes: [{ name: 'web', startupScripts: [{ name: 'web', text: '#!/bin/bash\ntrue\n' }] }] },
			disks: '/nonexistent',
			deadlines: { stateMs: 1000 },
		},
		nodes: [],
		signal: new AbortController().signal,
		cleanup,
	} as unknown as DebuggedLab;
	for (let session = 0; session < 20; session++) {
		const stream = new PassThrough();
		await serveDebugger(lab, node, undefined, stream);
		const { last } = await poll(async () => cleanup.length, (length) => length === 0, { intervalMs: 5, deadlineMs: 5000 });
		t.is(last, 0);
	}
	t.deepEqual(await cleanup.run(), []);
});
