/** A rehearsal, or a lab that is kept running: a child of this process, and the run directory that it writes. */
import { CleanupStack } from '../base/cleanup.js';
import { toFailure, toReported, type ReportedError } from '../base/errors.js';
import type { Mask } from '../base/secrets.js';
import { oneLine } from '../base/format.js';
import { shownText } from '../lab/mask.js';
import { resultOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import type { Child } from '../process/child.js';
import { startJanitor } from '../process/janitor.js';
import { endLab } from '../runs/end-lab.js';
import type { LiveLab } from '../runs/live-labs.js';
import type { FollowedLog } from './followed-log.js';
import type { Job, JobState, JobView } from './job.js';
import { failureOf, programCommand, startProgram } from './program.js';

export interface ProgramJobOptions {
	/** The id of the run, which the child gets as an argument. */
	readonly id: string;
	readonly kind: 'run' | 'lab';
	readonly lab: string;
	/** Absolute path of the plan. */
	readonly plan: string;
	/** Flags of `run` or `up` beside those that follow from the above. */
	readonly flags: readonly string[];
	/** The nodes of a lab that are started. An empty list means all. */
	readonly nodes: readonly string[];
	/** Whether a lab is kept running when this server ends. */
	readonly keepUp: boolean;
	readonly mask: Mask;
	readonly log: FollowedLog;
	/** The labs that run now. */
	readonly findLive: () => Promise<readonly LiveLab[]>;
}

/** How long the teardown of machines may take before the child is killed, in milliseconds. The kernel ends the rest then. */
const teardownMs = 30_000;

const recentStderr = 4000;

/** Starts the child, follows it, and ends what it has left running. */
export class ProgramJob implements Job {
	readonly #options: ProgramJobOptions;
	readonly #startedAt = Date.now();
	readonly #cleanup = new CleanupStack();
	#child: Child | undefined;
	#stderr = '';
	#endedAt: number | undefined;
	#isCancelled = false;
	#failure: ReportedError | undefined;

	constructor(options: ProgramJobOptions) {
		this.#options = options;
	}

	get id(): string {
		return this.#options.id;
	}

	get isOver(): boolean {
		return this.#endedAt !== undefined;
	}

	get keepsLab(): boolean {
		return this.#options.kind === 'lab';
	}

	/** Starts the child. A lab, whose own process outlives the child, is ended by a janitor should this process be killed. */
	async start(): Promise<void> {
		const { id, kind, plan, flags, nodes, keepUp } = this.#options;
		try {
			if (kind === 'lab' && !keepUp) await startJanitor(`janitor of ${id}`, programCommand(['down', id]), this.#cleanup);
			const command = kind === 'run' ? 'run' : 'up';
			const onStderr = (text: string) => void (this.#stderr = (this.#stderr + text).slice(-recentStderr));
			const child = await startProgram([command, '--json', `--run-id=${id}`, ...flags, plan, ...nodes], onStderr);
			this.#child = child;
			void child.exited.then(() => this.#end());
		} catch (error) {
			this.#failure = toReported(toFailure(error));
			await this.#end();
		}
	}

	async #end(): Promise<void> {
		this.#endedAt ??= Date.now();
		// A lab that is up has its janitor as long as this process lives.
		if (!(await this.#live())) await this.#cleanup.run();
	}

	async view(): Promise<JobView> {
		const { id, kind, lab, plan, mask, log } = this.#options;
		// Looked at before the log: what the child wrote last is in the log then.
		const isOver = this.isOver;
		const state = await log.read();
		const hasBegun = state.startedAt !== undefined;
		const jobState = isOver ? await this.#stateAtEnd(state) : 'running';
		// Of a lab that was up there is no verdict.
		const hasResult = isOver && hasBegun && !state.detached;
		const hasFailed = jobState === 'up' && resultOf(state).verdict === 'failed';
		return {
			run: id,
			kind,
			state: jobState,
			lab,
			plan,
			elapsedMs: (this.#endedAt ?? Date.now()) - this.#startedAt,
			progress: hasBegun ? log.recent : this.#stderr.split('\n').filter(Boolean).slice(-4).map((line) => shownText(oneLine(line), mask)),
			...(hasResult || hasFailed ? { result: resultOf(state) } : {}),
			...(isOver && !hasBegun ? { error: this.#failure ?? this.#ending() } : {}),
			...(hasBegun ? { directory: log.directory } : {}),
		};
	}

	#ending(): ReportedError {
		const { exitCode, signal } = this.#child?.exit ?? {};
		const failure = toReported(failureOf(shownText(this.#stderr, this.#options.mask), exitCode ?? 4));
		return signal === undefined ? failure : { ...failure, message: `the program was ended by ${signal}` };
	}

	async #stateAtEnd(state: RunState): Promise<JobState> {
		if (this.#isCancelled) return 'cancelled';
		if (state.startedAt === undefined) return 'error';
		const { verdict } = resultOf(state);
		if (this.#options.kind === 'run') return verdict;
		if (await this.#live()) return 'up';
		return state.detached ? 'down' : verdict;
	}

	#live = async (): Promise<LiveLab | undefined> => (await this.#options.findLive()).find(({ runDirectory }) => runDirectory === this.#options.log.directory);

	async cancel(): Promise<void> {
		if (this.#options.kind === 'lab') {
			const live = this.isOver ? await this.#live() : undefined;
			if (!live && this.isOver) return;
			this.#isCancelled = true;
			if (live) await endLab(live);
			else await this.#stopChild();
			// Between the two the lab may have come up.
			const late = await this.#live();
			if (late) await endLab(late);
			await this.#cleanup.run();
			return;
		}
		if (this.isOver) return;
		this.#isCancelled = true;
		await this.#stopChild();
	}

	async #stopChild(): Promise<void> {
		await this.#child?.stop({ graceMs: teardownMs });
		this.#endedAt ??= Date.now();
	}

	async close(): Promise<void> {
		if (this.#options.kind === 'lab' && this.#options.keepUp && this.isOver) return;
		await this.cancel().catch(() => undefined);
		await this.#cleanup.run();
	}
}
