/** The guest's agent: the time, and what it reports of the machine. */
import test from 'ava';
import { startAgent } from './agent.js';

test('requests that come in one go are all read, in their order, though it asks for the time between them', async (t) => {
	const agent = await startAgent(t);
	agent.send('sync\nwake\nstart\n');
	await agent.end(3);
	t.deepEqual(agent.received.map((line) => line.split(' ')[0]), ['provisioned', 'awake', 'started']);
	const awake = agent.message('awake');
	t.true(awake?.kind === 'awake' && Math.abs(awake.clockOffsetMs) < 10_000 && awake.clockDelayMs < 20_000 && awake.failedUnits === '');
	t.deepEqual(agent.done.map((line) => line.split(' ')[0]), ['mount', 'umount'], 'a clock that is right is left alone');
});

test('a clock that is a week behind is set', async (t) => {
	const week = 7 * 86_400_000;
	const agent = await startAgent(t, { clock: () => Date.now() + week });
	agent.send('sync\nstart\n');
	await agent.end(2);
	const [, seconds = '', nanoseconds = ''] = /^settime (\d+) (\d+)$/.exec(agent.done[0] ?? '') ?? [];
	t.true(Math.abs(Number(seconds) * 1000 + Number(nanoseconds) / 1e6 - Date.now() - week) < 20_000, agent.done[0]);
});

test('on a busy host the quickest answer counts, and the clock is not set by one that is old', async (t) => {
	const agent = await startAgent(t, { clockDelays: [1500, 300, 0, 1500] });
	agent.send('wake\nstart\n');
	await agent.end(3);
	const awake = agent.message('awake');
	t.true(awake?.kind === 'awake' && Math.abs(awake.clockOffsetMs) < 1000 && awake.clockDelayMs < 1500, agent.received.join('\n'));
	t.deepEqual(agent.done.map((line) => line.split(' ')[0]), ['mount', 'umount']);
});

/** The host's clock as a guest sees it whose own has run at a rate for a minute, and is right otherwise. */
const hostBehind = (rate: number) => {
	const began = Date.now();
	return () => Math.round(began - 60_000 * (1 - 1 / rate) + (Date.now() - began) / rate);
};

test('a clock that runs too fast is read from another source, and is right then', async (t) => {
	const agent = await startAgent(t, { clock: hostBehind(2.6), clockSource: 'tsc' });
	await agent.end(1);
	t.is(agent.clockSource(), 'acpi_pm');
	t.regex(agent.complaints(), /^rehearse: the clock ran 2\.[4-8]\d times as fast as it should/);
});

test('a clock that is merely another is not read from another source, nor is one that KVM gives', async (t) => {
	const other = await startAgent(t, { clock: () => Date.now() - 86_400_000, clockSource: 'tsc' });
	const fast = await startAgent(t, { clock: hostBehind(2.6), clockSource: 'kvm-clock' });
	await Promise.all([other.end(1), fast.end(1)]);
	t.deepEqual([other, fast].map((agent) => [agent.clockSource(), agent.complaints()]), [['tsc', ''], ['kvm-clock', '']]);
});
test('units that have failed are reported, but for startup scripts', async (t) => {
	const agent = await startAgent(t, {
		answer: ({ body }) => (body[1] === 'NFailedUnits' ? { signature: 'v', body: [['u', 2]] } : undefined),
		systemctl: `case $1 in
			list-units) echo 'startup-x.service loaded failed'; echo 'bad.service loaded failed failed Bad' ;;
			status) shift 5; echo "status of $*" ;;
		esac`,
	});
	await agent.end(1);
	t.like(agent.message('provisioned'), { failedUnits: 'status of bad.service\n' });
});
