/** `rehearse console NODE`: a root shell over the line that needs no network. */
import type { Duplex } from 'node:stream';
import { once } from 'node:events';
import { ExitCode } from '../../base/errors.js';
import { askLab, askLabForStream, findMeantLab, type LiveOptions } from './meant-lab.js';

/** The streams of the terminal that the shell is shown on, or of whatever stands in for one. */
export interface ConsoleStreams {
	readonly stdin: NodeJS.ReadStream;
	readonly stdout: NodeJS.WriteStream;
	readonly stderr: { write(text: string): unknown };
}

export interface ConsoleOptions extends LiveOptions {
	readonly node: string;
	readonly streams: ConsoleStreams;
}

/** Control and `]`, as virsh(1) and telnet(1) have it. */
const escape = 0x1d;

/** What a terminal is taken for that does not say how large it is. */
const defaultSize = { rows: 24, columns: 80 };

/** Shows the shell until it ends, or until the person leaves it with Ctrl-]. */
export async function consoleCommand({ node, streams, ...options }: ConsoleOptions): Promise<ExitCode> {
	const { stdin, stdout, stderr } = streams;
	const lab = await findMeantLab(options);
	const size = () => (stdout.isTTY ? { rows: stdout.rows, columns: stdout.columns } : defaultSize);
	const terminal = process.env['TERM'] ?? 'vt100';
	const shell = await askLabForStream(lab, { op: 'shell', node, size: size(), terminal });
	const onResize = () => void askLab(lab, { op: 'resize', node, size: size() }).catch(() => undefined);
	stdout.on('resize', onResize);
	if (stdin.isTTY) {
		stderr.write(`Connected to ${node}. Ctrl-] leaves.\r\n`);
		stdin.setRawMode(true);
	}
	try {
		shell.pipe(stdout, { end: false });
		await Promise.race([once(shell, 'end'), once(shell, 'close'), forward(stdin, shell)]);
	} finally {
		stdout.off('resize', onResize);
		shell.destroy();
		if (stdin.isTTY) {
			stdin.setRawMode(false);
			stderr.write('\r\n');
		}
		stdin.destroy();
	}
	return ExitCode.passed;
}

/** Sends on what is typed. Resolves when the person leaves; what comes from no terminal ends with `exit`. */
function forward(stdin: NodeJS.ReadStream, shell: Duplex): Promise<void> {
	return new Promise((resolve) => {
		stdin.on('data', (data: Buffer) => {
			const leaving = stdin.isTTY ? data.indexOf(escape) : -1;
			shell.write(leaving >= 0 ? data.subarray(0, leaving) : data);
			if (leaving >= 0) resolve();
		});
		stdin.once('end', () => shell.write('exit\n'));
	});
}
