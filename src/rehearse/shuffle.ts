/**
 * The ordering check: rehearses a lab with other orders of startup. Each order is a run of its own, from the checkpoints of
 * the plain run, in which the startups begin one after another. The plain run's log and result report the outcomes.
 */
import { appendFileSync } from 'node:fs';
import { CleanupStack } from '../base/cleanup.js';
import type { RunEvent, RunEventBody } from '../lab/events.js';
import { masksOf, shownEvent } from '../lab/mask.js';
import { foldEvent } from '../outcome/fold.js';
import { errorOf, verdictOf } from '../outcome/result.js';
import { allScripts, elapsedMs, type RunState } from '../outcome/state.js';
import { failureSentences } from '../report/failures.js';
import { holdRun } from '../runs/heartbeat.js';
import { eventLogPath } from '../runs/run-files.js';
import { keepReports } from './keep-reports.js';
import { rehearse, type RehearseOptions } from './rehearse.js';
import { startupOrders, type StartupOrder } from './startup-orders.js';

export interface Shuffle {
	readonly count: number;
	readonly seed: number;
	/** Numbers of the orders to run, from 1; all of them where it is missing. */
	readonly only?: readonly number[];
}

/** Bounds of the longest pause between two startups, in milliseconds. */
const pauseBounds = { least: 1000, most: 30_000 };

/**
 * Rehearses a lab in other orders, if its plain run passed. It stops at the first run that breaks or is interrupted.
 * Resolves to the plain run's state, extended by the outcomes. Never rejects.
 */
export async function rehearseOrders(plain: RunState, shuffle: Shuffle, options: RehearseOptions): Promise<RunState> {
	// The plain run goes on as long as its orders do, and what they leave of themselves is reported with it.
	const cleanup = new CleanupStack();
	try {
		await holdRun(plain.runDirectory, cleanup);
		return await rehearseHeld(plain, shuffle, options, cleanup);
	} finally {
		await cleanup.run();
	}
}

async function rehearseHeld(plain: RunState, { count, seed, only }: Shuffle, options: RehearseOptions, cleanup: CleanupStack): Promise<RunState> {
	const began = performance.now();
	let state = plain;
	const masks = masksOf(options.lab, options.course.showSecrets ?? false);
	const emit = (body: RunEventBody) => {
		const event: RunEvent = shownEvent({ at: Date.now(), ...body }, masks.text);
		state = foldEvent(state, event);
		try {
			// A run that has broken before it had a directory has no log.
			if (plain.runDirectory !== '') appendFileSync(eventLogPath(plain.runDirectory), `${JSON.stringify(event)}\n`);
		} catch {
			// A full disk only ends the log. The run continues.
		}
		options.onEvent(event);
	};
	emit({ type: 'shuffle-started', seed, count: only?.length ?? count });
	const longest = Math.max(...allScripts(plain).map(({ outcome }) => outcome?.ms ?? 0), 0);
	const longestMs = Math.min(Math.max(longest, pauseBounds.least), pauseBounds.most);
	const nodes = options.lab.nodes.map(({ name }) => name);
	const orders = verdictOf(plain) === 'passed' ? startupOrders(nodes, count, seed, longestMs) : [];
	for (const [index, order] of orders.entries()) {
		const number = index + 1;
		if (only && !only.includes(number)) continue;
		const timeLimitMs = Math.max(1, options.timeLimitMs - (performance.now() - began));
		const run = await rehearse({ ...inOrder(order, options), timeLimitMs });
		const verdict = verdictOf(run);
		emit({ type: 'order-finished', number, order, verdict, failures: failureSentences(run), runDirectory: run.runDirectory });
		if (verdict !== 'passed') await holdRun(run.runDirectory, cleanup);
		const error = verdict === 'failed' ? undefined : errorOf(run);
		if (error) {
			emit({ type: 'error', error });
			break;
		}
	}
	emit({ type: 'run-finished', ms: Math.round(elapsedMs(plain) + performance.now() - began) });
	if (plain.runDirectory !== '') await keepReports(state, plain.runDirectory, masks.bytes);
	return state;
}

const inOrder = (order: StartupOrder, options: RehearseOptions): RehearseOptions => ({
	...options,
	course: {
		...options.course,
		pace: Object.fromEntries(order.map(({ node, delayMs }) => [node, delayMs])),
		robustness: [],
		keep: 'never',
	},
	runId: undefined,
	// Each run is reported in one line, when it has ended.
	onEvent: () => undefined,
});
