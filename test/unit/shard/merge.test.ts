import test from 'ava';
import fc from 'fast-check';
import { toolVersion } from '../../../src/base/package-root.js';
import type { RunEvent } from '../../../src/lab/events.js';
import { exitCodeOf, resultOf } from '../../../src/outcome/result.js';
import { junitXml } from '../../../src/report/junit.js';
import { summary } from '../../../src/report/summary.js';
import { mergeShards, type MergedLab, type Shard } from '../../../src/shard/merge.js';
import { unitsOf, type LabWork } from '../../../src/shard/units.js';
import { shardsOf, work, type Fate } from './logs.js';

/** What merges them: this version. */
const here = { version: toolVersion() };

const merged = (shards: readonly Shard[]) => mergeShards(shards, here)[0]!.state;

/** All that a report has but where and when. */
const reported = (shards: readonly Shard[]) => {
	const { ms: _ms, stages: _stages, ...result } = resultOf(merged(shards));
	return JSON.parse(JSON.stringify(result)) as object;
};

const names = unitsOf(work).map(({ name }) => name);
const fates = fc.record(Object.fromEntries(names.map((name) => [name, fc.constantFrom('passed', 'failed')]))) as fc.Arbitrary<Record<string, 'passed' | 'failed'>>;

test('1, 2 and 7 shards of the same work have the same verdict, result and JUnit report, whatever passed', (t) => {
	fc.assert(
		fc.property(fates, (fate) => {
			const fateOf: Fate = (unit) => fate[unit]!;
			const [one, two, seven] = [1, 2, 7].map((total) => shardsOf(total, fateOf));
			t.deepEqual(reported(two!), reported(one!));
			t.deepEqual(reported(seven!), reported(one!));
			const xml = (shards: readonly Shard[]) => junitXml(merged(shards)).replace(/ (?:time|timestamp)="[^"]*"/g, '');
			t.is(xml(two!), xml(one!));
			t.is(xml(seven!), xml(one!));
		}),
		{ numRuns: 50 },
	);
});

test('all passed: so has the whole, with every check and order in its place', (t) => {
	const result = resultOf(merged(shardsOf(3)));
	t.is(result.verdict, 'passed');
	t.is(result.twice?.status, 'passed');
	t.is(result.reboot?.status, 'passed');
	t.is(result.shuffle?.orders.length, 4);
});

test('one order of one shard failed: so has the whole', (t) => {
	const result = resultOf(merged(shardsOf(3, (unit) => (unit === 'order-3' ? 'failed' : 'passed'))));
	t.is(result.verdict, 'failed');
	t.deepEqual(result.shuffle?.orders.map(({ verdict }) => verdict), ['passed', 'passed', 'failed', 'passed']);
});

test('a plain run that passed on one machine and failed on another has failed, and one that broke is an error; both report on which', (t) => {
	for (const fate of ['failed', 'error'] as const) {
		for (const shard of [1, 2, 3]) {
			const shards = shardsOf(3, (unit, number) => (unit === 'plain' && number === shard ? fate : 'passed'));
			const state = merged(shards);
			const result = resultOf(state);
			t.deepEqual([result.verdict, exitCodeOf(result)], [fate, fate === 'failed' ? 1 : 4], `${fate} on ${shard}`);
			const hasChecks = shards[shard - 1]!.record.division[shard - 1]!.some(({ name }) => name === 'twice' || name === 'reboot');
			const hasPlain = shards[shard - 1]!.record.division[shard - 1]!.some(({ name }) => name === 'plain');
			if (hasChecks && !hasPlain) t.regex(summary(state, { color: false, width: 200 }), new RegExp(`the plain run of shard ${shard}\\b`));
			t.regex(junitXml(state), fate === 'failed' ? /<failure / : /<error /);
		}
	}
});

test('a shard with an empty event log, as of a full disk, makes the whole an error, whichever it is', (t) => {
	for (const shard of [1, 2, 3]) {
		const shards = shardsOf(3).map((one) => (one.record.index === shard ? { ...one, logs: new Map([['web', []]]) } : one));
		const state = merged(shards);
		const result = resultOf(state);
		t.deepEqual([result.verdict, exitCodeOf(result)], ['error', 4], `shard ${shard}`);
		t.true(state.errors.some(({ message }) => message === `shard ${shard}: the event log of web is empty`));
	}
});

/** Every way in which a lab fails, as the event that it is in a log. */
const failures: readonly RunEvent[] = [
	{ at: 1500, type: 'script-finished', node: 'one', script: 'one', status: 'failed', exitCode: 3, ms: 5, output: '' },
	{ at: 1500, type: 'script-finished', node: 'one', script: 'one', status: 'timed-out', ms: 5, output: '' },
	{ at: 1500, type: 'assertion-finished', test: 'answers', index: 0, assertion: 'port 80 listens', onVm: 'one', status: 'failed', attempts: 1, ms: 5 },
	{ at: 1500, type: 'login-checked', node: 'one', username: 'ops', port: 22, status: 'failed', ms: 5 },
	{ at: 1500, type: 'machine-ended', node: 'one', how: 'powered-off', message: 'it was powered off' },
	{ at: 1500, type: 'stage-finished', stage: 'boot', node: 'one', status: 'failed', ms: 5 },
];

/** Shards of which the one that has a check has an event more in its log, after the first of a type. */
const withAfter = (check: 'twice' | 'reboot', type: string, event: RunEvent): Shard[] =>
	shardsOf(3).map((shard) => {
		const units = shard.record.division[shard.record.index - 1]!.map(({ name }) => name);
		if (!units.includes(check)) return shard;
		const log = shard.logs.get('web')!;
		const index = log.findIndex((one) => one.type === type && (!('stage' in one) || one.stage === check));
		return { ...shard, logs: new Map([['web', [...log.slice(0, index + 1), event, ...log.slice(index + 1)]]]) };
	});

test('whatever failed in the plain run of a shard with a check, the lab has failed by it, and nothing else broke', (t) => {
	for (const failure of failures) {
		for (const check of ['twice', 'reboot'] as const) {
			// Behind what had passed before: the last of a kind counts.
			const state = merged(withAfter(check, failure.type === 'assertion-finished' ? 'assertion-finished' : 'script-finished', failure));
			const result = resultOf(state);
			t.deepEqual([result.verdict, exitCodeOf(result), state.errors], ['failed', 1, []], JSON.stringify(failure));
			t.regex(junitXml(state), /<failure /);
		}
	}
});

test('a machine that ends during a check fails that check, and not the plain run before it', (t) => {
	const ended: RunEvent = { at: 1500, type: 'machine-ended', node: 'one', how: 'powered-off', message: 'it was powered off' };
	for (const check of ['twice', 'reboot'] as const) {
		const state = merged(withAfter(check, 'stage-started', ended));
		t.is(resultOf(state).verdict, 'failed');
		t.is(state.nodes[0]?.end?.message, 'it was powered off');
		t.deepEqual(state.robustness.shuffle?.orders.map(({ verdict }) => verdict), ['passed', 'passed', 'passed', 'passed']);
		t.true(state.robustness.twice!.scripts.length > 0 && state.robustness.reboot!.machines.length > 0);
		// The same from one machine.
		const [one] = shardsOf(1);
		const log = one!.logs.get('web')!;
		const index = log.findIndex((event) => event.type === 'stage-started' && event.stage === check);
		const whole = merged([{ ...one!, logs: new Map([['web', [...log.slice(0, index + 1), ended, ...log.slice(index + 1)]]]) }]);
		t.is(resultOf(whole).verdict, 'failed');
		t.is(whole.nodes[0]?.end?.message, 'it was powered off');
		t.is(whole.robustness.shuffle?.orders.length, 4);
	}
});

const without = (shard: Shard, type: string): Shard => ({
	...shard,
	logs: new Map([...shard.logs].map(([lab, events]) => [lab, events.filter((event) => event.type !== type)])),
});

const refused = test.macro((t, change: (shards: readonly Shard[]) => readonly Shard[], message: RegExp) => {
	t.throws(() => mergeShards(change(shardsOf(3)), here), { code: 'usage', message });
});

test('a shard is missing', refused, (shards) => shards.slice(0, 2), /^shard 3 of 3 is missing$/);
test('a shard is there twice', refused, ([one, two, three]) => [one!, two!, three!, { ...two!, directory: 'copy' }], /^shard 2 of 3 is there 2 times: .*copy$/);
test('none', refused, () => [], /nothing to merge/);
test('of another version', refused, ([one, two, three]) => [one!, { ...two!, record: { ...two!.record, version: '9.9.9' } }, three!], /differ in the version/);
test('of another plan', refused, ([one, two, three]) => [one!, two!, { ...three!, record: { ...three!.record, work: [{ ...work, planSha256: 'beef' }] } }], /differ in the labs, their plans/);
test('of other orders', refused, ([one, ...rest]) => [one!, ...rest.map((shard) => ({ ...shard, record: { ...shard.record, work: [{ ...work, shuffle: { count: 4, seed: 8 } }] } }))], /differ in the labs/);
test('with other tests', refused, ([one, two, three]) => [one!, two!, { ...three!, logs: new Map([...three!.logs].map(([lab, events]) => [lab, events.map((event) => (event.type === 'run-started' ? { ...event, tests: [...event.tests, { name: 'more', assertions: [] }] } : event))])) }], /judged web by other tests than shards\/shard-\d-of-3$/);
test('with other flags', refused, ([one, two, three]) => [one!, two!, { ...three!, record: { ...three!.record, work: [{ ...work, options: { defaultTests: true } }] } }], /differ in the labs, their plans or the checks/);

test('all of another version than this one', (t) => {
	t.throws(() => mergeShards(shardsOf(3), { version: '9.9.9' }), { code: 'usage', message: /^shards\/shard-1-of-3 was rehearsed by version .* of rehearse, and this is 9\.9\.9$/ });
});

test('what was given out is what has to come back', (t) => {
	t.is(mergeShards(shardsOf(3), { ...here, work: [work] }).length, 1);
	for (const other of [{ ...work, planSha256: 'beef' }, { ...work, lab: 'db' }, { ...work, robustness: [] }, { ...work, options: { scriptTimeoutSeconds: 1 } }]) {
		t.throws(() => mergeShards(shardsOf(3), { ...here, work: [other] }), { code: 'usage', message: /is no shard of what was asked for/ });
	}
	t.throws(() => mergeShards(shardsOf(3), { ...here, work: [work, { ...work, lab: 'db' }] }), { code: 'usage' });
});

test('divided otherwise', refused, ([one, two, three]) => [one!, two!, { ...three!, record: { ...three!.record, division: [...three!.record.division].reverse() } }], /--times/);
test('of other numbers', refused, ([one]) => [one!, ...shardsOf(2)], /differ in the number of shards/);
test('its run is missing', refused, ([one, two, three]) => [one!, { ...two!, logs: new Map() }, three!], /has no run of web, of which it was to do/);
test('an order is missing from a log that has nothing of it', refused, ([one, two, three]) => [one!, two!, without(three!, 'order-finished')], /lacks order \d/);
test('the log of another plan', refused, (shards) => shards.map((shard, index) => (index === 1 ? { ...shard, logs: new Map([...shard.logs].map(([lab, events]) => [lab, events.map((event) => (event.type === 'run-started' ? { ...event, planSha256: 'beef' } : event))])) } : shard)), /rehearsed another plan/);

test('a shard that was killed has not passed', (t) => {
	const [one, ...rest] = shardsOf(3);
	const result = resultOf(merged([without(one!, 'run-finished'), ...rest]));
	t.not(result.verdict, 'passed');
});

test('a shard that broke off is an error of the whole, with what the others found', (t) => {
	const shards = shardsOf(2).map((shard, index): Shard => {
		if (index === 0) return shard;
		const cut = new Map([...shard.logs].map(([lab, events]) => {
			const first = events.findIndex(({ type }) => type === 'order-finished');
			const at = events[first]!.at;
			return [lab, [...events.slice(0, first), { at, type: 'error', error: { code: 'interrupted', message: 'interrupted by SIGTERM', exitCode: 130 } } as const, { at, type: 'run-finished', ms: 5 } as const]] as const;
		}));
		return { ...shard, logs: cut };
	});
	const result = resultOf(merged(shards));
	t.is(result.verdict, 'error');
	t.is(exitCodeOf(result), 130);
	t.true((result.shuffle?.orders.length ?? 0) > 0);
});

/** Shards of which some have no run of the lab. */
const lacking = (total: number, ...numbers: readonly number[]): Shard[] =>
	shardsOf(total).map((shard) => {
		if (!numbers.includes(shard.record.index)) return shard;
		const error = { code: 'interrupted', message: `interrupted by SIGTERM`, exitCode: 130 };
		return { ...shard, record: { ...shard.record, lacking: { web: { at: 5000, error } } }, logs: new Map() };
	});

test('a lab that a shard has not reached is an error of that lab with its exit status, with what the others found', (t) => {
	for (const numbers of [[1], [2], [3], [1, 2], [1, 2, 3]]) {
		const state = merged(lacking(3, ...numbers));
		const result = resultOf(state);
		t.deepEqual([result.lab, result.plan_sha256, result.verdict, exitCodeOf(result)], ['web', 'c0ffee', 'error', 130]);
		t.deepEqual(state.errors.map(({ message }) => message), numbers.map((number) => `shard ${number}: interrupted by SIGTERM`));
		t.is(result.nodes.length, numbers.length === 3 ? 0 : 2);
		t.regex(junitXml(state), /<error message="shard \d: interrupted by SIGTERM \(interrupted\)"/);
		t.is(state.startedAt, numbers.length === 3 ? 5000 : 0);
	}
	const [one] = lacking(1, 1);
	t.is(merged([one!]).errors[0]?.message, 'interrupted by SIGTERM');
});

test('the others of its labs have their verdicts', (t) => {
	// Objects have something of that name.
	const labs: LabWork[] = [{ ...work, lab: 'constructor' }, { ...work, lab: 'db', robustness: [] }];
	const [shard] = shardsOf(1, () => 'passed', labs);
	const error = { code: 'no-directory', message: 'rehearse cannot write', exitCode: 3 };
	const cut = { ...shard!, record: { ...shard!.record, lacking: { db: { at: 1, error } } }, logs: new Map([...shard!.logs].slice(0, 1)) };
	t.deepEqual(mergeShards([cut], here).map(({ lab, state }) => [lab, exitCodeOf(resultOf(state))]), [['constructor', 0], ['db', 3]]);
});

test('several labs are merged each by itself', (t) => {
	const labs: LabWork[] = [work, { ...work, lab: 'db', robustness: [], shuffle: { count: 1, seed: 1 } }];
	const states = mergeShards(shardsOf(4, (unit) => (unit === 'reboot' ? 'failed' : 'passed'), labs), here);
	t.deepEqual(states.map(({ lab, state }) => [lab, resultOf(state).verdict]), [['web', 'failed'], ['db', 'passed']]);
});

test('what each unit took is there for the next division', (t) => {
	const [{ times }] = mergeShards(shardsOf(3), here) as [MergedLab];
	t.deepEqual(Object.keys(times).filter((key) => key.includes('order')).sort(), ['web/order-1', 'web/order-2', 'web/order-3', 'web/order-4']);
	t.is(times['web/twice'], 50);
});
