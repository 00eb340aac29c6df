/** A scenario that is run again in a lab that is up, and a change to one: a request over its control socket. */
import { Failure, toReported, type ReportedError } from '../base/errors.js';
import type { Mask } from '../base/secrets.js';
import { ask } from '../control/client.js';
import type { RunEvent, RunEventBody } from '../lab/events.js';
import { maskEvent, maskFailure } from '../lab/mask.js';
import { emptyRun, foldEvent } from '../outcome/fold.js';
import { resultOf } from '../outcome/result.js';
import type { LabRequest } from '../protocol/requests.js';
import { eventLine } from '../report/plain.js';
import { endLab } from '../runs/end-lab.js';
import type { LiveLab } from '../runs/live-labs.js';
import type { Job, JobState, JobView } from './job.js';
import { failureOf, startProgram } from './program.js';

/** Passes on what happens, and resolves when it is done. */
type Work = (context: { readonly onEvent: (event: RunEventBody) => void; readonly onLine: (line: string) => void; readonly signal: AbortSignal }) => Promise<void>;

const recentLines = 8;

/** Waits for a request that it has sent, or for the program that it has started for it. */
export class LabJob implements Job {
	readonly id: string;
	readonly keepsLab = false;
	readonly #kind: 'test' | 'change';
	readonly #lab: LiveLab;
	readonly #mask: Mask;
	readonly #startedAt = Date.now();
	readonly #stopping = new AbortController();
	readonly #ended: Promise<void>;
	#endedAt: number | undefined;
	#state = emptyRun();
	#recent: string[] = [];
	#error: ReportedError | undefined;

	/** @param mask for all that is answered of it */
	constructor(id: string, kind: 'test' | 'change', lab: LiveLab, mask: Mask, work: Work) {
		this.id = id;
		this.#kind = kind;
		this.#lab = lab;
		this.#mask = mask;
		this.#ended = this.#run(work);
	}

	get isOver(): boolean {
		return this.#endedAt !== undefined;
	}

	async #run(work: Work): Promise<void> {
		try {
			await work({ onEvent: (body) => this.#take(body), onLine: (line) => this.#addLine(this.#mask(line)), signal: this.#stopping.signal });
		} catch (error) {
			this.#error = toReported(maskFailure(error, this.#mask));
		}
		this.#take({ type: 'run-finished', ms: Date.now() - this.#startedAt });
		this.#endedAt = Date.now();
	}

	#take(body: RunEventBody): void {
		const event: RunEvent = { at: Date.now(), ...maskEvent(body, this.#mask) };
		this.#state = foldEvent(this.#state, event);
		const line = eventLine(event, this.#startedAt);
		if (line !== undefined) this.#addLine(line);
	}

	#addLine(line: string): void {
		this.#recent = [...this.#recent, line].slice(-recentLines);
	}

	view(): Promise<JobView> {
		const { name, planPath } = this.#lab;
		const isTest = this.#kind === 'test' && this.isOver && !this.#error;
		return Promise.resolve({
			run: this.id,
			kind: this.#kind,
			state: this.#stateNow(),
			lab: name,
			plan: planPath,
			elapsedMs: (this.#endedAt ?? Date.now()) - this.#startedAt,
			progress: this.#recent,
			...(isTest ? { result: resultOf(this.#state) } : {}),
			...(this.#error ? { error: this.#error } : {}),
		});
	}

	#stateNow(): JobState {
		if (!this.isOver) return 'running';
		if (this.#error && this.#stopping.signal.aborted) return 'cancelled';
		if (this.#error) return this.#error.exitCode === 1 ? 'failed' : 'error';
		return this.#kind === 'test' ? resultOf(this.#state).verdict : 'done';
	}

	async cancel(): Promise<void> {
		if (this.isOver) return;
		this.#stopping.abort(new Failure('interrupted', 130, 'cancelled by the client'));
		await this.#ended;
	}

	close(): Promise<void> {
		return this.cancel();
	}
}

/** Sends a request to the lab. */
export const requestWork = (lab: LiveLab, request: LabRequest): Work => async ({ onEvent, signal }) => {
	await ask(lab.controlSocket, request, { signal, onEvent: (event) => onEvent(event as RunEventBody) });
};

/** Ends the lab. */
export const downWork = (lab: LiveLab): Work => () => endLab(lab);

const recentStderr = 4000;

/** Runs the program with these arguments, about the lab. A startup script that failed is a failure of the lab, with exit status 1. */
export const programWork = (args: readonly string[]): Work => async ({ onLine, signal }) => {
	let stderr = '';
	const child = await startProgram(args, (text) => {
		stderr = (stderr + text).slice(-recentStderr);
		for (const line of text.split('\n').filter((one) => one.trim() !== '')) onLine(line);
	});
	const onAbort = () => void child.stop({ graceMs: 30_000 });
	if (signal.aborted) onAbort();
	signal.addEventListener('abort', onAbort, { once: true });
	const { exitCode = 4 } = await child.exited;
	signal.removeEventListener('abort', onAbort);
	signal.throwIfAborted();
	if (exitCode !== 0) throw exitCode === 1 ? new Failure('lab-failed', 1, 'a startup script failed', { hint: 'the last lines of `progress` name it' }) : failureOf(stderr, exitCode);
};
