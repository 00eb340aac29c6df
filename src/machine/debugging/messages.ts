/**
 * Messages of a script that is debugged, and commands to it (`cloud-init/guest/debug.bash`): a line each, its parts
 * between tabs.
 */

/** Where a script stops. */
export interface DebugStop {
	readonly kind: 'at';
	readonly script: string;
	/** The command has not begun; or it has failed, and the script is about to end with it. */
	readonly isFatal: boolean;
	/** 1-based. */
	readonly line: number;
	/** The file that the line is in; empty for the script itself. */
	readonly source: string;
	/** How many functions and sourced files it is in. */
	readonly depth: number;
	/** Exit status of the command before. */
	readonly status: number;
	/** As bash has it: expansions are still to come. */
	readonly command: string;
	/** What the script has written since it was stopped the last time; the end of it where that is much. */
	readonly output: string;
}

/** The answer of the script's shell to a command. */
export interface DebugAnswer {
	readonly kind: 'answer';
	readonly status: number;
	readonly text: string;
}

export type DebugMessage = DebugStop | DebugAnswer;

/** Where a script that goes on stops next: it always does at a line of `lines`, unless the debugger has left it. */
export interface Going {
	/** At the next command, at the next that is no deeper than `depth`, at no other, or never again. */
	readonly mode: 'step' | 'over' | 'run' | 'free';
	readonly depth: number;
	/** Of the script itself. */
	readonly lines: readonly number[];
}

export type DebugCommand =
	| ({ readonly request: 'go' | 'skip' } & Going)
	| { readonly request: 'eval' | 'instead'; readonly command: string }
	/** All that the script has made, where none is named. */
	| { readonly request: 'variables'; readonly names: readonly string[] };

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\t': '\\t', '\r': '\\r' };
const unescapes: Readonly<Record<string, string>> = { '\\': '\\', n: '\n', t: '\t', r: '\r' };

const encode = (text: string): string => text.replace(/[\\\n\t\r]/g, (character) => escapes[character] ?? '');
const decode = (text: string): string => text.replace(/\\(.)/g, (whole, character: string) => unescapes[character] ?? whole);

/** Names of shell variables: nothing else is asked for by name. */
const variableName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Whether a text is the name of a variable. */
export const isVariableName = (text: string): boolean => variableName.test(text);

/** Reads a line; undefined for one that is none of these messages. */
export function parseDebugMessage(line: string): DebugMessage | undefined {
	const [kind, ...parts] = line.replace(/\r?\n?$/, '').split('\t').map(decode);
	if (kind === 'answer' && parts.length === 2) return { kind, status: Number(parts[0]), text: parts[1] ?? '' };
	if (kind !== 'at' || parts.length !== 8) return undefined;
	const [script = '', how, at, source = '', depth, status, command = '', output = ''] = parts;
	return {
		...{ kind, script, isFatal: how === 'fatal', line: Number(at), source },
		...{ depth: Number(depth), status: Number(status), command, output },
	};
}

/** The line that a command is sent as; `nowMs` is the host's clock. */
export function encodeDebugCommand(command: DebugCommand, nowMs: number): string {
	switch (command.request) {
		case 'eval':
		case 'instead':
			return `${command.request}\t${encode(command.command)}\n`;
		case 'variables':
			return `${['variables', command.names.filter(isVariableName).join(' ')].join('\t')}\n`;
		default:
			return `${command.request}\t${[command.mode, command.depth, nowMs, command.lines.join(',')].join(' ')}\n`;
	}
}
