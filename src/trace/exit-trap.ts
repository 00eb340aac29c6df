/** The trap for EXIT of a script of bash, which a script sets by itself. */
import type { CommandPlace } from '../shell/command-places.js';
import type { ShellProcess } from './shell-process.js';
import type { TraceRecord } from './stream.js';

/** Notes what a process is to run when it ends. */
export function noteTrap(process: ShellProcess, command: string): void {
	const [, action = '', signals = ''] = /^trap (?:-- )?('(?:[^']|'\\'')*'|\$'(?:[^'\\]|\\.)*'|\S+)((?: \S+)+)$/s.exec(command) ?? [];
	if (/ (?:(?:SIG)?EXIT|0)(?: |$)/i.test(signals)) process.exitTrap = /^(?:-|'')$/.test(action) ? undefined : action;
}

/** A trap of EXIT counts its lines from 1 and is no deeper than the process, where there is no such command. */
export function isOfExitTrap({ exitTrap: action }: ShellProcess, { source, command, line }: TraceRecord, place: CommandPlace | undefined): boolean {
	const [name = ''] = command.split(/[\s=]/);
	return source === '' && place === undefined && action !== undefined && action.includes(name) && line <= action.split(/\n|\\n/).length;
}
