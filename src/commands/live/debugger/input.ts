/** Parses the commands of the debugger's prompt. Pure. */
import { usageFailure } from '../../../base/errors.js';
import { isVariableName } from '../../../machine/debugging/messages.js';

type SimpleCommand = 'step' | 'next' | 'out' | 'continue' | 'variables' | 'shell' | 'list' | 'quit' | 'help';

/** A parsed command. */
export type Typed =
	| { readonly command: SimpleCommand }
	| { readonly command: 'until' | 'break' | 'delete'; readonly line: number }
	| { readonly command: 'breaks' }
	| { readonly command: 'print'; readonly names: readonly string[] }
	| { readonly command: 'evaluate' | 'instead'; readonly text: string }
	/** Without a text the same command is run again. */
	| { readonly command: 'retry'; readonly text: string }
	| { readonly command: 'back'; readonly steps: number };

interface Row {
	readonly names: readonly [string, ...string[]];
	readonly takes: string;
	readonly does: string;
	read(rest: string): Typed;
}

const simple = (command: SimpleCommand) => (): Typed => ({ command });

const line =
	(command: 'until' | 'break' | 'delete') =>
	(rest: string): Typed => {
		if (/^[1-9]\d{0,8}$/.test(rest)) return { command, line: Number(rest) };
		throw usageFailure(`${command} needs the number of a line`);
	};

const text =
	(command: 'evaluate' | 'instead') =>
	(rest: string): Typed => {
		if (rest !== '') return { command, text: rest };
		throw usageFailure(`${command === 'evaluate' ? 'eval' : command} needs a command`);
	};

const rows: readonly Row[] = [
	{ names: ['s', 'step'], takes: '', does: 'run this command, into functions', read: simple('step') },
	{ names: ['n', 'next'], takes: '', does: 'run this command, over functions', read: simple('next') },
	{ names: ['o', 'out'], takes: '', does: 'continue to the end of this function', read: simple('out') },
	{ names: ['c', 'continue'], takes: '', does: 'continue to a breakpoint or a failure', read: simple('continue') },
	{ names: ['u', 'until'], takes: 'LINE', does: 'continue to a line', read: line('until') },
	{
		names: ['b', 'break'],
		takes: '[LINE]',
		does: 'set a breakpoint at a line; without LINE list the breakpoints',
		read: (rest) => (rest === '' ? { command: 'breaks' } : line('break')(rest)),
	},
	{ names: ['d', 'delete'], takes: 'LINE', does: 'delete the breakpoint at a line', read: line('delete') },
	{ names: ['back'], takes: '[STEPS]', does: 'restore the machine as it was before the last step (0: before this command)', read: readBack },
	{ names: ['r', 'retry'], takes: '[COMMAND]', does: 'go back, and run COMMAND in place of the line', read: (rest) => ({ command: 'retry', text: rest }) },
	{ names: ['i', 'instead'], takes: 'COMMAND', does: 'run COMMAND in place of this one', read: text('instead') },
	{ names: ['e', 'eval'], takes: 'COMMAND', does: "run COMMAND in the script's shell", read: text('evaluate') },
	{ names: ['p', 'print'], takes: 'NAME…', does: 'show variables', read: readNames },
	{ names: ['vars'], takes: '', does: 'show all variables that the script has set', read: simple('variables') },
	{ names: ['sh', 'shell'], takes: '', does: 'a root shell on the node; all nodes continue meanwhile', read: simple('shell') },
	{ names: ['l', 'list'], takes: '', does: 'show the script', read: simple('list') },
	{ names: ['q', 'quit'], takes: '', does: 'let the scripts continue to their end, and leave', read: simple('quit') },
	{ names: ['h', 'help', '?'], takes: '', does: 'show this', read: simple('help') },
];

function readBack(rest: string): Typed {
	if (rest === '') return { command: 'back', steps: 1 };
	if (/^\d{1,4}$/.test(rest)) return { command: 'back', steps: Number(rest) };
	throw usageFailure('back needs a number of steps');
}

function readNames(rest: string): Typed {
	const names = rest.split(/\s+/).map((name) => name.replace(/^\$\{?(\w+)\}?$/, '$1'));
	if (names.every(isVariableName)) return { command: 'print', names };
	throw usageFailure('print needs names of variables', { hint: '`eval` shows anything else: eval echo "$1"' });
}

/** Parses a line; undefined for an empty one. @throws Failure `usage` for a line that is not a command */
export function readTyped(typed: string): Typed | undefined {
	const [, name = '', rest = ''] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(typed) ?? [];
	if (name === '' || name.startsWith('#')) return undefined;
	const row = rows.find(({ names }) => names.includes(name));
	if (!row) throw usageFailure(`there is no command '${name}'`, { hint: '`help` lists them' });
	if (row.takes === '' && rest !== '') throw usageFailure(`${row.names.at(-1) ?? name} takes no argument`);
	return row.read(rest);
}

/** The lines of `help`. */
export function helpLines(): string[] {
	const heads = rows.map(({ names, takes }) => [names.filter((name) => name !== '?').join(', '), takes].join(' ').trim());
	const width = Math.max(...heads.map((head) => head.length));
	return rows.map(({ does }, index) => `  ${(heads[index] ?? '').padEnd(width)}  ${does}`);
}
