/** The trap for EXIT of a script of bash, which a script sets by itself. */
import type { CommandPlace, ScriptPlaces } from '../shell/command-places.js';
import type { ShellProcess } from './shell-process.js';
import type { TraceRecord } from './stream.js';

/** Notes what a process is to run when it ends. */
export function noteTrap(process: ShellProcess, command: string): void {
	const [, action = '', signals = ''] = /^(?:builtin |command )?trap (?:-- )?('(?:[^']|'\\'')*'|\$'(?:[^'\\]|\\.)*'|\S+)((?: \S+)+)$/s.exec(command) ?? [];
	if (/ (?:(?:SIG)?EXIT|0)(?: |$)/i.test(signals)) process.exitTrap = /^(?:-|'')$/.test(action) ? undefined : action;
}

/** What a script is to run at its end where the record of that is not known, as far as its text sets one such trap only. */
export function writtenExitTrap({ places }: ScriptPlaces): string | undefined {
	const isOfExit = ({ words, forks }: CommandPlace): boolean => words[0] === 'trap' && forks.length === 0 && words.slice(2).some((word) => /^(?:(?:SIG)?EXIT|0)$/i.test(word ?? ''));
	const [only, ...others] = places.filter(isOfExit);
	if (!only || others.length > 0) return undefined;
	const action = only.words[only.words[1] === '--' ? 2 : 1] ?? only.text;
	return action === '-' || action === '' ? undefined : action;
}

/** What a trap begins with is known when it runs only, before which there may be what traces nothing. */
const beginsExpanded = /^(?:\$?')?\s*(?:(?:if|while|until|!|\{|\()\s*)*[^\s$`;|&<>()]*[$`]/;

/** A trap of EXIT counts its lines from 1 and is no deeper than the process, where there is no such command. */
export function isOfExitTrap({ exitTrap: action }: ShellProcess, { source, command, line }: TraceRecord, place: CommandPlace | undefined): boolean {
	if (source !== '' || place !== undefined || action === undefined || line > action.split(/\n|\\n/).length) return false;
	const [name = ''] = command.split(/[\s=]/);
	return beginsExpanded.test(action) || action.includes(name.replace(/^'(.*)'$/, '$1'));
}
