/** Measuring many machines: labs of 4, 8 and 16 small ones, and two labs at once. */
import { rm } from 'node:fs/promises';
import { figure, present, type Measurement } from './measurement.js';
import { smallPlan } from './small-lab.js';
import { extentMs, longestMs } from './timeline.js';
import { rehearse } from './tool.js';
import { bundledLab } from './workshop.js';

const small = (count: number): Measurement => ({
	name: `small-${count}`,
	figures: {
		booted: figure(`${count} small nodes, booted and saved`, 'ms'),
		boot: figure('  slowest boot', 'ms'),
		restored: figure(`${count} small nodes, restored`, 'ms'),
		restore: figure('  restore: first QEMU to all running', 'ms'),
		startup: figure('  startup of all', 'ms'),
	},
	measure: async ({ workshop }) => {
		const lab = await workshop.writeLab(smallPlan(count));
		const cache = await workshop.newCache();
		try {
			const first = await rehearse(workshop, [lab], { cache, cold: true });
			const second = await rehearse(workshop, [lab], { cache, cold: false });
			return present({
				booted: first.ms,
				boot: longestMs(first.spans, 'boot'),
				restored: second.ms,
				restore: extentMs(second.spans, 'restore'),
				startup: extentMs(second.spans, 'startup'),
			});
		} finally {
			await rm(cache.home, { recursive: true, force: true });
		}
	},
});

/** What is measured of many machines. */
export const crowds: readonly Measurement[] = [
	small(4),
	small(8),
	small(16),
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
