/** `rehearse watch`: rehearses a lab whenever somebody edits its plan or one of its scripts. */
import { realpath } from 'node:fs/promises';
import { ExitCode, Failure, toFailure, toReported, type Failure as FailureType } from '../base/errors.js';
import { washed } from '../base/wash.js';
import { untilAborted, withEither } from '../base/waiting.js';
import type { RunEvent } from '../lab/events.js';
import type { Difference, StateSnapshot } from '../lab/state-snapshot.js';
import { differencesBetween } from '../machine/differences.js';
import { filesOf } from '../plan/files.js';
import { findPlan } from '../plan/find.js';
import { readPlan } from '../plan/read.js';
import { watchFiles, type FileWatch } from '../process/file-watch.js';
import { rehearse } from '../rehearse/rehearse.js';
import { readSnapshots } from '../runs/snapshots.js';
import { eraseLine } from '../report/canvas.js';
import { changesBetweenRuns, isComparable, noChanges, type Changes } from '../report/changes.js';
import { emptyRun, foldEvent } from '../outcome/fold.js';
import { resultOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import { machineChangesText, planErrorText, verdictText } from '../report/watch-text.js';
import { loadPlan, type LoadedPlan } from './load-lab.js';
import type { StartOptions } from './start-options.js';
import { stopOnSignals, throwUnlessInterrupted } from './stop.js';
import { startView } from './view.js';

export interface WatchOptions extends StartOptions {
	/** File of a page that loads itself again and marks what changed. */
	readonly html: string | undefined;
	/** Whether only the startup scripts run of nodes that have changed, and of nodes that use them. */
	readonly changed: boolean;
}

/** A finished run, which the next one is compared with. */
interface Seen {
	readonly state: RunState;
	readonly snapshots: ReadonlyMap<string, StateSnapshot>;
}

interface Rehearsal {
	/** Its abort ends the run. */
	readonly edited: AbortSignal;
	/** The run before. */
	readonly last: RunState | undefined;
	readonly onVerdict: (state: RunState) => void;
}

/** Watches until it is interrupted. The exit status is 130. */
export async function watchCommand(options: WatchOptions): Promise<ExitCode> {
	const stopping = stopOnSignals();
	const edits = new Edits();
	const files = watchFiles(() => edits.happen());
	try {
		// A missing lab is an error, not a plan to wait for.
		await files.follow(await withTarget(findPlan(options.lab)));
		const watching = new Watching(options, files, stopping);
		let seen: Seen | undefined;
		for (;;) {
			const edit = edits.next();
			seen = await watching.rehearseOnce(edit.signal, seen);
			const isIdle = !edit.signal.aborted && !stopping.signal.aborted;
			if (isIdle) watching.send('waiting for an edit; Ctrl-C ends this\n');
			await untilAborted(edit.promise, stopping.signal).catch(() => undefined);
			if (stopping.signal.aborted) {
				if (options.terminal.live) watching.send(eraseLine);
				throwUnlessInterrupted(stopping);
				return ExitCode.interrupted;
			}
			// Separate one run from the next.
			watching.send(isIdle ? '\n' : 'edited: starting over\n\n');
		}
	} finally {
		files.close();
		stopping.done();
	}
}

/** A plan, and what it is a symbolic link to: that is what an editor writes, in another directory perhaps. */
const withTarget = async (plan: string): Promise<readonly string[]> => [plan, await realpath(plan).catch(() => plan)];

/** The edits of a lab. Each run waits for the next one. */
class Edits {
	#current = new AbortController();

	happen(): void {
		this.#current.abort(new Failure('edited', ExitCode.interrupted, 'the lab was edited'));
	}

	/** The next edit. */
	next(): { readonly signal: AbortSignal; readonly promise: Promise<void> } {
		this.#current = new AbortController();
		const { signal } = this.#current;
		return { signal, promise: new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })) };
	}
}

class Watching {
	readonly #options: WatchOptions;
	readonly #files: FileWatch;
	readonly #stopping: ReturnType<typeof stopOnSignals>;
	/** What the page shows. */
	#shown: { readonly state: RunState; readonly changes: Changes } | undefined;

	constructor(options: WatchOptions, files: FileWatch, stopping: ReturnType<typeof stopOnSignals>) {
		this.#options = options;
		this.#files = files;
		this.#stopping = stopping;
	}

	send(text: string): void {
		this.#options.terminal.stderr.write(text);
	}

	/** Rehearses the lab as it is now. `edited` ends the run. Resolves to the run that the next one is compared with. */
	async rehearseOnce(edited: AbortSignal, last: Seen | undefined): Promise<Seen | undefined> {
		const loaded = await this.#load();
		if (loaded instanceof Failure) {
			this.#showPlanError(loaded);
			await this.#announce(`The plan has errors: ${washed(toReported(loaded)).message}\nWhat follows is of the run before.`);
			return last;
		}
		await this.#announce('Edited: the lab is being rehearsed again. What follows is of the run before.');
		let judged: RunState | undefined;
		const onVerdict = (now: RunState) => {
			judged = now;
			this.#showVerdict(now, last);
		};
		const whole = await this.#rehearse(loaded, { edited, last: last?.state, onVerdict });
		if (this.#stopping.signal.aborted) return last;
		if (edited.aborted && !judged) return last;
		// An edit after the verdict only cuts off what follows the verdict. Report other errors of that part.
		const state = edited.aborted && judged ? judged : whole;
		if (!judged || state.errors.length > 0) this.#showVerdict(state, last);
		const snapshots = await readSnapshots(state.runDirectory);
		const changes = last ? changesBetweenRuns(last.state, state, differencesByNode(last.snapshots, snapshots)) : noChanges;
		this.#showChanges(state, changes);
		this.#shown = { state, changes };
		await this.#writePage({ state, changes });
		return isComparable(state) ? { state, snapshots } : last;
	}

	/** Loads the lab, and watches its files. Resolves to the failure for a plan with errors, which were shown. */
	async #load(): Promise<LoadedPlan | FailureType> {
		const { lab, terminal } = this.#options;
		try {
			const source = await readPlan(findPlan(lab));
			await this.#files.follow([...(await withTarget(source.path)), ...filesOf(source)]);
			return await loadPlan(lab, terminal, this.#options);
		} catch (error) {
			const failure = toFailure(error);
			if (failure.exitCode !== ExitCode.usage) throw failure;
			return failure;
		}
	}

	async #rehearse({ lab, planText }: LoadedPlan, { edited, last, onVerdict }: Rehearsal): Promise<RunState> {
		const { terminal, accelerator, paths, limitBytes, mirror, showSecrets, timeLimitMs } = this.#options;
		const { signal, urgent, detach } = this.#stopping;
		const began = Date.now();
		const view = await startView(terminal, last);
		let state = emptyRun();
		let verdictShown = Promise.resolve();
		const onEvent = (event: RunEvent) => {
			state = foldEvent(state, event);
			view.onEvent(event);
			if (event.type !== 'stage-finished' || event.stage !== 'scenario' || event.status === 'error') return;
			// The verdict is complete: show it without waiting for the rest of the run.
			const judged = { ...state, finishedMs: Date.now() - began };
			verdictShown = view.stop().then(() => onVerdict(judged));
			// The await below reports this rejection; until then the run continues.
			verdictShown.catch(() => undefined);
		};
		try {
			return await withEither([signal, edited], (either) =>
				rehearse({
					...{ lab, planText, labArgument: this.#options.lab, paths, accelerator, mirror, timeLimitMs, onEvent },
					checkpoints: { cold: false, started: this.#options.changed ? 'unchanged' : [], limitBytes },
					course: { keep: 'never', scenario: true, trace: true, snapshots: true, showSecrets },
					stopping: { signal: either, urgent, detach },
				}),
			);
		} finally {
			await view.stop();
			await verdictShown;
		}
	}

	#showPlanError(failure: FailureType): void {
		const { json, terminal } = this.#options;
		const { code, message, hint, exitCode } = washed(toReported(failure));
		const error = { code, message, exit_code: exitCode };
		if (json) terminal.stdout.write(`${JSON.stringify({ schema: 1, lab: this.#options.lab, verdict: 'error', error })}\n`);
		else this.send(planErrorText({ message, hint }, { color: terminal.stderrColor }));
	}

	#showVerdict(state: RunState, last: Seen | undefined): void {
		const { json, terminal: { stdout, stdoutColor: color, width } } = this.#options;
		const changes = last ? changesBetweenRuns(last.state, state) : noChanges;
		if (!json) stdout.write(verdictText(state, changes, { color, width }));
	}

	/** Adds a banner to the page: it is not of the lab as it is now. */
	async #announce(banner: string): Promise<void> {
		if (this.#shown) await this.#writePage({ ...this.#shown, banner });
	}

	/** Writes the page. Where that fails, it prints a line, and goes on. */
	async #writePage({ state, ...page }: { readonly state: RunState; readonly changes: Changes; readonly banner?: string }): Promise<void> {
		const { html } = this.#options;
		if (html === undefined) return;
		const { writeReportPage } = await import('../page/write.js');
		await writeReportPage(state, { file: html, ...page }).catch((error: unknown) => this.send(`the page ${html} cannot be written: ${toFailure(error).message}\n`));
	}

	#showChanges(state: RunState, changes: Changes): void {
		const { json, terminal: { stdout, stdoutColor: color, width } } = this.#options;
		stdout.write(json ? `${JSON.stringify({ ...resultOf(state), changes })}\n` : machineChangesText(changes, { color, width }));
	}
}

/** Compares the nodes that have a state snapshot of both runs. */
function differencesByNode(
	before: ReadonlyMap<string, StateSnapshot>,
	after: ReadonlyMap<string, StateSnapshot>,
): ReadonlyMap<string, readonly Difference[]> {
	return new Map(
		[...after].flatMap(([node, snapshot]) => {
			const old = before.get(node);
			return old ? [[node, differencesBetween(old, snapshot)] as const] : [];
		}),
	);
}
