/**
 * The live view on a terminal. listr2 keeps the tree of tasks and their life; each task's promise is settled by the
 * run's events, its line is made anew from the folded state, and drawing is done here, on the stream that is given
 * (listr2's own renderer measures stdout only, once, and holds back what others write).
 */
import { Listr, type ListrRendererFactory, type ListrTaskWrapper, type ListrTaskObject } from 'listr2';
import { truncated } from '../base/format.js';
import type { RunEvent } from '../lab/events.js';
import { emptyRun, foldEvent } from '../outcome/fold.js';
import { nodeStatus } from '../outcome/result.js';
import type { NodeRecord, ReachedStatus, RunState } from '../outcome/state.js';
import { Canvas, type Terminal } from './canvas.js';
import {
	hasBegun,
	machineSection,
	nodeEnd,
	nodeText,
	scenarioSection,
	sectionEnd,
	sections,
	sectionStatus,
	sectionText,
	teardownSection,
	type Section,
} from './live-rows.js';
import { soFarLines } from './so-far.js';
import { indented, mark, painter, statusStyle, type Paint } from './text.js';

export interface LiveView {
	/** Takes an event in. Events after `stop` are ignored. */
	onEvent(event: RunEvent): void;
	/** Draws for the last time and gives the terminal back. What has not ended by now is shown as it stands. */
	stop(): Promise<void>;
}

export interface LiveViewOptions {
	readonly color: boolean;
	/** The run before this one, of a lab that is watched: what is otherwise now is told as soon as it is seen. */
	readonly last?: RunState | undefined;
	/** Milliseconds since the epoch, as in the events. */
	readonly now?: () => number;
}

type Task = ListrTaskObject<unknown, ListrRendererFactory, ListrRendererFactory>;
type Wrapper = ListrTaskWrapper<unknown, ListrRendererFactory, ListrRendererFactory>;

/** Starts drawing on `terminal`, which must be one. Must be stopped. */
export function startLiveView(terminal: Terminal, { color, last, now = Date.now }: LiveViewOptions): LiveView {
	return new EventDrivenList(new Canvas(terminal), painter(color), { last, now });
}

const spinnerFrames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const frameMs = 120;

interface Row {
	readonly text: () => string;
	/** Of what is still to come when the view ends before the run does, nothing is said. */
	readonly isHidden?: () => boolean;
	/** Lines below it, no wider than that. */
	readonly below?: (width: number) => readonly string[];
	/** How it ended, asked once it has. */
	readonly status: () => ReachedStatus;
}

class EventDrivenList implements LiveView {
	readonly #canvas: Canvas;
	readonly #paint: Paint;
	readonly #now: () => number;
	readonly #last: RunState | undefined;
	readonly #listEnded: Promise<unknown>;
	/** Looked at after each event; each resolves its task's promise and then is gone. */
	#waiters: readonly (() => boolean)[] = [];
	/** By the id of the task, which has one from when it begins. */
	readonly #rows = new Map<string, Row>();
	#state: RunState = emptyRun();
	#isStopped = false;

	constructor(canvas: Canvas, paint: Paint, { now, last }: { readonly now: () => number; readonly last: RunState | undefined }) {
		this.#canvas = canvas;
		this.#paint = paint;
		this.#now = now;
		this.#last = last;
		const list = new Listr(
			sections.map((section) => ({
				title: section.name,
				task: (_context: unknown, task: Wrapper) => this.#runSection(section, task),
			})),
			{
				renderer: this.#rendererClass(),
				// Ctrl-C is the tool's to answer: listr2 would end the process over the running machines.
				registerSignalListeners: false,
			},
		);
		this.#listEnded = list.run();
		// Told by `stop`; until then a fault of the view must not end the run.
		this.#listEnded.catch(() => undefined);
	}

	onEvent(event: RunEvent): void {
		if (this.#isStopped) return;
		this.#state = foldEvent(this.#state, event);
		this.#askWaiters();
	}

	async stop(): Promise<void> {
		this.#isStopped = true;
		this.#askWaiters();
		try {
			await this.#listEnded;
		} finally {
			// A list that broke has not called its renderer's end.
			this.#canvas.close([]);
		}
	}

	async #runSection(section: Section, task: Wrapper): Promise<unknown> {
		const isOver = (): boolean => this.#isStopped || sectionEnd(this.#state, section) !== undefined;
		this.#rows.set(task.task.id, {
			text: () => sectionText(this.#state, section, this.#now()),
			status: () => sectionEnd(this.#state, section) ?? sectionStatus(this.#state, section),
			...(section === teardownSection ? { isHidden: () => this.#isStopped && !hasBegun(this.#state, section) } : {}),
			...(section === scenarioSection ? { below: (width) => soFarLines(this.#state, this.#last, this.#now(), width, this.#paint) } : {}),
		});
		if (section === machineSection) {
			await this.#waitUntil(() => isOver() || hasBegun(this.#state, section));
			if (hasBegun(this.#state, section)) return task.newListr(this.#nodeTasks(), { concurrent: true });
		}
		await this.#waitUntil(isOver);
		return undefined;
	}

	#nodeTasks(): { title: string; task: (context: unknown, task: Wrapper) => Promise<void> }[] {
		return this.#state.nodes.map(({ name }) => ({
			title: name,
			task: async (_context, task) => {
				const node = (): NodeRecord => this.#state.nodes.find((record) => record.name === name) ?? { name, scripts: [] };
				this.#rows.set(task.task.id, {
					text: () => nodeText(this.#state, node(), this.#now()),
					status: () => nodeStatus(this.#state, node()),
				});
				await this.#waitUntil(() => this.#isStopped || nodeEnd(this.#state, node()) !== undefined);
			},
		}));
	}

	#waitUntil(holds: () => boolean): Promise<void> {
		return new Promise((resolve) => {
			const isSettled = (): boolean => {
				const isTrue = holds();
				if (isTrue) resolve();
				return isTrue;
			};
			if (!isSettled()) this.#waiters = [...this.#waiters, isSettled];
		});
	}

	#askWaiters(): void {
		this.#waiters = this.#waiters.filter((isSettled) => !isSettled());
	}

	#draw(tasks: readonly Task[], isLast: boolean): void {
		const lines = this.#lines(tasks, 0);
		if (isLast) this.#canvas.close(lines);
		else this.#canvas.draw(lines);
	}

	#lines(tasks: readonly Task[], level: number): string[] {
		return tasks.flatMap((task) => {
			const row = this.#rows.get(task.id);
			if (row?.isHidden?.()) return [];
			const text = truncated(`${'  '.repeat(level)}# ${row?.text() ?? task.title ?? ''}`, this.#canvas.width);
			const below = row?.below?.(Math.max(1, this.#canvas.width - 2)) ?? [];
			return [text.replace('#', () => this.#mark(task)), ...indented(below, 2), ...this.#lines(subtasksOf(task), level + 1)];
		});
	}

	#mark(task: Task): string {
		if (task.isStarted()) {
			const frame = Math.floor(this.#now() / frameMs) % spinnerFrames.length;
			return this.#paint('yellow', spinnerFrames[frame] ?? '');
		}
		const status = task.isCompleted() ? this.#rows.get(task.id)?.status() : undefined;
		return status ? this.#paint(statusStyle(status), mark(status)) : ' ';
	}

	/** listr2 makes its renderer itself, from a class. */
	#rendererClass() {
		const draw = (tasks: readonly Task[], isLast: boolean): void => this.#draw(tasks, isLast);
		return class {
			static rendererOptions = {};
			static rendererTaskOptions = {};
			// Whether there is a terminal was asked of the stream that is drawn on; listr2 would ask stdout.
			static nonTTY = true;
			readonly #tasks: readonly Task[];
			#timer: NodeJS.Timeout | undefined;

			constructor(tasks: Task[]) {
				this.#tasks = tasks;
			}

			render(): void {
				draw(this.#tasks, false);
				this.#timer = setInterval(() => draw(this.#tasks, false), frameMs).unref();
			}

			end(): void {
				clearInterval(this.#timer);
				draw(this.#tasks, true);
			}
		};
	}
}

// Declared as always there, but listr2 sets them only when there are any.
const subtasksOf = (task: Task): readonly Task[] => (task.hasSubtasks() ? task.subtasks : []);
