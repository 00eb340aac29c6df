/** The list of what is measured. Each measurement is a function that rehearses once and gives its figures. */
import { rehearseByHand } from './by-hand/by-hand.js';
import { editScript } from './edits.js';
import type { Target } from './figures.js';
import { crowds } from './measure-crowds.js';
import { memoryOf, storeFigures, storeOf } from './measure-store.js';
import { figure, present, wall, type Measurement } from './measurement.js';
import { extentMs, longestMs, ownShare } from './timeline.js';
import { rehearse, runCommand } from './tool.js';
import { bundledLab } from './workshop.js';

const second = 1000;
const gigabyte = 1e9;

const warmTarget: Target = { ofByHand: 1 / 8, atMost: 30 * second };

/** Everything that can be measured, in the order of the table; within a round it is measured in this order too. */
export const measurements: readonly Measurement[] = [
	{
		name: 'nothing-cached',
		figures: { wall: wall('nothing cached: images built, KVM tried, cold') },
		onRequest: true,
		measure: async ({ workshop, mirror }) => {
			const { ms } = await rehearse(workshop, [bundledLab, ...mirror], { cache: await workshop.emptyCache(), cold: true });
			return { wall: ms };
		},
	},
	{
		name: 'by-hand',
		figures: {
			wall: wall('by hand'),
			ready: figure('  until all startup scripts had ended', 'ms'),
			cpu: figure('  its machines', 'cpu-seconds'),
			memory: figure('  its machines, peak resident', 'bytes'),
		},
		measure: async (bench) => {
			const { ms, readyMs, usage } = await rehearseByHand(await bench.byHand());
			return { wall: ms, ready: readyMs, cpu: usage.machine.cpuSeconds, memory: usage.machine.peakBytes };
		},
	},
	{
		name: 'stock',
		figures: {
			wall: wall('by hand, with stock images'),
			ready: figure('  until all startup scripts had ended', 'ms'),
			cpu: figure('  its machines', 'cpu-seconds'),
			memory: figure('  its machines, peak resident', 'bytes'),
		},
		onRequest: true,
		measure: async (bench) => {
			const { ms, readyMs, usage } = await rehearseByHand(await bench.stock());
			return { wall: ms, ready: readyMs, cpu: usage.machine.cpuSeconds, memory: usage.machine.peakBytes };
		},
	},
	{
		name: 'cold',
		figures: {
			wall: wall('cold (--cold)', { ofStock: 1 / 2 }),
			boot: figure('  slowest boot', 'ms'),
			cpu: figure('  its machines', 'cpu-seconds'),
			memory: figure('  its machines, peak resident', 'bytes'),
		},
		measure: async (bench) => {
			const cache = await bench.plainCache();
			const { ms, spans, usage } = await rehearse(bench.workshop, [bundledLab, '--cold'], { cache, cold: true });
			const { cpuSeconds, peakBytes } = usage.machine;
			return present({ wall: ms, boot: longestMs(spans, 'boot'), cpu: cpuSeconds, memory: peakBytes });
		},
	},
	{
		name: 'first',
		figures: {
			wall: wall('first run: cold, and checkpoints saved'),
			save: figure('  saving a provisioned machine, the slowest', 'ms'),
			'save-started': figure('  saving the started lab', 'ms'),
			...storeFigures,
		},
		measure: async (bench) => {
			const cache = await bench.workshop.newCache();
			const { ms, spans } = await rehearse(bench.workshop, [bundledLab], { cache, cold: true });
			const store = await storeOf(bench, cache);
			await bench.offerCheckpoints(cache);
			const saves = spans.filter(({ stage }) => stage === 'save');
			const save = longestMs(saves.filter(({ node }) => node !== undefined), 'save');
			const saveStarted = longestMs(saves.filter(({ node }) => node === undefined), 'save');
			return { ...present({ wall: ms, save, 'save-started': saveStarted }), ...store };
		},
	},
	{
		name: 'warm',
		figures: {
			wall: wall('warm', warmTarget),
			restore: figure('  restore: first QEMU to all running', 'ms', { atMost: 0.6 * second }),
			startup: figure('  startup of all', 'ms'),
			scenario: figure('  scenario', 'ms'),
			share: figure("  the tool's own share", 'ms', { atMost: second }),
			before: figure('    before the first restore', 'ms'),
			after: figure('    after the scenario', 'ms'),
			memory: figure("  the tool's own memory, peak", 'bytes'),
			cpu: figure('  its machines', 'cpu-seconds'),
		},
		measure: async (bench) => {
			const ended = await bench.warmRun(bundledLab);
			const { ms, spans, usage } = ended;
			const share = ownShare(ended);
			return present({
				wall: ms,
				restore: extentMs(spans, 'restore'),
				startup: extentMs(spans, 'startup'),
				scenario: extentMs(spans, 'scenario'),
				share: share.all,
				before: share.before,
				after: share.after,
				memory: usage.tool.peakBytes,
				cpu: usage.machine.cpuSeconds,
			});
		},
	},
	{
		name: 'warm-next-day',
		figures: { wall: wall('warm, page cache cold'), restore: figure('  restore: first QEMU to all running', 'ms') },
		measure: async (bench) => {
			await bench.forgetPages();
			const { ms, spans } = await bench.warmRun(bundledLab);
			return present({ wall: ms, restore: extentMs(spans, 'restore') });
		},
	},
	{
		name: 'edited',
		figures: { wall: wall('warm, one startup script edited', { ...warmTarget, ofStock: 1 / 10 }) },
		measure: async (bench, mark) => {
			const lab = await bench.workshop.copyLab();
			await editScript(lab, 'immich-server', mark);
			return { wall: (await bench.warmRunInCopy(lab)).ms };
		},
	},
	{
		name: 'scenario-only',
		figures: { wall: wall('scenario only (--from started)', { atMost: 5 * second }) },
		measure: async (bench) => ({ wall: (await bench.warmRun(bundledLab, '--from', 'started')).ms }),
	},
	{
		name: 'only-redis',
		figures: { wall: wall('--only redis, its script edited', { atMost: 10 * second }) },
		measure: async (bench, mark) => {
			const lab = await bench.workshop.copyLab();
			await editScript(lab, 'redis', mark);
			return { wall: (await bench.warmRunInCopy(lab, '--only', 'redis')).ms };
		},
	},
	...['redis', 'postgres-pgvector'].map((node): Measurement => ({
		name: `changed-${node}`,
		figures: { wall: wall(`--changed, the script of ${node} edited`, node === 'redis' ? { atMost: 8 * second } : {}) },
		measure: async (bench, mark) => {
			const lab = await bench.workshop.copyLab();
			await editScript(lab, node, mark);
			return { wall: (await bench.warmRunInCopy(lab, '--changed')).ms };
		},
	})),
	{
		name: 'packages',
		figures: { wall: wall("one node's packages changed"), boot: figure('  its boot', 'ms') },
		measure: async (bench) => {
			const lab = await bench.repackagedLab();
			const { ms, spans } = await bench.warmRunInCopy(lab);
			const booted = spans.filter(({ stage }) => stage === 'boot').map(({ node }) => node);
			if (booted.join() !== 'redis') throw new Error(`redis alone was to be booted, not ${booted.join(', ')}`);
			return present({ wall: ms, boot: longestMs(spans, 'boot') });
		},
	},
	{
		name: 'memory',
		figures: {
			resident: figure('memory of the warm lab, scenario done: resident', 'bytes', { atMost: 2.2 * gigabyte }),
			proportional: figure('  proportional', 'bytes'),
		},
		measure: async (bench) => memoryOf(bench, [bundledLab], { cache: await bench.checkpointed(), cold: false }),
	},
	{
		name: 'memory-cold',
		figures: {
			resident: figure('memory of the cold lab, scenario done: resident', 'bytes', { atMost: 2.2 * gigabyte }),
			proportional: figure('  proportional', 'bytes'),
		},
		measure: async (bench) => memoryOf(bench, [bundledLab, '--cold'], { cache: await bench.plainCache(), cold: true }),
	},
	...crowds,
	...(['check', '--help'] as const).map(
		(command): Measurement => ({
			name: command === 'check' ? 'check' : 'help',
			figures: { wall: figure(`rehearse ${command}, whole process`, 'ms') },
			measure: async (bench) => {
				const cache = await bench.plainCache();
				const values: number[] = [];
				for (let count = 0; count < 5; count++) values.push((await runCommand(bench.workshop, [command], { cache })).ms);
				return { wall: values };
			},
		}),
	),
];
