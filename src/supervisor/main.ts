/** What runs as the first process of a lab's namespaces: `startSupervisor` (../rehearse/start-supervisor.ts) is its other end. */
import { rm } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { interruptedFailure, toFailure, toReported, type Failure } from '../base/errors.js';
import { onLines } from '../base/lines.js';
import type { LateMachines, RunSpec, SupervisorMessage } from '../protocol/run-spec.js';
import { runLab } from './lab-run.js';

/** The program inside the namespaces: reads the run, runs the lab, writes events to descriptor `out`. */
export async function supervisorMain(
	input: Readable,
	out: (line: string) => void,
): Promise<void> {
	const aborting = new AbortController();
	let release = () => {};
	const released = new Promise<void>((resolve) => (release = resolve));
	// As the first process of its namespace it gets no signal that it does not ask for.
	for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(name, () => aborting.abort(interruptedFailure(name)));
	}
	// Nobody can catch what a listener throws: the lab is taken down, and whoever started it gets the error.
	process.on('uncaughtException', (thrown) => aborting.abort(toFailure(thrown)));
	const send = (line: SupervisorMessage) => out(`${JSON.stringify(line)}\n`);
	let runSpec: RunSpec | undefined;
	// They may come before the lab is there to take them.
	const early: LateMachines[] = [];
	let takeLate = (late: LateMachines): void => void early.push(late);
	const first = new Promise<RunSpec>((resolve, reject) => {
		onLines(input, {
			onLine(line) {
				if (line === 'stop') {
					aborting.abort(interruptedFailure('request'));
					// It may come before there is anything to stop.
					reject(aborting.signal.reason);
				} else if (line === 'release') release();
				else {
					try {
						if (runSpec) takeLate(JSON.parse(line) as LateMachines);
						else resolve((runSpec = JSON.parse(line) as RunSpec));
					} catch (error) {
						reject(error);
						aborting.abort(toFailure(error));
					}
				}
			},
			// The end of the input is the end of whoever started this: nobody wants the lab any more.
			onEnd() {
				reject(new Error('no run was given'));
				aborting.abort(interruptedFailure('the end of the process that started the lab'));
			},
		});
	});
	let error: Failure | undefined;
	try {
		await runLab(await first, {
			emit: send,
			learn: (passwords) => send({ type: 'passwords', passwords }),
			signal: aborting.signal,
			released,
			onLateMachines(take) {
				takeLate = take;
				for (const late of early.splice(0)) take(late);
			},
			stop: () => aborting.abort(interruptedFailure('`rehearse down`')),
		});
	} catch (thrown) {
		error = toFailure(thrown);
	}
	if (runSpec) await removeLeftovers(runSpec);
	send({ type: 'supervisor-done', ...(error ? { error: toReported(error) } : {}) });
}

/** What the starter removes itself, unless it was killed: then this is the last who can. */
async function removeLeftovers({ disks, sockets }: RunSpec): Promise<void> {
	await Promise.all([disks, sockets].map((directory) => rm(directory, { recursive: true, force: true })));
}
