/** Measuring small and many machines: labs of 1 to 32 small ones, one by debvm beside them, and two labs at once. */
import { rm } from 'node:fs/promises';
import { rehearseByDebvm } from './by-hand/debvm.js';
import { figure, present, type Measurement } from './measurement.js';
import { memoryOf, storeOf } from './measure-store.js';
import { smallPlan } from './small-lab.js';
import { extentMs, longestMs } from './timeline.js';
import { rehearse, runCommand } from './tool.js';
import { bundledLab } from './workshop.js';

const small = (count: number, onRequest?: true): Measurement => ({
	name: `small-${count}`,
	...(onRequest && { onRequest }),
	figures: {
		check: figure(`${count} small nodes, checked`, 'ms', count === 16 ? { atMost: 300 } : undefined),
		booted: figure(`${count} small nodes, booted and saved`, 'ms'),
		boot: figure('  slowest boot', 'ms'),
		restored: figure(`${count} small nodes, restored`, 'ms'),
		restore: figure('  restore: first QEMU to all running', 'ms', count === 16 ? { atMost: 3000 } : undefined),
		startup: figure('  startup of all', 'ms'),
		resident: figure('  their memory, scenario done: resident', 'bytes'),
		stored: figure('  disk of their checkpoints', 'bytes'),
	},
	measure: async (bench) => {
		const { workshop } = bench;
		const lab = await workshop.writeLab(smallPlan(count));
		const cache = await workshop.newCache();
		try {
			const checks: number[] = [];
			for (let repeat = 0; repeat < 3; repeat++) checks.push((await runCommand(workshop, ['check', lab], { cache })).ms);
			const first = await rehearse(workshop, [lab], { cache, cold: true });
			const second = await rehearse(workshop, [lab], { cache, cold: false });
			const { resident = 0 } = await memoryOf(bench, [lab], { cache, cold: false });
			const { stored = 0 } = await storeOf(bench, cache);
			return {
				...{ check: checks, resident, stored },
				...present({
					booted: first.ms,
					boot: longestMs(first.spans, 'boot'),
					restored: second.ms,
					restore: extentMs(second.spans, 'restore'),
					startup: extentMs(second.spans, 'startup'),
				}),
			};
		} finally {
			await rm(cache.home, { recursive: true, force: true });
		}
	},
});

/** What is measured of many machines. */
export const crowds: readonly Measurement[] = [
	{
		name: 'debvm',
		figures: {
			wall: figure('1 small node by debvm, an image that is there', 'ms'),
			cpu: figure('  its machine', 'cpu-seconds'),
			memory: figure('  its machine, peak resident', 'bytes'),
		},
		onRequest: true,
		measure: async (bench) => {
			const { ms, usage } = await rehearseByDebvm(await bench.debvm());
			return { wall: ms, cpu: usage.machine.cpuSeconds, memory: usage.machine.peakBytes };
		},
	},
	small(1, true),
	small(2, true),
	small(4),
	small(8),
	small(16),
	small(32, true),
	{
		name: 'two-labs',
		figures: { wall: figure('two labs at once, both warm', 'ms') },
		measure: async (bench) => {
			await bench.checkpointed();
			const runs = await Promise.all([bench.warmRun(bundledLab), bench.warmRun(bundledLab)]);
			return { wall: Math.max(...runs.map(({ ms }) => ms)) };
		},
	},
];
