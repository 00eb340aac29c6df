/** Every way to end the tool before its time, in each stage: afterwards nothing of it is left. */
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import type { PlanDocument } from '../../src/plan/schema.js';
import { addScript, addTest, editLab, neverHolds } from './support/labs.js';
import { makeSandbox, type BootKind, type CacheKind } from './support/sandbox.js';
import { resultIn, Tool } from './support/tool.js';

interface Stage {
	readonly cache?: CacheKind;
	/** What comes before the stage is not its matter: the machine is booted once and restored from then on. */
	readonly boot?: BootKind;
	readonly edit?: (plan: PlanDocument) => void;
	readonly args?: readonly string[];
	/** Resolves when the stage is well under way. */
	readonly reached: (tool: Tool) => Promise<unknown>;
	/** The exit status after one signal; that of an interrupted run where it is not given. */
	readonly status?: number;
}

/** How long a boot may take before a test is given up, in milliseconds. */
const patience = 10 * 60_000;

const stages = {
	images: {
		cache: 'empty',
		reached: (tool) => tool.reports(/images: box: extracting/, 120_000),
	},
	accelerator: {
		cache: 'no accelerator',
		reached: async (tool) => {
			await tool.reports(/choosing an accelerator/, patience);
			await tool.runs(/^qemu-system-x86_64 /);
		},
	},
	boot: {
		reached: async (tool) => {
			await tool.reports(/box: booting/, patience);
			await tool.runs(/^qemu-system-x86_64 -name guest=box /);
			// QEMU's sockets are there by then, and the guest is not.
			await sleep(2000);
		},
	},
	startup: {
		boot: 'warm',
		edit: (plan) => addScript(plan, 'box', 'wait', ['#!/bin/sh', 'sleep 1000']),
		reached: (tool) => tool.reports(/startup script wait started/, patience),
	},
	scenario: {
		boot: 'warm',
		edit: (plan) => addTest(plan, 'Never', [neverHolds('box')]),
		// The assertion that holds has been looked at; the other is.
		reached: (tool) => tool.reports(/passed after .*Box is up/, patience),
	},
	kept: {
		boot: 'warm',
		args: ['--keep', 'always'],
		reached: (tool) => tool.reports(/to end them/, patience),
		// The lab had passed, and is released.
		status: 0,
	},
} satisfies Readonly<Record<string, Stage>>;

type StageName = keyof typeof stages;
type Way = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'two SIGINT' | 'SIGKILL';

/** "A few seconds", on a host with much to do. */
const soonMs = 10_000;

/** Each machine is a processor's work; more than two at a time would only wait for each other. */
const lanes: Promise<unknown>[] = [Promise.resolve(), Promise.resolve()];
let semaphore = 0;

/** Runs `body` when those that took the same lane before it are done. */
function inTurn<T>(body: () => Promise<T>): Promise<T> {
	const lane = semaphore++ % lanes.length;
	const turn = (lanes[lane] as Promise<unknown>).catch(() => undefined).then(body);
	lanes[lane] = turn;
	return turn;
}

const leavesNothing = test.macro<[StageName, Way]>({
	title: (_title, stage, way) => `${way} in stage ${stage} leaves nothing behind`,
	exec: async (t, name, way) => {
		t.timeout(40 * 60_000);
		await inTurn(async () => {
			const stage: Stage = stages[name];
			const sandbox = await makeSandbox(t, stage.cache, stage.boot);
			const lab = await editLab(sandbox, 'single', stage.edit ?? (() => undefined));
			const tool = new Tool(sandbox, ['run', lab, '--json', ...(stage.args ?? [])]);
			await stage.reached(tool);
			const signalledAt = performance.now();
			if (way === 'two SIGINT') await tool.signalTwice('SIGINT');
			else tool.signal(way);
			const ended = await tool.ended;
			t.true(performance.now() - signalledAt < soonMs, 'it ended soon');
			t.deepEqual(await sandbox.leftovers(soonMs), []);
			if (way === 'SIGKILL') return void t.is(ended.status, 128 + 9);
			const status = way === 'two SIGINT' ? 130 : (stage.status ?? 130);
			t.is(ended.status, status, ended.stderr + ended.stdout);
			const { verdict, error } = resultIn(ended);
			t.is(verdict, status === 0 ? 'passed' : 'error');
			t.is(error?.code, status === 0 ? undefined : 'interrupted');
		});
	},
});

for (const stage of Object.keys(stages) as StageName[]) {
	for (const way of ['SIGINT', 'SIGTERM', 'SIGHUP', 'two SIGINT', 'SIGKILL'] as const) test(leavesNothing, stage, way);
}
