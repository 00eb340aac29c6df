/** The flags of all commands as Markdown, made of the definitions that read them. Pure. */
import type { Options } from 'yargs';
import type { Command } from './command.js';
import { variableOf } from './environment.js';

/** `rehearse help flags`. */
export const flagsText = (commands: readonly Command[]): string => {
	const intro = '# The flags of all commands\n\nEach can be given as a variable too, which is named behind it, of a list with spaces between its words; a flag of the command line outweighs it.\n';
	return `${[intro, ...commands.filter(({ describe }) => describe !== '').map(ofCommand)].join('\n')}`;
};

const ofCommand = ({ usage, describe, flags }: Command): string => {
	const lines = Object.entries(flags).filter(([, { hidden }]) => !hidden).map(([name, options]) => `- \`${written(name, options)}\` ${options.describe ?? ''}${presetOf(options)} (${variable(name, options)})\n`);
	return `## rehearse ${usage}\n\n${describe}\n${lines.length > 0 ? `\n${lines.join('')}` : ''}`;
};

const isNegated = ({ type, default: preset }: Options): boolean => type === 'boolean' && preset === true;

const written = (name: string, options: Options): string => {
	if (isNegated(options)) return `--no-${name}`;
	if (options.choices) return `--${name} ${[options.choices].flat().join('|')}`;
	return options.type === 'boolean' ? `--${name}` : `--${name} ${options.type === 'number' ? 'NUMBER' : name.replace(/^.*-/, '').toUpperCase()}`;
};

const variable = (name: string, options: Options): string => variableOf(isNegated(options) ? `no-${name}` : name);

const presetOf = ({ type, default: preset }: Options): string =>
	preset === undefined || type === 'boolean' || (Array.isArray(preset) && preset.length === 0) ? '' : `; by default ${String(preset)}`;
