/**
 * Values of flags as they were written, before the parser converts them: it reads every word but `true` behind a boolean
 * flag as false (`--cold=1` would not be cold), and no text behind a number as 0. Pure.
 */
import type { Options } from 'yargs';
import { usageFailure } from '../base/errors.js';
import type { Command } from './command.js';
import { truths } from './environment.js';

/** The words of a command line with `--flag=1` as `--flag=true`. @throws Failure `usage` for a value that is none */
export function withPlainValues(words: readonly string[], command: Command | undefined): string[] {
	const end = words.indexOf('--');
	const own = end < 0 ? words.length : end;
	return words.map((word, index) => (index < own ? plain(word, index + 1 < own ? words[index + 1] : undefined, command) : word));
}

function plain(word: string, next: string | undefined, command: Command | undefined): string {
	const [, dashes, name = '', value] = /^(--?)([\w-]+)(?:=([^]*))?$/.exec(word) ?? [];
	const options = command && flagOf(command, name);
	if (dashes === undefined || options === undefined) return word;
	if (options.type === 'number' && (value ?? next)?.trim() === '') throw usageFailure(`${dashes}${name} is empty`);
	if (options.type !== 'boolean' || value === undefined) return word;
	const truth = truths[value.toLowerCase()];
	if (truth === undefined) throw usageFailure(`${word}: expected 1 or 0`);
	return `${dashes}${name}=${truth}`;
}

const flagOf = ({ flags }: Command, name: string): Options | undefined => flags[name] ?? Object.values(flags).find(({ alias }) => alias === name);
