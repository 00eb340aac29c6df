/** Messages of a guest's agent that no agent of ours would send. */
import { gzipSync } from 'node:zlib';
import test from 'ava';
import type { RunEventBody } from '../../../src/lab/events.js';
import { parseSnapshot } from '../../../src/machine/snapshot.js';
import type { RunningMachine } from '../../../src/machine/running-machine.js';
import type { RunSpec } from '../../../src/protocol/run-spec.js';
import type { StartedMachine } from '../../../src/supervisor/start-machine.js';
import { ScriptReporter } from '../../../src/supervisor/script-reporter.js';
import { snapshotLab } from '../../../src/supervisor/checked-lab.js';

/** 200 MB in 200 kB. */
const bomb = gzipSync(Buffer.alloc(200_000_000)).toString('base64');

test('a snapshot that unfolds to more than any machine has is not unfolded', (t) => {
	const before = process.memoryUsage().arrayBuffers;
	t.throws(() => parseSnapshot(bomb), { code: 'ERR_BUFFER_TOO_LARGE' });
	t.true(process.memoryUsage().arrayBuffers - before < 150_000_000);
});

for (const [what, data] of [['unfolds to gigabytes', bomb], ['is none', 'nonsense']] as const) {
	test(`a snapshot that ${what} is reported in one notice, and the run goes on`, async (t) => {
		const events: RunEventBody[] = [];
		const machine = { name: 'web', guest: { snapshot: async () => data } } as unknown as RunningMachine;
		const run = { lab: { nodes: [] }, machines: [{ spec: { name: 'web' } }], runDirectory: '/nonexistent', deadlines: { wakeMs: 1 } } as unknown as RunSpec;
		const context = { emit: (event: RunEventBody) => void events.push(event), signal: new AbortController().signal };
		const started = { machine } as unknown as StartedMachine;
		await snapshotLab({ find: () => ({ present: started, started }) }, run, context);
		t.is(events.length, 1);
		t.like(events[0], { type: 'notice', node: 'web' });
	});
}

test('scripts that a guest makes up, and messages without end, are no events', (t) => {
	const events: RunEventBody[] = [];
	const reporter = new ScriptReporter('web', [{ name: 'setup', text: 'true\n', after: 'x' }], () => undefined, (event) => events.push(event));
	const finished = { kind: 'script-finished', status: 'passed', exitCode: 0, ms: 1, stream: '' } as const;
	reporter.take({ ...finished, script: '::error::made up' });
	t.deepEqual([events, reporter.missing], [[], ['setup']]);
	for (let count = 0; count < 100_000; count++) reporter.take({ kind: 'script-started', script: 'setup' });
	t.true(events.length <= 10_000);
});
