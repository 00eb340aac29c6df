/** What may be done to a lab beside what. */
import test from 'ava';
import { LabChanges, type ChangeableLab } from '../../../src/supervisor/lab-changes.js';

/** A lab whose resets wait until they are let go on, and then find no checkpoint. */
function resettable() {
	let goOn = (): void => undefined;
	const waiting = new Promise<void>((resolve) => (goOn = resolve));
	const lab = { isReady: () => true, nodes: [], getRunSpec: () => ({ checkpoints: '/nowhere' }), saver: { finish: () => waiting } };
	return { changes: new LabChanges(lab as unknown as ChangeableLab), goOn };
}

test('nothing is judged while machines are put back', async (t) => {
	const { changes, goOn } = resettable();
	const reset = t.throwsAsync(changes.reset(() => undefined));
	await Promise.resolve();
	await t.throwsAsync(changes.judge(() => Promise.resolve(true)), { code: 'usage', message: 'the lab is being put back' });
	goOn();
	await reset;
	t.true(await changes.judge(() => Promise.resolve(true)));
});

test('no machine is put back while the lab is judged, and each judgement counts', async (t) => {
	const { changes, goOn } = resettable();
	goOn();
	let end = (): void => undefined;
	const judging = changes.judge(() => new Promise<void>((resolve) => (end = resolve)));
	await t.throwsAsync(changes.judge(() => Promise.reject(new Error('no'))), { message: 'no' });
	await t.throwsAsync(changes.reset(() => undefined), { code: 'usage', message: 'the scenario is running in this lab' });
	end();
	await judging;
	await t.throwsAsync(changes.reset(() => undefined), { message: /^(?!the scenario)/ });
});
