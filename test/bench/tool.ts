/** The tool as a person starts it, with a clock beside it. */
import { spawn } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { lastLines } from '../../src/base/format.js';
import { poll } from '../../src/base/waiting.js';
import type { RunEvent } from '../../src/lab/events.js';
import type { RunResult } from '../../src/outcome/result.js';
import { parseEvents, spansOf, type Span } from './timeline.js';
import { ProcessWatch, type Usage } from './usage.js';
import type { Cache, Workshop } from './workshop.js';

/** A command of the tool that has ended well. */
export interface EndedCommand {
	readonly stdout: string;
	/** From its start to its end, as whoever waits for it sees it. */
	readonly ms: number;
	/** When it was started, in milliseconds since the epoch. */
	readonly startedAt: number;
	readonly usage: Usage;
}

export interface CommandOptions {
	readonly cache: Cache;
	/** Value of `XDG_STATE_HOME`; one of its own, which goes away, when it is not given. */
	readonly state?: string;
	/** Exit statuses that are none of a fault; 0 alone otherwise. */
	readonly statuses?: readonly number[];
	/** Is given the process id once the process runs. */
	readonly onStart?: (pid: number) => void;
}

/** Runs a command of the tool to its end. Rejects, with its last lines, when it fails. */
export async function runCommand(
	{ program }: Workshop,
	args: readonly string[],
	{ cache, state, statuses = [0], onStart }: CommandOptions,
): Promise<EndedCommand> {
	const settings = Object.entries(process.env).filter(([name]) => !/^(?:REHEARSE_|NODE_|FORCE_COLOR$)/.test(name));
	const env = {
		...Object.fromEntries(settings),
		XDG_CACHE_HOME: cache.home,
		...(state === undefined ? {} : { XDG_STATE_HOME: state }),
	};
	const startedAt = Date.now();
	const began = performance.now();
	const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
	let stdout = '';
	let stderr = '';
	child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
	child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
	const ended = new Promise<string>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', (code, signal) => resolve(String(code ?? signal)));
	});
	const watch = child.pid === undefined ? undefined : new ProcessWatch(child.pid);
	if (child.pid !== undefined) onStart?.(child.pid);
	const status = await ended.finally(() => watch?.stop());
	const ms = performance.now() - began;
	if (!statuses.map(String).includes(status)) {
		const output = lastLines(`${stdout}\n${stderr}`, 30);
		throw new Error(`\`${path.basename(program)} ${args.join(' ')}\` ended with ${status}:\n${output}`);
	}
	return { stdout, ms, startedAt, usage: await (watch as ProcessWatch).stop() };
}

/** A rehearsal that has passed. */
export interface EndedRun extends EndedCommand {
	readonly result: RunResult;
	readonly events: readonly RunEvent[];
	readonly spans: readonly Span[];
}

export interface RunOptions {
	readonly cache: Cache;
	/** `true`: every machine must have been booted; `false`: at least one restored. */
	readonly cold: boolean;
	/** Called when the run is kept (`--keep always`), after which it is released. */
	readonly whileUp?: (pid: number) => Promise<void>;
}

/** Rehearses a lab. Rejects unless it passes, and passes in the way that is measured. */
export async function rehearse(workshop: Workshop, args: readonly string[], options: RunOptions): Promise<EndedRun> {
	const { cache, cold, whileUp } = options;
	const state = await workshop.newDirectory('state');
	const visiting: { done?: Promise<void> } = {};
	try {
		const ended = await runCommand(workshop, ['run', ...args, ...(whileUp ? ['--keep', 'always'] : []), '--json'], {
			cache,
			state,
			onStart: (pid) => {
				if (whileUp) visiting.done = visit(state, pid, whileUp);
			},
		});
		await visiting.done;
		const result = JSON.parse(ended.stdout) as RunResult;
		if (result.verdict !== 'passed') throw new Error(`the verdict is ${result.verdict}`);
		const events = parseEvents(await readLog(state));
		const spans = spansOf(events);
		const isCold = !spans.some(({ stage }) => stage === 'restore');
		if (isCold !== cold) throw new Error(cold ? 'machines were restored' : 'no machine was restored');
		return { ...ended, result, events, spans };
	} finally {
		await visiting.done?.catch(() => undefined);
		await workshop.keepLog(await readLog(state), args);
		await rm(state, { recursive: true, force: true });
	}
}

/** Waits until the run is kept, looks, and lets it go, whatever came of the look. */
async function visit(state: string, pid: number, look: (pid: number) => Promise<void>): Promise<void> {
	const isAlive = () => {
		try {
			return process.kill(pid, 0);
		} catch {
			return false;
		}
	};
	const { last } = await poll(
		async () => ({ kept: parseEvents(await readLog(state)).some(({ type }) => type === 'detached'), alive: isAlive() }),
		({ kept, alive }) => kept || !alive,
		{ intervalMs: 100, deadlineMs: 60 * 60_000 },
	);
	if (!last.kept) throw new Error('the run ended before it was kept');
	try {
		await look(pid);
	} finally {
		process.kill(pid, 'SIGINT');
	}
}

/** The event log of the only run below a state directory; empty when there is none yet. */
async function readLog(state: string): Promise<string> {
	const runs = path.join(state, 'rehearse', 'runs');
	const [name] = (await readdir(runs).catch(() => [])).filter((entry) => !entry.startsWith('.'));
	return name === undefined ? '' : readFile(path.join(runs, name, 'events.ndjson'), 'utf8').catch(() => '');
}
