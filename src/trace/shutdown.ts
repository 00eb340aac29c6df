/** Finds the command of a startup script that took its machine down, in the script's trace or else in its text. */
import type { FailedSource, ScriptTrace, TraceStep } from '../lab/trace.js';
import { analyseScript } from '../shell/script.js';
import { endsMachine, runsShutdown } from '../shell/shutdown-commands.js';

/** Where that command is. */
export interface ShutdownPlace {
	/** 1-based line of the script: of the command, or of the call that led to it. */
	readonly line?: number;
	/** As the shell traced it, or as it is written in the script. */
	readonly command: string;
	/** Where the command is, if that is a file that the script sources. */
	readonly source?: FailedSource;
}

/** Spares reading the others. */
const suspicious = /reboot|poweroff|halt|shutdown|init|systemctl|kexec|login1/;

/** The last command in a trace that takes the machine down, and has not failed. */
export function shutdownInTrace(trace: ScriptTrace | undefined): ShutdownPlace | undefined {
	const steps = trace?.steps ?? [];
	const at = steps.findLastIndex(({ command, status = 0 }) => status === 0 && suspicious.test(command) && runsShutdown(command));
	const step = steps[at];
	if (!step) return undefined;
	const { command, source, line } = step;
	if (source === undefined) return { ...(line === undefined ? {} : { line }), command };
	const call = callOf(steps, at);
	return { ...(call === undefined ? {} : { line: call }), command, source: { file: source, ...(line === undefined ? {} : { line }) } };
}

/** The line of the script that led to a command of another file. */
const callOf = (steps: readonly TraceStep[], at: number): number | undefined =>
	steps.slice(0, at).findLast(({ source }) => source === undefined)?.line;

/** The command of a script that takes its machine down, where there is one such command only. */
export function shutdownInText(text: string): ShutdownPlace | undefined {
	const { commands } = analyseScript(text);
	const [only, ...others] = commands.filter(endsMachine);
	if (!only || others.length > 0) return undefined;
	return { line: only.line, command: only.words.map((word) => word.text).join(' ') };
}
