import type { RunEvent } from '../lab/events.js';
import { eventLine } from '../report/plain.js';
import { keptText } from '../report/summary.js';
import type { Terminal } from './terminal.js';

/** What shows a run while it goes on. */
export interface View {
	onEvent(event: RunEvent): void;
	stop(): Promise<void>;
}

/** A live view on a terminal, plain lines elsewhere. */
export async function startView(terminal: Terminal): Promise<View> {
	return terminal.live ? liveView(terminal) : plainView(terminal);
}

function plainView({ stderr }: Terminal): View {
	let startAt: number | undefined;
	return {
		onEvent(event) {
			startAt ??= event.at;
			const line = eventLine(event, startAt);
			if (line !== undefined) stderr.write(`${line}\n`);
			if (event.type === 'kept') stderr.write(keptText(event, { color: false }));
		},
		stop: () => Promise.resolve(),
	};
}

async function liveView(terminal: Terminal): Promise<View> {
	// Loaded where it is drawn: a check or a run in CI does without.
	const { startLiveView } = await import('../report/live.js');
	const live = startLiveView(terminal.stderr, { color: terminal.stderrColor });
	return {
		onEvent(event) {
			live.onEvent(event);
			// Who keeps a lab works beside it: the view ends here, and what follows is told in the summary.
			if (event.type === 'kept') {
				void live.stop().then(() => terminal.stderr.write(keptText(event, { color: terminal.stderrColor })));
			}
		},
		stop: () => live.stop(),
	};
}
