import { setTimeout as sleep } from 'node:timers/promises';

import test from 'ava';

import type { RunEvent, StageName } from '../../../src/lab/events.js';
import { Canvas } from '../../../src/report/canvas.js';
import { startLiveView } from '../../../src/report/live.js';
import { FakeTerminal } from './fake-terminal.js';
import { logNames, matchesGolden, readLog, type LogName } from './golden.js';

const wide = () => new FakeTerminal(100, 40);

/** Plays a log as far as `isLast`, with the clock at its last event, and gives the terminal back as it is then. */
async function play(log: LogName, terminal: FakeTerminal, isLast: (event: RunEvent) => boolean) {
	let now = 0;
	const view = startLiveView(terminal, { color: false, now: () => now });
	const events = readLog(log);
	const end = events.findIndex(isLast);
	for (const event of events.slice(0, end === -1 ? events.length : end + 1)) {
		now = event.at;
		view.onEvent(event);
	}
	return { view, now, advance: (ms: number) => (now += ms) };
}

const isFirstBooted = (event: RunEvent): boolean => event.type === 'stage-finished' && event.node !== undefined;
const isThirdAssertion = (event: RunEvent): boolean => event.type === 'assertion-finished' && event.index === 2;

async function waitUntil(holds: () => boolean): Promise<void> {
	for (let left = 200; !holds() && left > 0; left--) await sleep(10);
}

for (const log of logNames) {
	test.serial(`what the live view leaves behind of the log '${log}'`, async (t) => {
		const terminal = wide();
		const { view } = await play(log, terminal, () => false);
		await view.stop();
		matchesGolden(t, `${log}.live.txt`, terminal.screen);
		t.false(terminal.isCursorHidden);
	});
}

test.serial('while machines boot each has a line, and time goes on without events', async (t) => {
	const terminal = wide();
	const { view, advance } = await play('passed', terminal, isFirstBooted);
	await waitUntil(() => /redis +booted in 1 min 01 s/.test(terminal.screen));
	t.true(terminal.isCursorHidden);
	t.regex(terminal.screen, /[⠀-⣿] redis +booted in 1 min 01 s\n/);
	t.regex(terminal.screen, /[⠀-⣿] immich-ml +booting, 1 min 01 s\n/);
	t.regex(terminal.screen, /machines +1 min 01 s +0 of 4 nodes ready\n/);
	advance(7000);
	await waitUntil(() => terminal.screen.includes('booting, 1 min 08 s'));
	t.regex(terminal.screen, /immich-ml +booting, 1 min 08 s\n/);
	await view.stop();
});

test.serial('during the scenario the assertions are counted', async (t) => {
	const terminal = wide();
	const { view } = await play('script-failed', terminal, isThirdAssertion);
	await waitUntil(() => terminal.screen.includes('3 of 10'));
	t.regex(terminal.screen, /[⠀-⣿] scenario +30 s +3 of 10 assertions, 1 not passed\n/);
	t.regex(terminal.screen, /✖ postgres-pgvector +booted in 1 min 09 s; postgres-pgvector failed at line 12\n/);
	await view.stop();
});

test.serial('what does not hold so far is shown below the scenario, and is gone when the scenario is over', async (t) => {
	const terminal = new FakeTerminal(80, 24);
	const { view } = await play('assertion-failed', terminal, ({ type }) => type === 'assertion-waiting');
	await waitUntil(() => terminal.screen.includes('not yet'));
	t.regex(
		terminal.screen,
		/[⠀-⣿] scenario +3 s +6 of 10 assertions, 1 not yet\n {2}… immich-server: curl -fsS http:.*… {2}tried for another 30 s\n {6}expected exit.*…\n {2}teardown\n$/,
	);
	await view.stop();

	const after = new FakeTerminal(80, 24);
	const whole = await play('assertion-failed', after, () => false);
	await whole.view.stop();
	t.false(after.screen.includes('tried for'));
});

test.serial('a view that is stopped in the middle ends, shows what was reached and gives the cursor back', async (t) => {
	const terminal = wide();
	const { view } = await play('passed', terminal, ({ type }) => type === 'accelerator');
	await view.stop();
	t.false(terminal.isCursorHidden);
	t.regex(terminal.screen, /✔ images[^]*– machines\n[^]*– scenario\n$/, 'of the teardown, which is still to come, nothing is shown');
	const before = terminal.screen;
	view.onEvent({ at: 0, type: 'run-finished', ms: 1 });
	await sleep(300);
	t.is(terminal.screen, before);
});

test.serial('machines that were never reached have no lines', async (t) => {
	const terminal = wide();
	const view = startLiveView(terminal, { color: false, now: () => 0 });
	const [announced] = readLog('passed');
	if (announced) view.onEvent(announced);
	view.onEvent({ at: 1, type: 'stage-started', stage: 'images' });
	view.onEvent({ at: 2, type: 'stage-finished', stage: 'images', status: 'failed', ms: 1, detail: 'no such package: nosuch' });
	view.onEvent({ at: 3, type: 'stage-started', stage: 'teardown' });
	await view.stop();
	t.regex(terminal.screen, /✖ images .* no such package: nosuch\n/);
	t.regex(terminal.screen, /– network\n– machines\n– scenario\n/);
});

test.serial('a view that is stopped before the first event ends too', async (t) => {
	const terminal = wide();
	await startLiveView(terminal, { color: false }).stop();
	t.false(terminal.isCursorHidden);
});

const resized = test.macro({
	exec(t, columns: number, rows: number) {
		const terminal = wide();
		terminal.write('what was there before\n');
		const canvas = new Canvas(terminal);
		canvas.draw(['x'.repeat(90), 'short', 'y'.repeat(50)]);
		terminal.columns = columns;
		terminal.rows = rows;
		canvas.draw(['one', 'two', 'three']);
		const shown = ['one', 'two', 'three'].slice(-(rows - 1));
		t.is(terminal.screen, ['what was there before', ...shown, ''].join('\n'));
		canvas.close(['one', 'two', 'three', 'four']);
		t.is(terminal.screen, ['what was there before', 'one', 'two', 'three', 'four', ''].join('\n'));
	},
	title: (_title, columns, rows) => `drawing over after a resize to ${columns}x${rows}`,
});

test(resized, 100, 40);
test(resized, 200, 50);
test(resized, 40, 40);
test(resized, 7, 40);
test(resized, 100, 3);

test.serial('stages that go on at once are all shown as running, and a node says that it waits for its image', async (t) => {
	const terminal = wide();
	let now = 0;
	const view = startLiveView(terminal, { color: false, now: () => now });
	const [announced] = readLog('passed');
	if (announced) view.onEvent({ ...announced, at: 0 });
	const node = (at: number, type: 'stage-started' | 'stage-finished', stage: StageName, name?: string): RunEvent => ({
		...{ at, stage },
		...(name === undefined ? {} : { node: name }),
		...(type === 'stage-started' ? { type } : { type, status: 'passed', ms: 1000 }),
	});
	for (const event of [
		node(0, 'stage-started', 'images'),
		node(1000, 'stage-started', 'images', 'redis'),
		node(2000, 'stage-finished', 'images', 'redis'),
		node(2000, 'stage-started', 'images', 'immich-ml'),
		node(2000, 'stage-started', 'images', 'postgres-pgvector'),
		{ at: 2100, type: 'stage-progress', stage: 'images', nodes: ['postgres-pgvector'], detail: 'creating tarball' } as const,
		node(2000, 'stage-started', 'accelerator'),
	]) {
		view.onEvent(event);
	}
	now = 3000;
	await waitUntil(() => /accelerator +1 s/.test(terminal.screen));
	t.regex(terminal.screen, /[⠀-⣿] images +3 s +immich-ml; postgres-pgvector: creating tarball\n[⠀-⣿] accelerator +1 s\n {2}seeds\n/);
	for (const event of [
		node(4000, 'stage-finished', 'accelerator'),
		node(4000, 'stage-started', 'seeds', 'redis'),
		node(5000, 'stage-finished', 'seeds', 'redis'),
		node(6000, 'stage-started', 'boot', 'redis'),
		node(8000, 'stage-finished', 'images', 'postgres-pgvector'),
		node(9000, 'stage-started', 'seeds', 'postgres-pgvector'),
		node(10_000, 'stage-finished', 'seeds', 'postgres-pgvector'),
	]) {
		view.onEvent(event);
	}
	now = 12_000;
	await waitUntil(() => terminal.screen.includes('booting, 6 s'));
	t.regex(terminal.screen, /[⠀-⣿] images +12 s +immich-ml\n✔ accelerator +1.0 s\n✔ seeds +2.0 s\n/, 'the pause between two rounds of seeds is not counted');
	t.regex(terminal.screen, /[⠀-⣿] machines +6 s +0 of 4 nodes ready\n/);
	t.regex(terminal.screen, /redis +booting, 6 s\n/);
	t.regex(terminal.screen, /immich-ml +its image is being built, 10 s\n/);
	t.regex(terminal.screen, /postgres-pgvector +waits for a processor\n/);
	t.regex(terminal.screen, /immich-server +waits for its image\n/);
	await view.stop();
});
