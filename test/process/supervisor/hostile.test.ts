/** Labs of fake machines that try to do harm to whoever looks at them, or fill the memory of who reads from them. */
import test from 'ava';
import { poll, systemClock } from '../../../src/base/waiting.js';
import { ask } from '../../../src/control/client.js';
import type { LabStatus } from '../../../src/protocol/requests.js';
import { labNode } from '../../unit/base/labs.js';
import { evil, hasEvil } from '../../unit/base/evil.js';
import { startLab } from './labs.js';

for (const channel of ['agent', 'control', 'commands', 'debug', 'agent-control-commands-debug']) {
	test.serial(`a line without end on the channel '${channel}' is told in one notice, and the lab goes on`, async (t) => {
		const lab = await startLab(t, { nodes: ['one'], behaviour: `endless-${channel}`, keep: 'always' });
		await lab.waitFor('detached');
		const notices = () => lab.lines.filter((line) => line.type === 'notice' && /a line of its agent has no end/.test(line.message));
		await poll(async () => notices().length, (count) => count > 0, { intervalMs: 20, deadlineMs: 20_000 });
		// Another is under way.
		await systemClock.sleep(500);
		await ask(lab.controlSocket, { op: 'down' }, { deadlineMs: 20_000 });
		t.is((await lab.waitFor('done')).error, undefined);
		t.is(notices().length, 1, JSON.stringify(lab.lines));
		t.like(lab.lines.find((line) => line.type === 'script-finished'), { status: 'passed' });
	});
}

test.serial('the answer about how a lab is has nothing in it that a plan may not have shown', async (t) => {
	const lab = await startLab(t, {
		...{ nodes: ['one'], keep: 'always' },
		changed: (run) => {
			const test = { name: evil, assertions: [] };
			const [node = labNode('one', 0)] = run.lab.nodes;
			return { ...run, lab: { ...run.lab, name: evil, nodes: [node], scenarios: [{ name: evil, tests: [test] }] as unknown as typeof run.lab.scenarios } };
		},
	});
	await lab.waitFor('detached');
	const status = (await ask(lab.controlSocket, { op: 'status' }, { deadlineMs: 20_000 })) as LabStatus;
	t.is(status.tests.length, 1);
	t.false(hasEvil(status), JSON.stringify(status));
});
