/**
 * What a shell may offer for the word that is being typed. Pure: the commands are given, and so is what there is of labs,
 * nodes, runs and topics.
 *
 * yargs has completion too. Its words for zsh and fish follow $SHELL, which is the login shell and not the one that asks;
 * it offers no paths in zsh beside words that do not match; and in fish it sees no word that is only just begun.
 */
import type { Options, PositionalOptions } from 'yargs';
import { oneLine } from '../base/format.js';
import { washedText } from '../base/wash.js';
import type { Command } from './command.js';

/** A word to offer. */
export interface Candidate {
	readonly word: string;
	/** A short description, for shells that show them. */
	readonly what: string;
}

/** What words of this name stand for, in positions and behind flags. */
export type Kind = 'lab' | 'up-lab' | 'node' | 'run' | 'topic';

/** What there is of a kind. `words` are those typed so far, without the one that is being typed. */
export type Lookup = (kind: Kind, words: readonly string[]) => Promise<readonly Candidate[]>;

/** Kinds by the names of positional arguments and flags. */
const kinds: Readonly<Record<string, Kind>> = { lab: 'lab', labs: 'lab', node: 'node', nodes: 'node', only: 'node', run: 'run', topic: 'topic', from: 'node', to: 'node' };

/** The positional arguments of a usage such as `cp <from> <to>` or `up [lab] [nodes..]`. */
const positionsOf = (usage: string): readonly string[] => [...usage.matchAll(/[<[]([\w-]+)(?:\.\.)?[>\]]/g)].map(([, name = '']) => name);

const isRepeated = (usage: string): boolean => /\.\.[>\]]$/.test(usage);

/**
 * The candidates for the last of `words`, which may be empty; the program itself is none of them. No candidates where
 * another program's words stand (behind `--`), and where only files would do: the shell has these.
 */
export async function candidatesFor(words: readonly string[], commands: readonly Command[], look: Lookup): Promise<readonly Candidate[]> {
	const before = words.slice(0, -1);
	const typed = words.at(-1);
	if (typed === undefined || before.includes('--')) return [];
	const found = await allFor(before, typed, commands, look);
	const offered = found.filter(({ word }) => word.startsWith(typed) && /^[\w@%+:=,./-]+$/.test(word));
	// A plan's words are among the descriptions: in two lines they would be a candidate of their own.
	return offered.map(({ word, what }) => ({ word, what: oneLine(washedText(what)) }));
}

async function allFor(before: readonly string[], typed: string, commands: readonly Command[], look: Lookup): Promise<readonly Candidate[]> {
	const asked = before.find((word) => !word.startsWith('-'));
	const command = commands.find(({ name }) => name === asked);
	if (!command) {
		if (asked !== undefined) return [];
		return typed.startsWith('-')
			? [{ word: '--help', what: 'what there is' }, { word: '--version', what: 'its version, QEMU’s and the image’s' }]
			: commands.filter(({ describe }) => describe !== '').map(({ name, describe }) => ({ word: name, what: describe }));
	}
	const { flags, positionals, usage } = command;
	const [assigned, flag = ''] = /^--([\w-]+)=/.exec(typed) ?? [];
	if (assigned !== undefined) return (await valuesOf(flag, flags[flag], before, look)).map((one) => ({ ...one, word: assigned + one.word }));
	if (typed.startsWith('-')) return flagsOf(flags);
	const last = flagNamed(before.at(-1) ?? '', flags);
	if (last && takesValue(flags[last])) return valuesOf(last, flags[last], before, look);

	const names = positionsOf(usage);
	const given = before.filter((word, index) => {
		const name = flagNamed(before[index - 1] ?? '', flags);
		return !word.startsWith('-') && !(name && takesValue(flags[name]));
	}).length - 1;
	const name = names[given] ?? (isRepeated(usage) ? names.at(-1) : undefined);
	return name === undefined ? [] : valuesOf(name, positionals[name], before, look, command.name);
}

/** The flag that a word is, without its dashes. */
const flagNamed = (word: string, flags: Command['flags']): string | undefined => {
	const name = /^--([\w-]+)$/.exec(word)?.[1];
	return name !== undefined && Object.hasOwn(flags, name) ? name : undefined;
};

const takesValue = (options: Options | undefined): boolean => options?.type !== 'boolean';

const flagsOf = (flags: Command['flags']): readonly Candidate[] => [
	...Object.entries(flags).map(([name, { type, default: preset, describe = '' }]) => ({
		word: type === 'boolean' && preset === true ? `--no-${name}` : `--${name}`,
		what: describe,
	})),
	{ word: '--help', what: 'what its arguments and flags mean' },
];

/** Commands whose LAB is one that is up. */
const ofLabsUp = new Set(['down', 'status']);

async function valuesOf(
	name: string,
	options: Options | PositionalOptions | undefined,
	words: readonly string[],
	look: Lookup,
	command?: string,
): Promise<readonly Candidate[]> {
	if (options?.choices) return [options.choices].flat().map((choice) => ({ word: String(choice), what: '' }));
	const kind = kinds[name];
	if (kind === undefined) return [];
	// The flag --lab chooses one of those that are up; the argument LAB is a plan.
	if (kind === 'lab' && (command === undefined || ofLabsUp.has(command))) return look('up-lab', words);
	const found = await look(kind, words);
	return command === 'cp' ? found.map((one) => ({ ...one, word: `${one.word}:` })) : found;
}
