/** Fault injection in a running lab: links, pauses, kills, and how to undo them. */
import { ExitCode } from '../../base/errors.js';
import type { RunEvent, RunEventBody } from '../../lab/events.js';
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
