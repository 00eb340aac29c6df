/** Saving and loading, against a monitor that answers as it is asked to. */
import { duplexPair } from 'node:stream';
import test from 'ava';
import { loadState, requireSaving, saveState } from '../../../src/machine/migration.js';
import { Qmp } from '../../../src/machine/qmp.js';

/** Answers by command: a value, or an error to be thrown; the last of a list is given again and again. */
function monitor(answers: Readonly<Record<string, readonly unknown[]>>) {
	const message: string[] = [];
	const execute = async (command: string): Promise<unknown> => {
		const count = message.filter((other) => other === command).length;
		message.push(command);
		const list = answers[command] ?? [{}];
		const answer = list[Math.min(count, list.length - 1)];
		if (answer instanceof Error) throw answer;
		return answer;
	};
	return { message, qmp: { execute } as unknown as Qmp };
}

const options = { deadlineMs: 60 };

test('a state is saved without the memory, by a QEMU that is not asked to go on', async (t) => {
	const { message, qmp } = monitor({});
	await saveState(qmp, '/state', options);
	t.deepEqual(message, ['xen-save-devices-state']);
});

test('a save that fails gives the reason', async (t) => {
	const refusal = new Error("Could not open '/state': No space left on device");
	await t.throwsAsync(saveState(monitor({ 'xen-save-devices-state': [refusal] }).qmp, '/state', options), { is: refusal });
});

test('a save that is not answered ends at its deadline', async (t) => {
	const [ours] = duplexPair();
	const connecting = Qmp.connect(ours);
	ours.push('{"return": {}, "id": 1}\n');
	await t.throwsAsync(saveState(await connecting, '/state', options), { code: 'qmp-silent', message: /xen-save-devices-state in 60 ms/ });
});

test('a state is loaded when QEMU reports that', async (t) => {
	const { message, qmp } = monitor({ 'query-migrate': [{ status: 'active' }, { status: 'completed' }] });
	await loadState(qmp, '/state', options);
	t.deepEqual(message, ['migrate-incoming', 'query-migrate', 'query-migrate']);
});

test('a load that fails gives the reason', async (t) => {
	const { qmp } = monitor({ 'query-migrate': [{ status: 'failed', 'error-desc': 'Unknown savevm section' }] });
	await t.throwsAsync(loadState(qmp, '/state', options), { message: /not loaded: Unknown savevm section/ });
});

test('a load that is late is given up', async (t) => {
	const { qmp } = monitor({ 'query-migrate': [{ status: 'active' }] });
	await t.throwsAsync(loadState(qmp, '/state', options), { code: 'state-late', message: /not loaded in 60 ms/ });
});

test('a QEMU that cannot save so is found by its own schema', async (t) => {
	const command = { name: 'xen-save-devices-state', 'meta-type': 'command' };
	await t.notThrowsAsync(requireSaving(monitor({ 'query-qmp-schema': [[{ name: 'stop' }, command]] }).qmp));
	await t.throwsAsync(requireSaving(monitor({ 'query-qmp-schema': [[{ name: 'stop' }]] }).qmp), {
		code: 'no-saving',
		message: 'this QEMU has no xen-save-devices-state',
	});
});
