/** `rehearse console NODE`: a root shell over the control channel, which needs no network. */
import type { Duplex } from 'node:stream';
import { once } from 'node:events';
import { ExitCode } from '../../base/errors.js';
import type { LiveLab } from '../../runs/live-labs.js';
import { askLab, askLabForStream, resolveLab, type LiveOptions } from './resolve-lab.js';

/** The streams that the shell is shown on: a terminal, or a pipe. */
export interface ConsoleStreams {
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	readonly stderr: { write(text: string): unknown };
}

export interface ConsoleOptions extends LiveOptions {
	readonly node: string;
	readonly streams: ConsoleStreams;
}

/** Ctrl-], as in virsh(1) and telnet(1). */
const escape = 0x1d;

/** The size of a terminal that does not report one. */
const defaultSize = { rows: 24, columns: 80 };

/** Shows the shell until it ends or the person presses Ctrl-]. */
export async function consoleCommand({ node, streams, ...options }: ConsoleOptions): Promise<ExitCode> {
	await showShell(await resolveLab(options), node, streams);
	streams.stdin.destroy();
	return ExitCode.passed;
}

/** Shows a root shell of a node until it ends or the person leaves it. Afterwards the streams are free for other uses. */
export async function showShell(lab: Pick<LiveLab, 'controlSocket'>, node: string, { stdin, stdout, stderr }: ConsoleStreams): Promise<void> {
	const size = () => (stdout.isTTY ? { rows: stdout.rows, columns: stdout.columns } : defaultSize);
	const terminal = process.env['TERM'] ?? 'vt100';
	const shell = await askLabForStream(lab, { op: 'shell', node, size: size(), terminal });
	const onResize = () => void askLab(lab, { op: 'resize', node, size: size() }).catch(() => undefined);
	stdout.on('resize', onResize);
	if (stdin.isTTY) {
		stderr.write(`Connected to ${node}. Ctrl-] leaves.\r\n`);
		stdin.setRawMode(true);
	}
	const input = forward(stdin, shell);
	try {
		shell.pipe(stdout, { end: false });
		await Promise.race([once(shell, 'end'), once(shell, 'close'), input.left]);
	} finally {
		stdout.off('resize', onResize);
		shell.destroy();
		input.stop();
		if (stdin.isTTY) {
			stdin.setRawMode(false);
			stderr.write('\r\n');
		}
	}
}

/**
 * Sends the person's input to the shell. `left` resolves when the person leaves. When input from a pipe ends, it sends
 * `exit`.
 */
function forward(stdin: NodeJS.ReadStream, shell: Duplex): { readonly left: Promise<void>; stop(): void } {
	let leave = () => {};
	const left = new Promise<void>((resolve) => (leave = resolve));
	const onData = (data: Buffer) => {
		const leaving = stdin.isTTY ? data.indexOf(escape) : -1;
		shell.write(leaving >= 0 ? data.subarray(0, leaving) : data);
		if (leaving >= 0) leave();
	};
	const onEnd = () => void shell.write('exit\n');
	// A line editor that used stdin before has paused it.
	stdin.on('data', onData).once('end', onEnd).resume();
	return { left, stop: () => void stdin.off('data', onData).off('end', onEnd).pause() };
}
