/** Logs of shards as a machine would write them, made from what each unit comes to. */
import { toolVersion } from '../../../src/base/package-root.js';
import type { OrderOutcome, RunEvent, RunEventBody } from '../../../src/lab/events.js';
import type { Shard } from '../../../src/shard/merge.js';
import { divide, type LabWork } from '../../../src/shard/units.js';

export const work: LabWork = { lab: 'web', planSha256: 'c0ffee', robustness: ['twice', 'reboot'], shuffle: { count: 4, seed: 7 } };

/** What came of a unit on the machine of a shard, from 1. */
export type Fate = (unit: string, shard: number) => 'passed' | 'failed' | 'error';

const body = (...events: RunEventBody[]): RunEventBody[] => events;

const scenario = (status: 'passed' | 'failed', after?: 'twice' | 'reboot'): RunEventBody => ({
	type: 'assertion-finished',
	...{ test: 'answers', index: 0, assertion: 'port 80 listens', onVm: 'one', status, attempts: 1, ms: 10 },
	...(status === 'failed' ? { message: 'nobody listens' } : {}),
	...(after ? { after } : {}),
});

function logOf({ lab, planSha256, robustness, shuffle }: LabWork, units: readonly string[], shard: number, fate: Fate): RunEvent[] {
	const of = (unit: string) => fate(unit, shard);
	const asked = robustness.filter((name) => units.includes(name));
	const numbers = Array.from({ length: shuffle?.count ?? 0 }, (_, index) => index + 1).filter((number) => units.includes(`order-${number}`));
	const plain = of('plain');
	const order = (number: number): OrderOutcome => ({
		number,
		order: [{ node: number % 2 ? 'one' : 'two', delayMs: 0 }],
		verdict: of(`order-${number}`),
		failures: of(`order-${number}`) === 'passed' ? [] : [`order ${number} did not pass`],
		runDirectory: `/runs/order-${number}`,
	});
	const broke: RunEventBody = { type: 'error', error: { code: 'qemu-ended', message: 'QEMU ended', exitCode: 4 } };
	const events = body(
		{
			...{ type: 'run-started', runId: `run-${shard}`, lab, planSha256, warnings: [], runDirectory: `/runs/${shard}` },
			nodes: [{ name: 'one', scripts: ['one'] }, { name: 'two', scripts: [] }],
			tests: [{ name: 'answers', assertions: [{ type: 'port_listening', onVm: 'one', title: 'port 80 listens' }] }],
			...(asked.length > 0 ? { robustness: asked } : {}),
		} as RunEventBody,
		{ type: 'script-finished', node: 'one', script: 'one', status: 'passed', exitCode: 0, ms: 100, output: '' },
		...(plain === 'error' ? [broke] : [scenario(plain)]),
		...asked.flatMap((check): RunEventBody[] => (plain === 'passed' ? checkOf(check, of(check)) : [])),
		{ type: 'run-finished', ms: 1000 + shard },
		...(numbers.length > 0 ? body({ type: 'shuffle-started', seed: shuffle?.seed ?? 0, count: numbers.length }) : []),
		...(plain === 'passed' ? numbers.map((number): RunEventBody => ({ type: 'order-finished', ...order(number) })) : []),
		...(numbers.length > 0 ? body({ type: 'run-finished', ms: 2000 + shard }) : []),
	);
	return events.map((event, index) => ({ at: 1000 * index, ...event }) as RunEvent);
}

const checkOf = (check: 'twice' | 'reboot', status: 'passed' | 'failed' | 'error'): RunEventBody[] => [
	{ type: 'stage-started', stage: check },
	check === 'twice'
		? ({ type: 'script-repeated', node: 'one', script: 'one', status: 'passed', exitCode: 0, ms: 5, output: '', differences: [] } as RunEventBody)
		: { type: 'machine-restarted', node: 'one', ms: 5, missing: [] },
	...(check === 'reboot' ? body({ type: 'machine-restarted', node: 'two', ms: 5, missing: [] }) : []),
	scenario(status === 'passed' ? 'passed' : 'failed', check),
	{ type: 'stage-finished', stage: check, status, ms: 50 },
];

/** The shards of some work, as each machine has left its own. */
export function shardsOf(total: number, fate: Fate = () => 'passed', works: readonly LabWork[] = [work]): Shard[] {
	const division = divide(works, total);
	return division.map((units, index): Shard => {
		const labs = works.filter(({ lab }) => units.some((unit) => unit.lab === lab));
		return {
			directory: `shards/shard-${index + 1}-of-${total}`,
			record: { schema: 1, version: toolVersion(), index: index + 1, total, work: works, division },
			logs: new Map(labs.map((one) => [one.lab, logOf(one, units.flatMap(({ lab, name }) => (lab === one.lab ? [name] : [])), index + 1, fate)])),
		};
	});
}
