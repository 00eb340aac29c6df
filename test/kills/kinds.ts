/** What is killed: each kind starts something, has a process of it killed, and reports what is wrong afterwards. */
import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode } from '../../src/base/errors.js';
import { poll } from '../../src/base/waiting.js';
import { startLab, type StartedLab } from '../process/supervisor/labs.js';
import { editLab } from '../integration/support/labs.js';
import { makeSandbox, type HostProcess, type Sandbox } from '../integration/support/sandbox.js';
import { runTool, Tool, type Ended } from '../integration/support/tool.js';
import type { Blow } from './blows.js';
import { watchNamespaces } from './namespaces.js';

/** Registers what ends things when a kill has been judged. */
export interface Teardown {
	teardown(end: () => unknown): void;
}

/** What came of a blow. */
export interface Struck {
	/** Whether there was anything left to be killed. */
	readonly hasHit: boolean;
	/** What is left or broken afterwards, a sentence each. */
	readonly problems: readonly string[];
}

export interface Kind {
	strike(blow: Blow, t: Teardown): Promise<Struck>;
}

/** How long what is hit may take to end once it is asked to, and for the rest of it to be gone, in milliseconds. */
const patienceMs = { asked: 60_000, leftovers: 60_000 } as const;

const patterns: Readonly<Record<Blow['victim'], RegExp>> = {
	tool: /(?:main|lab-daemon|starter)\.js/,
	supervisor: /supervisor\.js$/,
	QEMU: /^qemu-system-x86_64 |fake-qemu\.js/,
};

/** What there is of a lab in the moment of a blow. */
interface Hit {
	readonly hasHit: boolean;
	/** Reports who is still in its namespaces once it should be gone. */
	occupants(): Promise<readonly string[]>;
}

/** Kills a process of that kind, where there is one at the moment; that of the tool otherwise. */
async function hit(processes: readonly HostProcess[], { victim, signal }: Blow): Promise<Hit> {
	const namespaces = await watchNamespaces(processes.map(({ pid }) => pid));
	const find = (who: Blow['victim']) => processes.find(({ commandLine }) => patterns[who].test(commandLine));
	const target = find(victim) ?? find('tool');
	return {
		hasHit: target !== undefined && kill(target.pid, signal),
		async occupants() {
			const { last } = await poll(() => namespaces.occupants(), (left) => left.length === 0, { intervalMs: 100, deadlineMs: patienceMs.leftovers });
			await namespaces.forget();
			return last;
		},
	};
}

/** Resolves to whether the process was still there. */
function kill(pid: number, signal: NodeJS.Signals): boolean {
	try {
		return process.kill(pid, signal);
	} catch {
		return false;
	}
}

/** A lab of fake machines in real namespaces. */
const fake: Kind = {
	async strike(blow, t) {
		const lab = await startLab(t, { keep: 'always', behaviour: blow.moment < 0.5 ? 'hangs' : 'works' });
		// Before that its directories are the test's, which made them.
		await lab.waitFor('supervisor');
		await sleep(blow.moment * 1500);
		const { hasHit, occupants } = await hit([...(await lab.processes())].map(([pid, commandLine]) => ({ pid, commandLine })), blow);
		const left = [...(await endOf(lab)), ...(await occupants())];
		const next = await startLab(t);
		const { error } = await next.waitFor('done');
		return { hasHit, problems: [...left, ...(error ? [`the next lab: ${error.message}`] : []), ...(await next.leftovers())] };
	},
};

async function endOf(lab: StartedLab): Promise<readonly string[]> {
	const ended = await Promise.race([lab.starter.exited.then(() => true), sleep(3000, false)]);
	// A machine that was killed is a node that ended; a lab that is kept running goes on.
	if (!ended) await lab.starter.stop({ graceMs: 30_000 });
	return lab.leftovers();
}

interface ToolKind {
	readonly args: readonly string[];
	/** How long it takes, in milliseconds; what it really takes here is measured by the first blow that comes too late. */
	readonly spanMs: number;
	readonly cache?: 'kept' | 'empty';
	/** How long it may go on after the blow before it is asked to end, in milliseconds. */
	readonly aloneMs?: number;
	/** Runs before, to its end. */
	readonly before?: readonly string[];
	/** Runs afterwards, whatever comes of it. */
	readonly after?: readonly string[];
	/** What has to pass in the end. */
	readonly next?: readonly string[];
	readonly input?: string;
}

/** The tool itself, with real machines or real builds. `LAB` stands for the plan. */
function ofTool({ args, spanMs, cache = 'kept', aloneMs = 90_000, before, after, next = ['run', 'LAB'], input }: ToolKind): Kind {
	let span = spanMs;
	const strike = async (blow: Blow, t: Teardown): Promise<Struck> => {
		const sandbox = await makeSandbox(t, cache, 'warm');
		const lab = await editLab(sandbox, 'single', () => undefined);
		const withLab = (all: readonly string[]) => all.map((argument) => (argument === 'LAB' ? lab : argument));
		const prepared = before ? await passes(sandbox, withLab(before)) : [];
		if (prepared.length > 0) return { hasHit: true, problems: prepared };
		const tool = new Tool(sandbox, withLab(args), input === undefined ? {} : { input });
		const ended = await Promise.race([tool.ended, sleep(blow.moment * span, undefined)]);
		const { hasHit, occupants } = await hit(await sandbox.processes(), blow);
		if (!hasHit && ended && ended.ms < span) {
			await occupants();
			// The work takes less time here. The blow is dealt again, where it belongs.
			span = ended.ms;
			return strike(blow, t);
		}
		const problems = await hasEnded(tool, aloneMs, blow);
		if (after) await runTool(sandbox, withLab(after));
		const left = [...(await sandbox.leftovers(patienceMs.leftovers)), ...(await occupants())];
		const passed = await passes(sandbox, withLab(next));
		const behind = [...(await sandbox.leftovers(patienceMs.leftovers)), ...(await sandbox.leases())].map((one) => `after the next one: ${one}`);
		return { hasHit, problems: [...problems, ...left, ...passed, ...behind] };
	};
	return { strike };
}

async function hasEnded(tool: Tool, aloneMs: number, { signal }: Blow): Promise<string[]> {
	const within = (ms: number) => Promise.race([tool.ended, sleep(ms, undefined)]);
	let ended = await within(aloneMs);
	if (!ended) {
		tool.signal('SIGTERM');
		ended = await within(patienceMs.asked);
	}
	return ended ? inOrder(ended, signal) : ['the tool has not ended'];
}

/** Its exit status is one that the reference has, or that of the signal, and its last lines are no stack. */
function inOrder({ status, stderr }: Ended, signal: NodeJS.Signals): string[] {
	const known: readonly number[] = [...Object.values(ExitCode), 128 + os.constants.signals[signal], 128 + os.constants.signals.SIGTERM];
	return [
		...(known.includes(status) ? [] : [`it ended with ${status}: ${lastLines(stderr)}`]),
		...(/^ +at .*:\d+:\d+\)?$/m.test(stderr) ? [`it crashed: ${lastLines(stderr)}`] : []),
	];
}

const lastLines = (stderr: string): string => stderr.trim().split('\n').slice(-5).join(' | ');

async function passes(sandbox: Sandbox, args: readonly string[]): Promise<string[]> {
	const { status, stderr } = await runTool(sandbox, args);
	return status === 0 ? [] : [`the next \`rehearse ${args.join(' ')}\` ended with ${status}: ${lastLines(stderr)}`];
}

/** All kinds by name. */
export const kinds = {
	fake,
	cold: ofTool({ args: ['run', 'LAB', '--cold'], spanMs: 90_000 }),
	warm: ofTool({ args: ['run', 'LAB'], spanMs: 30_000 }),
	up: ofTool({ args: ['up', 'LAB'], spanMs: 40_000, after: ['down', '--all'] }),
	// It waits for the next edit, for ever.
	watch: ofTool({ args: ['watch', 'LAB'], spanMs: 40_000, aloneMs: 5000 }),
	debug: ofTool({ before: ['up', 'LAB'], args: ['debug', 'box'], spanMs: 30_000, after: ['down', '--all'], input: 'step\nstep\nback\nstep\n' }),
	build: ofTool({ args: ['image', 'LAB'], spanMs: 120_000, cache: 'empty', next: ['image', 'LAB'] }),
} satisfies Readonly<Record<string, Kind>>;

/** How many kills of each kind make 200: most of those that take seconds, and as many as an hour has of those that take a minute. */
export const usualCounts: Readonly<Record<keyof typeof kinds, number>> = { fake: 144, cold: 8, warm: 14, up: 10, watch: 8, debug: 8, build: 8 };
