import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Argv } from './run.js';

/** A process that outlives this one. */
export interface Daemon {
	readonly pid: number;
	/** What it writes to descriptor 3. The stream ends when the daemon ends. */
	readonly output: Readable;
	kill(signal: NodeJS.Signals): void;
	/** Lets this process end while the daemon continues. */
	leave(): void;
}

/**
 * Starts a process in a session of its own, with `input` on its standard input. What it writes to its other two streams, as
 * when it crashes, goes to a log, which begins anew.
 */
export async function startDaemon([program, ...args]: Argv, input: string, logFile: string): Promise<Daemon> {
	const log = await open(logFile, 'w', 0o600);
	const child = spawn(program, args, { detached: true, stdio: ['pipe', log.fd, log.fd, 'pipe'] });
	await once(child, 'spawn').finally(() => log.close());
	// When it ends before it has read its input, the end of its output reports that.
	child.stdin?.on('error', () => undefined);
	child.stdin?.end(input);
	const output = child.stdio[3] as Readable;
	return {
		pid: child.pid ?? 0,
		output,
		kill: (signal) => void child.kill(signal),
		leave: () => {
			output.destroy();
			child.unref();
		},
	};
}
