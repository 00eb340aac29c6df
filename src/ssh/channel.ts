import type { Duplex, Readable } from 'node:stream';

/** The channel of a command: its stdin and stdout, its stderr, and an `exit` event with either a code or a signal. */
export interface CommandChannel extends Duplex {
	readonly stderr: Readable;
}

/** How a command ended; both are absent when the channel closed without a word, as when the connection is lost. */
export interface Ending {
	readonly exitCode: number | undefined;
	readonly signal: string | undefined;
}

/** A stream that writes for ever must not fill this process's memory. */
const maximumBytes = 8 * 1024 * 1024;

/** Collects what a command writes. What exceeds 8 MiB of either stream is read and thrown away. */
export class CommandOutput {
	readonly #stdout: Buffer[] = [];
	readonly #stderr: Buffer[] = [];

	/** Sends `input`, then waits until the command has ended and both its streams are read. */
	async collect(channel: CommandChannel, input: string): Promise<Ending> {
		keep(channel, this.#stdout);
		keep(channel.stderr, this.#stderr);
		// A command may end before it has read its input; its exit status tells more than the broken pipe.
		channel.on('error', () => {});
		channel.stderr.on('error', () => {});
		let ending: Ending = { exitCode: undefined, signal: undefined };
		channel.on('exit', (code: number | null, signal?: string) => {
			ending = { exitCode: code ?? undefined, signal: signal?.replace(/^SIG/, '') };
		});
		const closed = new Promise<void>((resolve) => channel.once('close', resolve));
		channel.end(input);
		await closed;
		return ending;
	}

	get stdout(): string {
		return Buffer.concat(this.#stdout).toString('utf8');
	}

	get stderr(): string {
		return Buffer.concat(this.#stderr).toString('utf8');
	}
}

function keep(stream: Readable, chunks: Buffer[]): void {
	let room = maximumBytes;
	stream.on('data', (chunk: Buffer) => {
		if (room > 0) chunks.push(chunk.subarray(0, room));
		room -= chunk.length;
	});
}
