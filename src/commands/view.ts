import type { RunEvent } from '../lab/events.js';
import { eventLine } from '../report/plain.js';
import type { RunState } from '../outcome/state.js';
import { detachedText } from '../report/summary.js';
import type { Terminal } from './terminal.js';

/** The progress view of a run. */
export interface View {
	onEvent(event: RunEvent): void;
	stop(): Promise<void>;
}

/**
 * Starts a live view on a terminal, and plain lines elsewhere.
 * @param last the run before, of a watched lab. The view reports at once what differs from it
 */
export async function startView(terminal: Terminal, last?: RunState): Promise<View> {
	return terminal.live ? liveView(terminal, last) : plainView(terminal, last);
}

function plainView({ stderr }: Terminal, last: RunState | undefined): View {
	let startAt: number | undefined;
	return {
		onEvent(event) {
			startAt ??= event.at;
			const line = eventLine(event, startAt, last);
			if (line !== undefined) stderr.write(`${line}\n`);
			if (event.type === 'detached') stderr.write(detachedText(event, { color: false }));
		},
		stop: () => Promise.resolve(),
	};
}

async function liveView(terminal: Terminal, last: RunState | undefined): Promise<View> {
	// Loaded only when it is drawn: `check` and runs in CI do not need it.
	const { startLiveView } = await import('../report/live.js');
	const live = startLiveView(terminal.stderr, { color: terminal.stderrColor, last });
	return {
		onEvent(event) {
			live.onEvent(event);
			// The live view ends when the lab is detached: the person works in the lab now. The summary shows what follows.
			if (event.type === 'detached') {
				void live.stop().then(() => terminal.stderr.write(detachedText(event, { color: terminal.stderrColor })));
			}
		},
		stop: () => live.stop(),
	};
}
