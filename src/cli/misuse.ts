/** What the parser finds amiss with a command line, told with the command's own names and with what would be right. Pure. */
import { type Failure, usageFailure } from '../base/errors.js';
import { closest } from '../plan/keys.js';
import type { Command } from './command.js';

/** What a kind of complaint becomes. `command` is the one that the words name. */
type Telling = (match: readonly string[], command: Command | undefined, words: readonly string[], commands: readonly Command[]) => Failure;

const listed = '`rehearse --help` lists the commands, `rehearse COMMAND --help` the flags of one';

/** `runs [action] [run..]` as `rehearse runs [ACTION] [RUN…]`. */
const usageOf = ({ usage }: Command): string =>
	`rehearse ${usage.replace(/([<[])([^>\]]+)[>\]]/g, (_all, open: string, name: string) => {
		const shown = name.replace('..', '…').toUpperCase();
		return open === '<' ? shown : `[${shown}]`;
	})}`;

const hintOf = (command: Command | undefined): string => (command === undefined ? listed : `\`rehearse ${command.name} --help\` has its flags`);

const dashed = (flag: string): string => (flag.length === 1 ? `-${flag}` : `--${flag}`);

const camelCase = (flag: string): string => flag.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());

const unknownCommand: Telling = ([, names = ''], command, _words, commands) => {
	if (command !== undefined) return usageFailure(`\`rehearse ${command.name}\` does not take ${names}`, { hint: usageOf(command) });
	const meant = closest(names, commands.map(({ name }) => name));
	return usageFailure(`unknown command: ${names}`, { hint: meant === undefined ? listed : `did you mean \`rehearse ${meant}\`?` });
};

const unknownFlag: Telling = ([, names = ''], command, words, commands) => {
	const all = names.split(', ');
	// The parser names a flag of two words twice.
	const unknown = all.filter((name) => !all.some((other) => other !== name && camelCase(other) === name));
	const isFlag = (name: string): boolean => words.some((word) => word.startsWith('-') && word.replace(/^-+/, '').startsWith(name));
	const [first = ''] = unknown;
	if (!unknown.some(isFlag)) return unknownCommand(['', unknown.join(', ')], command, words, commands);
	const meant = closest(first, Object.entries(command?.flags ?? {}).filter(([, { hidden }]) => !hidden).map(([name]) => name));
	const shown = unknown.map((name) => (isFlag(name) ? dashed(name) : name)).join(', ');
	return usageFailure(`unknown flag: ${shown}`, { hint: meant === undefined ? hintOf(command) : `did you mean --${meant}?` });
};

const noValue: Telling = ([, flag = ''], command) => {
	const { choices, nargs = 1 } = command?.flags[flag] ?? {};
	const wanted = choices === undefined ? `needs ${nargs === 2 ? 'two values' : 'a value'}` : `expected ${choices.join(', ')}`;
	return usageFailure(`${dashed(flag)}${choices === undefined ? ' ' : ': '}${wanted}`, { hint: hintOf(command) });
};

const tooFewArguments: Telling = ([, got = '0'], command) => {
	const required = [...(command?.usage.matchAll(/<([^>]+)>/g) ?? [])].map(([, name = '']) => name.replace('..', '').toUpperCase());
	const missing = required.slice(Number(got));
	return usageFailure(`${missing.length === 0 ? 'an argument' : missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} missing`, { hint: command === undefined ? listed : usageOf(command) });
};

const requiredFlag: Telling = ([, flags = ''], command) =>
	usageFailure(`${flags.split(', ').map(dashed).join(' and ')} is missing`, { hint: hintOf(command) });

const wrongChoice: Telling = ([lines = ''], command) => {
	const all = [...lines.matchAll(/^\s*Argument: (\S+), Given: (.*), Choices: (.*)$/gm)].map(([, name = '', given = '', choices = '']) => {
		const word = given.replace(/^"(.*)"$/, '$1');
		return `${name in (command?.positionals ?? {}) ? name.toUpperCase() : dashed(name)} ${word}: expected ${choices.replaceAll('"', '')}`;
	});
	return usageFailure(all.join('; '), { hint: hintOf(command) });
};

/** What the parser says, in the words of its locale en, and who tells it. */
const tellings: readonly (readonly [RegExp, Telling])[] = [
	[/^Unknown commands?: (.+)$/, unknownCommand],
	[/^Unknown arguments?: (.+)$/, unknownFlag],
	[/^Not enough arguments following: (\S+)$/, noValue],
	[/^Not enough non-option arguments: got (\d+)/, tooFewArguments],
	[/^Missing required arguments?: (.+)$/, requiredFlag],
	[/^Invalid values:\n[^]*$/, wrongChoice],
];

/** The command that the words of a command line name: the first that is one. */
export const namedCommand = (words: readonly string[], commands: readonly Command[]): Command | undefined =>
	words.flatMap((word) => commands.find(({ name }) => name === word) ?? [])[0];

/** Makes a failure of what the parser says about `words`, the command line. */
export function misused(message: string, words: readonly string[], commands: readonly Command[]): Failure {
	const command = namedCommand(words, commands);
	for (const [pattern, tell] of tellings) {
		const match = pattern.exec(message);
		if (match) return tell(match, command, words, commands);
	}
	return usageFailure(message, { hint: hintOf(command) });
}
