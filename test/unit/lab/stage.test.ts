import test from 'ava';
import type { RunEventBody, Status } from '../../../src/lab/events.js';
import { stage } from '../../../src/lab/stage.js';

/** Events without their times. */
const untimed = (events: readonly RunEventBody[]): object[] =>
	events.map((event) => ('ms' in event ? { ...event, ms: Number.isInteger(event.ms) && event.ms >= 0 } : event));

test('a stage is reported before and after, and gives its value', async (t) => {
	const events: RunEventBody[] = [];
	const value = await stage((event) => events.push(event), 'network', async () => {
		t.is(events.length, 1);
		return 42;
	});
	t.is(value, 42);
	t.deepEqual(untimed(events), [
		{ type: 'stage-started', stage: 'network' },
		{ type: 'stage-finished', stage: 'network', status: 'passed', ms: true },
	]);
});

test('its value may be that it failed, and the node is reported', async (t) => {
	const events: RunEventBody[] = [];
	const statusOf = (passed: boolean): Status => (passed ? 'passed' : 'failed');
	t.false(await stage((event) => events.push(event), 'startup', async () => false, statusOf, 'redis'));
	t.deepEqual(untimed(events), [
		{ type: 'stage-started', stage: 'startup', node: 'redis' },
		{ type: 'stage-finished', stage: 'startup', node: 'redis', status: 'failed', ms: true },
	]);
});

const broken = new Error('broken');
const throws = test.macro(async (t, body: () => Promise<never>) => {
	const events: RunEventBody[] = [];
	t.is(await t.throwsAsync(stage((event) => events.push(event), 'boot', body)), broken);
	t.like(events[1], { type: 'stage-finished', status: 'error' });
	t.is(events.length, 2);
});
test('a stage that rejects ended in an error, which goes on', throws, () => Promise.reject(broken));
test('so does one that throws', throws, () => {
	throw broken;
});
