import { spawn } from 'node:child_process';
import { once } from 'node:events';
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

/** Starts a process in its own session. Its standard input is `input`; its standard output and error are discarded. */
export async function startDaemon([program, ...args]: Argv, input: string): Promise<Daemon> {
	const child = spawn(program, args, { detached: true, stdio: ['pipe', 'ignore', 'ignore', 'pipe'] });
	await once(child, 'spawn');
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
