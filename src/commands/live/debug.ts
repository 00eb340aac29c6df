/** `rehearse debug NODE`: steps through the startup scripts of a node in a running lab. */
import { ExitCode, interruptedFailure } from '../../base/errors.js';
import { masksOf } from '../../lab/mask.js';
import type { CurrentLab } from '../../protocol/requests.js';
import { painter } from '../../report/text.js';
import type { Terminal } from '../terminal.js';
import { showShell } from './console.js';
import { DebugConnection } from './debugger/connection.js';
import { pipedLines, terminalLines } from './debugger/lines.js';
import { Prompt, type DebugEnd } from './debugger/prompt.js';
import { askLab, askLabForStream, resolveLab, type LiveOptions } from './resolve-lab.js';

export interface DebugOptions extends LiveOptions {
	readonly node: string;
	/** The only script to step through; undefined for all. */
	readonly script: string | undefined;
	readonly terminal: Pick<Terminal, 'stdout' | 'stderr' | 'stdoutColor'>;
	readonly streams: { readonly stdin: NodeJS.ReadStream; readonly stdout: NodeJS.WriteStream };
}

/**
 * Runs the debugger. The exit status is 0 when the scripts have passed in the end, 1 when they have failed, 4 when their
 * machine broke. However it ends, no machine is left paused.
 */
export async function debugCommand({ node, script, terminal, streams, ...options }: DebugOptions): Promise<ExitCode> {
	const { stdin, stdout } = streams;
	const live = await resolveLab(options);
	const { lab, showSecrets } = (await askLab(live, { op: 'plan' })) as CurrentLab;
	const isTerminal = stdin.isTTY === true && stdout.isTTY === true;
	const mask = masksOf(lab, showSecrets).text;
	const print = (text: string) => void terminal.stdout.write(text);
	const stream = await askLabForStream(live, { op: 'debug', node, ...(script === undefined ? {} : { script }) });
	const lines = isTerminal ? terminalLines(stdin, stdout) : pipedLines(stdin, (text) => print(mask(text)));
	const connection = new DebugConnection(stream, (event) => prompt.showEvent(event));
	const leaving = leaveOnSignals(connection, isTerminal);
	const texts = lab.nodes.find(({ name }) => name === node)?.startupScripts ?? [];
	const prompt: Prompt = new Prompt({
		node,
		scripts: new Map(texts.map(({ name, text }) => [name, text])),
		lines,
		paint: painter(terminal.stdoutColor),
		mask,
		print,
		ask: (request) => Promise.race([connection.ask(request), leaving.left]),
		showShell: () => showShell(live, node, { stdin, stdout, stderr: terminal.stderr }),
	});
	try {
		const { text, exitCode } = outcomeOf(await Promise.race([prompt.run(), leaving.left]));
		print(`${node}: ${text}; the lab continues\n`);
		return exitCode;
	} finally {
		leaving.done();
		connection.close();
		lines.close();
	}
}

/** What is told of an end, without a full stop, and its exit status: a machine that broke is no failure of its scripts. */
export function outcomeOf(end: DebugEnd): { readonly text: string; readonly exitCode: ExitCode } {
	if (end.kind === 'broken' || end.startup === 'error') return { text: 'its machine broke before its startup scripts had ended', exitCode: ExitCode.broken };
	const hasPassed = end.startup === 'passed';
	return { text: `its startup scripts have ${hasPassed ? 'passed' : 'failed'}`, exitCode: hasPassed ? ExitCode.passed : ExitCode.labFailed };
}

/** A second Ctrl-C within this time leaves the debugger, in milliseconds. */
const impatientMs = 2000;

/**
 * The first Ctrl-C on a terminal interrupts the script. A second one, or any other signal, leaves the debugger, and the lab
 * continues.
 */
function leaveOnSignals(connection: DebugConnection, isTerminal: boolean): { readonly left: Promise<never>; done(): void } {
	const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
	let leave: (error: Error) => void = () => undefined;
	const left = new Promise<never>((_resolve, reject) => (leave = reject));
	left.catch(() => undefined);
	let last = -Infinity;
	const onSignal = (name: NodeJS.Signals) => {
		const isFirst = performance.now() - last > impatientMs;
		last = performance.now();
		if (name === 'SIGINT' && isTerminal && isFirst) connection.interrupt();
		else leave(interruptedFailure(name));
	};
	for (const name of signals) process.on(name, onSignal);
	return { left, done: () => signals.forEach((name) => process.off(name, onSignal)) };
}
