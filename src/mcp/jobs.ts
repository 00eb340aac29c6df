/** What the client of one server has begun. Nothing of it outlives the server but a lab that is to be kept running. */
import { usageFailure } from '../base/errors.js';
import { poll } from '../base/waiting.js';
import type { Job, JobView } from './job.js';

/** How many may go on at once: a client that begins one after the other has lost its count. */
const maximumRunning = 6;

/** How many that are over are remembered. */
const remembered = 100;

/** How often a job is looked at that is waited for, in milliseconds. */
const lookMs = 200;

/** The longest wait, in milliseconds: below the limit of a call, with time for what comes after it. */
const longestWaitMs = 46_000;

/** The jobs of one server, by id. */
export class Jobs {
	readonly #jobs = new Map<string, Job>();
	#isClosing = false;
	#count = 0;

	/** Makes a job, which is ended with this server from now on. @throws Failure `usage` when too many go on */
	begin<J extends Job>(make: () => J): J {
		if (this.#isClosing) throw usageFailure('this server is ending');
		const running = [...this.#jobs.values()].filter(({ isOver }) => !isOver);
		if (running.length >= maximumRunning) {
			throw usageFailure(`${running.length} go on already: ${running.map(({ id }) => id).join(', ')}`, { hint: 'wait_run waits for one, cancel_run ends one' });
		}
		const job = make();
		this.#jobs.set(job.id, job);
		for (const old of [...this.#jobs.values()].filter(({ isOver, keepsLab }) => isOver && !keepsLab).slice(0, -remembered)) this.#jobs.delete(old.id);
		return job;
	}

	get(id: string): Job | undefined {
		return this.#jobs.get(id);
	}

	/** An id for something that has no run of its own: `20260101T120000-my-lab-0a1b.test-1`. */
	nextId(run: string, kind: 'test' | 'change'): string {
		return `${run}.${kind}-${++this.#count}`;
	}

	/** Ends everything. Never rejects. */
	async close(): Promise<void> {
		this.#isClosing = true;
		await Promise.allSettled([...this.#jobs.values()].map((job) => job.close()));
	}
}

/** Waits until a job is over, but no longer than `seconds` and than a call may take. Resolves to its state then. */
export async function waitFor(look: () => Promise<JobView>, seconds: number, signal: AbortSignal): Promise<JobView> {
	const deadlineMs = Math.min(seconds * 1000, longestWaitMs);
	const { last } = await poll(look, ({ state }) => state !== 'running', { intervalMs: lookMs, deadlineMs, signal });
	return last;
}
