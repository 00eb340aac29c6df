import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import type { Argv } from './run.js';

/** A process that outlives this one. */
export interface Daemon {
	readonly pid: number;
	/** What it writes to descriptor 3; its end is that of the daemon, unless this process goes first. */
	readonly output: Readable;
	kill(signal: NodeJS.Signals): void;
	/** Lets this process end before it. */
	leave(): void;
}

/** Starts a process in a session of its own, with `input` on its standard input and nothing on its other two streams. */
export async function startDaemon([program, ...args]: Argv, input: string): Promise<Daemon> {
	const child = spawn(program, args, { detached: true, stdio: ['pipe', 'ignore', 'ignore', 'pipe'] });
	await once(child, 'spawn');
	// One that ends before it has read its input is told by the end of what it says.
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
