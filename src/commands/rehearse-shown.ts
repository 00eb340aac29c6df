import type { RunState } from '../outcome/state.js';
import { rehearse, type RehearseOptions } from '../rehearse/rehearse.js';
import { rehearseOrders, type Shuffle } from '../rehearse/shuffle.js';
import { eventLine } from '../report/plain.js';
import type { Terminal } from './terminal.js';
import { startView } from './view.js';

/** Rehearses a lab, and then its other orders of startup, and shows what happens. Resolves to all that came of it. */
export async function rehearseShown(
	options: Omit<RehearseOptions, 'onEvent'>,
	shuffle: Shuffle | undefined,
	terminal: Terminal,
): Promise<RunState> {
	const view = await startView(terminal);
	try {
		const plain = await rehearse({ ...options, onEvent: view.onEvent });
		await view.stop();
		return shuffle ? await rehearseOrders(plain, shuffle, shownPlainly(options, terminal)) : plain;
	} finally {
		await view.stop();
	}
}

/** Shows the runs of other orders as plain lines, because the live view has ended. */
const shownPlainly = (options: Omit<RehearseOptions, 'onEvent'>, { stderr }: Terminal): RehearseOptions => {
	const startAt = Date.now();
	return {
		...options,
		onEvent(event) {
			const line = eventLine(event, startAt);
			if (line !== undefined) stderr.write(`${line}\n`);
		},
	};
};
