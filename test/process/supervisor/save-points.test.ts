/** The states of a debugger's stops, of a machine whose memory and monitor are stand-ins. */
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { freezeDisk } from '../../../src/machine/migration.js';
import type { RunningMachine } from '../../../src/machine/running-machine.js';
import { saveMachine } from '../../../src/machine/memory.js';
import type { Qmp } from '../../../src/machine/qmp.js';
import type { DebugStop } from '../../../src/machine/debugging/messages.js';
import { SavePoints } from '../../../src/supervisor/debugging/save-points.js';
import type { LiveMachine } from '../../../src/supervisor/saving.js';

async function makePoints(t: ExecutionContext) {
	const directory = await mkdtemp(path.join(os.tmpdir(), 'rehearse-points-'));
	t.teardown(() => rm(directory, { recursive: true, force: true }));
	const file = path.join(directory, 'memory');
	await writeFile(file, 'what it remembers');
	const execute = async (command: string, args?: { filename?: string }) => {
		if (command === 'xen-save-devices-state') await writeFile(args?.filename ?? '', 'devices');
		return {};
	};
	const monitor = { pid: process.pid, memory: { file, isShared: true }, qmp: { execute } as unknown as Qmp };
	const machine: Partial<RunningMachine> = {
		name: 'box',
		save: (files, options) => saveMachine(monitor, files, options),
		freezeDisk: (overlayFile, nodes, signal) => freezeDisk(monitor.qmp, overlayFile, nodes, signal),
	};
	const live = { machine, diskMiB: 64, layers: ['/disk.qcow2'], frozen: 0 } as unknown as LiveMachine;
	const states = path.join(directory, 'states');
	const points = new SavePoints(states, { deadlineMs: 30_000, signal: new AbortController().signal });
	const stop = async (line: number) => {
		points.begin(live, { line } as unknown as DebugStop);
		await points.settle();
	};
	return { points, stop, states: async () => (await readdir(states)).filter((name) => name.endsWith('.state')).length };
}

test('of many stops the last ten can be gone back to, also one by one, and nothing is lost by asking for more', async (t) => {
	const { points, stop, states } = await makePoints(t);
	for (let line = 1; line <= 15; line++) await stop(line);
	t.is(await states(), 10);
	await t.throwsAsync(points.takeBack(10), { code: 'usage', message: /last 10 stops/ });
	for (let line = 14; line >= 6; line--) {
		const { stop: reached, stateFile } = await points.takeBack(1);
		t.like(reached, { line });
		t.true((await stat(stateFile)).size > 0);
	}
	// Those before were removed on the way there.
	await t.throwsAsync(points.takeBack(1), { code: 'usage', message: /last 10 stops/ });
	t.like((await points.takeBack(0)).stop, { line: 6 });
	await stop(7);
	t.like((await points.takeBack(1)).stop, { line: 6 });
});

test('nothing to go back to', async (t) => {
	const { points, stop } = await makePoints(t);
	await t.throwsAsync(points.takeBack(0), { code: 'usage', message: 'there is nothing to go back to' });
	await stop(1);
	await t.throwsAsync(points.takeBack(1), { code: 'usage', message: 'it has stopped 1 times only' });
});
