/** What a person types at the debugger's prompt. Pure. */
import { usageFailure } from '../../../base/errors.js';
import { isVariableName } from '../../../machine/debugging/messages.js';

type SimpleCommand = 'step' | 'next' | 'out' | 'continue' | 'variables' | 'shell' | 'list' | 'quit' | 'help';

/** A line that was typed, understood. */
export type Typed =
	| { readonly command: SimpleCommand }
	| { readonly command: 'until' | 'break' | 'delete'; readonly line: number }
	| { readonly command: 'breaks' }
	| { readonly command: 'print'; readonly names: readonly string[] }
	| { readonly command: 'evaluate' | 'instead'; readonly text: string }
	/** Without a text the command that it was is run again. */
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
		throw usageFailure(`${command} takes the number of a line`);
	};

const text =
	(command: 'evaluate' | 'instead') =>
	(rest: string): Typed => {
		if (rest !== '') return { command, text: rest };
		throw usageFailure(`${command === 'evaluate' ? 'eval' : command} takes a command`);
	};

const rows: readonly Row[] = [
	{ names: ['s', 'step'], takes: '', does: 'run this command, into functions', read: simple('step') },
	{ names: ['n', 'next'], takes: '', does: 'run this command, over functions', read: simple('next') },
	{ names: ['o', 'out'], takes: '', does: 'run on to the end of this function', read: simple('out') },
	{ names: ['c', 'continue'], takes: '', does: 'run on to a breakpoint or a failure', read: simple('continue') },
	{ names: ['u', 'until'], takes: 'LINE', does: 'run on to a line', read: line('until') },
	{
		names: ['b', 'break'],
		takes: '[LINE]',
		does: 'stop at a line each time; show where it stops',
		read: (rest) => (rest === '' ? { command: 'breaks' } : line('break')(rest)),
	},
	{ names: ['d', 'delete'], takes: 'LINE', does: 'stop there no more', read: line('delete') },
	{ names: ['back'], takes: '[STEPS]', does: 'restore the machine as it was before the last step (0: before this command)', read: readBack },
	{ names: ['r', 'retry'], takes: '[COMMAND]', does: 'go back, and run COMMAND in place of the line', read: (rest) => ({ command: 'retry', text: rest }) },
	{ names: ['i', 'instead'], takes: 'COMMAND', does: 'run COMMAND in place of this one', read: text('instead') },
	{ names: ['e', 'eval'], takes: 'COMMAND', does: "run COMMAND in the script's shell", read: text('evaluate') },
	{ names: ['p', 'print'], takes: 'NAME…', does: 'show variables', read: readNames },
	{ names: ['vars'], takes: '', does: 'show all that the script has set', read: simple('variables') },
	{ names: ['sh', 'shell'], takes: '', does: 'a root shell on the node; all nodes go on meanwhile', read: simple('shell') },
	{ names: ['l', 'list'], takes: '', does: 'show the script', read: simple('list') },
	{ names: ['q', 'quit'], takes: '', does: 'let the scripts run on to their end', read: simple('quit') },
	{ names: ['h', 'help', '?'], takes: '', does: 'show this', read: simple('help') },
];

function readBack(rest: string): Typed {
	if (rest === '') return { command: 'back', steps: 1 };
	if (/^\d{1,4}$/.test(rest)) return { command: 'back', steps: Number(rest) };
	throw usageFailure('back takes how many steps');
}

function readNames(rest: string): Typed {
	const names = rest.split(/\s+/).map((name) => name.replace(/^\$\{?(\w+)\}?$/, '$1'));
	if (names.every(isVariableName)) return { command: 'print', names };
	throw usageFailure('print takes names of variables', { hint: '`eval` shows anything else: eval echo "$1"' });
}

/** Understands a line; undefined for an empty one. @throws Failure `usage` for what is no command */
export function readTyped(typed: string): Typed | undefined {
	const [, word = '', rest = ''] = /^\s*(\S*)\s*(.*?)\s*$/s.exec(typed) ?? [];
	if (word === '' || word.startsWith('#')) return undefined;
	const row = rows.find(({ names }) => names.includes(word));
	if (!row) throw usageFailure(`there is no command '${word}'`, { hint: '`help` lists them' });
	if (row.takes === '' && rest !== '') throw usageFailure(`${row.names.at(-1) ?? word} takes nothing`);
	return row.read(rest);
}

/** Lines of help. */
export function helpLines(): string[] {
	const heads = rows.map(({ names, takes }) => [names.filter((name) => name !== '?').join(', '), takes].join(' ').trim());
	const width = Math.max(...heads.map((head) => head.length));
	return rows.map(({ does }, index) => `  ${(heads[index] ?? '').padEnd(width)}  ${does}`);
}
