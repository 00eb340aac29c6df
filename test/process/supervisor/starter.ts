/**
 * Starts a lab as `rehearse run` does, from a file with the run. Prints every event as a line of JSON, then
 * `{"type": "done"}` with the error, if any. SIGTERM stops the lab, SIGUSR1 lets a kept one go, SIGUSR2 is urgent. Lines of
 * its standard input are machines that were pending.
 */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { withCleanup } from '../../../src/base/cleanup.js';
import { interruptedFailure, toFailure, toReported } from '../../../src/base/errors.js';
import { onLines } from '../../../src/base/lines.js';
import type { LateMachines, RunSpec } from '../../../src/protocol/run-spec.js';
import { startSupervisor } from '../../../src/rehearse/start-supervisor.js';

const run = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as RunSpec;
const send = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const [aborting, urging] = [new AbortController(), new AbortController()];
let release = () => {};
process.on('SIGTERM', () => aborting.abort(interruptedFailure('SIGTERM')));
process.on('SIGUSR1', () => release());
process.on('SIGUSR2', () => {
	aborting.abort(interruptedFailure('SIGUSR2'));
	urging.abort();
});

try {
	await withCleanup(async (cleanup) => {
		for (const directory of [run.disks, run.sockets]) {
			cleanup.defer(directory, () => rm(directory, { recursive: true, force: true }));
		}
		const { signal } = aborting;
		const supervisor = await startSupervisor(cleanup, signal);
		send({ type: 'supervisor', pid: supervisor.pid });
		onLines(process.stdin.unref(), { onLine: (line) => supervisor.complete(JSON.parse(line) as LateMachines) });
		await supervisor.supervise(run, {
			emit: send,
			learn: (passwords) => send({ type: 'passwords', passwords }),
			signal,
			patienceMs: 8000,
			stopping: { urgent: urging.signal, detach: (then) => (release = then) },
		});
	});
	send({ type: 'done' });
} catch (error) {
	send({ type: 'done', error: toReported(toFailure(error)) });
}
