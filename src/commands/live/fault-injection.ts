/** Fault injection in a running lab: links, pauses, kills, and how to undo them. */
import { ExitCode, usageFailure } from '../../base/errors.js';
import type { RunEvent, RunEventBody } from '../../lab/events.js';
import type { LinkState } from '../../network/link.js';
import type { LabRequest } from '../../protocol/requests.js';
import { stopOnSignals } from '../stop.js';
import type { Terminal } from '../terminal.js';
import { startView } from '../view.js';
import { askLab, resolveLab, type LiveOptions } from './resolve-lab.js';

export interface FaultOptions extends LiveOptions {
	readonly request: LabRequest;
	/** Printed when the lab has done it. */
	readonly done: string;
	readonly terminal: Terminal;
}

/** Sends one request, and shows the events until its answer. */
export async function injectFault({ request, done, terminal, ...options }: FaultOptions): Promise<ExitCode> {
	const lab = await resolveLab(options);
	const stopping = stopOnSignals();
	const view = await startView(terminal);
	const onEvent = (body: unknown) => view.onEvent({ at: Date.now(), ...(body as RunEventBody) } as RunEvent);
	try {
		await askLab(lab, request, { signal: stopping.signal, onEvent });
	} finally {
		await view.stop();
		stopping.done();
	}
	terminal.stdout.write(`${done}\n`);
	return ExitCode.passed;
}

/** Reads `up`, `down`, `delay MS` or `loss PCT`. @throws Failure `usage` for anything else */
export function parseLink(state: string, amount: number | undefined): LinkState {
	const isAmount = amount !== undefined && amount > 0;
	if ((state === 'up' || state === 'down') && amount === undefined) return { state };
	if (state === 'delay' && isAmount && amount <= 60_000) return { state: 'bad', delayMs: amount };
	if (state === 'loss' && isAmount && amount <= 100) return { state: 'bad', lossPercent: amount };
	throw usageFailure(`a link cannot be '${[state, amount].filter((word) => word !== undefined).join(' ')}'`, {
		hint: 'up, down, delay MILLISECONDS (60000 at most) or loss PER-CENT',
	});
}
