/**
 * The live view on a terminal: the folded state of the run as lines, drawn anew at every frame on the stream that is
 * given. `liveLines` is pure; `startLiveView` owns the timer and the terminal.
 */
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
	/** Draws for the last time and gives the terminal back. What has not ended by now is shown as it is. */
	stop(): Promise<void>;
}

export interface LiveViewOptions {
	readonly color: boolean;
	/** The run before this one, of a lab that is watched: what is otherwise now is shown as soon as it is seen. */
	readonly last?: RunState | undefined;
	/** Milliseconds since the epoch, as in the events. */
	readonly now?: () => number;
}

const spinnerFrames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const frameMs = 120;

/** Starts drawing on `terminal`, which must be one. Must be stopped. */
export function startLiveView(terminal: Terminal, { color, last, now = Date.now }: LiveViewOptions): LiveView {
	const canvas = new Canvas(terminal);
	const paint = painter(color);
	let state = emptyRun();
	let isStopped = false;
	const lines = () => liveLines(state, { last, now: now(), width: canvas.width, paint, isLast: isStopped });
	const draw = () => canvas.draw(lines());
	const timer = setInterval(draw, frameMs).unref();
	draw();
	return {
		onEvent(event) {
			if (!isStopped) state = foldEvent(state, event);
		},
		stop() {
			isStopped = true;
			clearInterval(timer);
			canvas.close(lines());
			return Promise.resolve();
		},
	};
}

export interface LiveLinesOptions {
	readonly last: RunState | undefined;
	/** Milliseconds since the epoch. */
	readonly now: number;
	/** Columns that a line may have. */
	readonly width: number;
	readonly paint: Paint;
	/** The view ends with these lines, whether or not the run has ended. */
	readonly isLast: boolean;
}

/** A run at one moment: a line for each section, those of its nodes below the machines, the assertions below the scenario. */
export function liveLines(state: RunState, options: LiveLinesOptions): string[] {
	const { last, now, width, paint, isLast } = options;
	// The first section that has not ended is what the run is at, whether or not it has reported that.
	const current = sections.find((section) => sectionEnd(state, section) === undefined);
	return sections.flatMap((section) => {
		// What is still to come when the view ends before the run does is not mentioned.
		if (section === teardownSection && isLast && !hasBegun(state, section)) return [];
		const isRunning = section === current || hasBegun(state, section);
		const status = sectionEnd(state, section) ?? (isLast ? sectionStatus(state, section) : isRunning ? 'running' : undefined);
		const below = section === scenarioSection ? soFarLines(state, last, now, Math.max(1, width - 2), paint) : [];
		return [line(status, sectionText(state, section, now), 0, options), ...indented(below, 2), ...nodeLines(state, section, options)];
	});
}

function nodeLines(state: RunState, section: Section, options: LiveLinesOptions): string[] {
	if (section !== machineSection || !hasBegun(state, section)) return [];
	return state.nodes.map((node: NodeRecord) => {
		const hasEnded = options.isLast || nodeEnd(state, node) !== undefined;
		return line(hasEnded ? nodeStatus(state, node) : 'running', nodeText(state, node, options.now), 1, options);
	});
}

/** @param status nothing for what has not begun */
function line(status: ReachedStatus | 'running' | undefined, text: string, level: number, { width, paint, now }: LiveLinesOptions): string {
	// Measured with a plain mark: the painted one has more characters than columns.
	const plain = truncated(`${'  '.repeat(level)}# ${text}`, width);
	return plain.replace('#', () => painted(status, paint, now));
}

function painted(status: ReachedStatus | 'running' | undefined, paint: Paint, now: number): string {
	if (status === undefined) return ' ';
	if (status === 'running') return paint('yellow', spinnerFrames[Math.floor(now / frameMs) % spinnerFrames.length] ?? '');
	return paint(statusStyle(status), mark(status));
}
