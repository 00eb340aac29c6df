/** Saving and loading, against a monitor that answers as it is told to. */
import test from 'ava';
import { loadState, proceed, saveState } from '../../../src/machine/migration.js';
import type { Qmp } from '../../../src/machine/qmp.js';

/** Answers by command: a value, or an error to be thrown; the last of a list is given again and again. */
function monitor(answers: Readonly<Record<string, readonly unknown[]>>) {
	const said: string[] = [];
	const execute = async (command: string): Promise<unknown> => {
		const count = said.filter((other) => other === command).length;
		said.push(command);
		const list = answers[command] ?? [{}];
		const answer = list[Math.min(count, list.length - 1)];
		if (answer instanceof Error) throw answer;
		return answer;
	};
	return { said, qmp: { execute } as unknown as Qmp };
}

const options = { deadlineMs: 60 };

test('a save is over when QEMU says so', async (t) => {
	const { said, qmp } = monitor({ 'query-migrate': [{ status: 'active' }, { status: 'completed' }] });
	await saveState(qmp, '/state', options);
	t.deepEqual(said, ['migrate-set-parameters', 'migrate-set-capabilities', 'migrate', 'query-migrate', 'query-migrate']);
});

test('a QEMU that would put the memory into the state is not asked to', async (t) => {
	const refusal = new Error("Invalid parameter 'x-ignore-shared'");
	const { said, qmp } = monitor({ 'migrate-set-capabilities': [refusal] });
	await t.throwsAsync(saveState(qmp, '/state', options), { is: refusal });
	await t.throwsAsync(loadState(qmp, '/state', options), { is: refusal });
	t.false(said.some((command) => ['migrate', 'migrate-incoming'].includes(command)));
});

test('a save that fails gives the reason', async (t) => {
	const { qmp } = monitor({ 'query-migrate': [{ status: 'failed', 'error-desc': 'No space left on device' }] });
	await t.throwsAsync(saveState(qmp, '/state', options), { message: /not saved: No space left on device/ });
});

test('a save that is late is cancelled, so that it does not go on behind a machine that does', async (t) => {
	const { said, qmp } = monitor({ 'query-migrate': [{ status: 'active' }] });
	await t.throwsAsync(saveState(qmp, '/state', options), { message: /not saved: active/ });
	t.true(said.includes('migrate_cancel'));
});

test('QEMU may refuse for a moment to let a saved machine go on', async (t) => {
	const refusal = new Error('Migration is not finalized yet');
	const { said, qmp } = monitor({ cont: [refusal, refusal, {}] });
	await proceed(qmp);
	t.deepEqual(said, ['cont', 'cont', 'cont']);
});
