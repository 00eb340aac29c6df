import type { RunEvent } from '../lab/events.js';
import { eventLine } from '../report/plain.js';
import type { RunState } from '../outcome/state.js';
import { detachedText } from '../report/summary.js';
import type { Terminal } from './terminal.js';

/** What shows a run while it goes on. */
export interface View {
	onEvent(event: RunEvent): void;
	stop(): Promise<void>;
}

/**
 * A live view on a terminal, plain lines elsewhere. `last` is the run before, of a lab that is watched: what comes out
 * otherwise than in it is told at once.
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
	// Loaded where it is drawn: a check or a run in CI does without.
	const { startLiveView } = await import('../report/live.js');
	const live = startLiveView(terminal.stderr, { color: terminal.stderrColor, last });
	return {
		onEvent(event) {
			live.onEvent(event);
			// Who keeps a lab works beside it: the view ends here, and what follows is told in the summary.
			if (event.type === 'detached') {
				void live.stop().then(() => terminal.stderr.write(detachedText(event, { color: terminal.stderrColor })));
			}
		},
		stop: () => live.stop(),
	};
}
