import { randomBytes } from 'node:crypto';
import { lstatSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { ExitCode, reasonOf, usageFailure } from '../base/errors.js';
import { makeWritableDirectory, withFile } from '../base/files.js';
import { pasteable } from '../base/shell.js';
import { bundledLabs, planFiles } from '../plan/find.js';
import { labNameFrom, starterBases, starterFiles, starterProblem, type StarterChoices, type StarterFile } from '../plan/starter.js';
import { layOutColumns, painter } from '../report/text.js';
import { askOn, canAsk } from './questions.js';
import type { Terminal } from './terminal.js';

/** What flags have chosen; the rest is asked, or as the defaults are. */
export interface InitChoices {
	readonly name?: string | undefined;
	/** Of the node that serves, and of the node that reads. */
	readonly nodes?: readonly string[] | undefined;
	readonly subnet?: string | undefined;
	readonly base?: StarterChoices['base'] | undefined;
	readonly format?: StarterChoices['format'] | undefined;
}

export interface InitOptions extends InitChoices {
	/** The lab's directory, made where it is missing. */
	readonly directory: string;
	/** Whether to ask nothing, also on a terminal. */
	readonly yes: boolean;
	readonly json: boolean;
	readonly terminal: Terminal;
}

/**
 * `rehearse init`: writes a small lab that passes. It overwrites nothing: where one of its files is there, or any plan, it
 * writes none.
 * @throws Failure `usage` for a bad choice, for files that are there, and for a directory that cannot be written to
 */
export async function initCommand({ directory, yes, json, terminal, ...given }: InitOptions): Promise<ExitCode> {
	const target = path.resolve(directory);
	refuseExisting(target, planFiles);
	const choices = await complete(checked(given), target, !yes && !json && canAsk(terminal) ? terminal : undefined);
	const files = starterFiles(choices);
	refuseExisting(target, files.map((file) => file.path));
	await writeAll(target, files);
	const lab = bundledLabs().includes(directory) ? `./${directory}` : directory;
	if (json) {
		const written = files.map((file) => path.join(target, file.path));
		terminal.stdout.write(`${JSON.stringify({ schema: 1, lab: choices.name, directory: target, files: written }, undefined, 2)}\n`);
		return ExitCode.passed;
	}
	const rows = files.map((file) => [{ text: path.join(directory, file.path) }, { text: file.what, style: 'dim' as const }]);
	const next = ['check', 'run'].map((command) => `  ${pasteable(['rehearse', command, lab])}\n`);
	terminal.stdout.write(`${layOutColumns(rows, painter(terminal.stdoutColor)).join('\n')}\n\nNext:\n${next.join('')}`);
	return ExitCode.passed;
}

/** @throws Failure `usage` for the first choice that is none */
function checked(given: InitChoices): InitChoices {
	const { name, nodes, subnet } = given;
	const [server = '', client = ''] = nodes ?? [];
	const problems = {
		name: name === undefined ? undefined : starterProblem.name(name),
		nodes: nodes && (nodes.length === 2 ? (starterProblem.node(server) ?? starterProblem.node(client, [server])) : 'expected two names'),
		subnet: subnet === undefined ? undefined : starterProblem.subnet(subnet),
	};
	for (const [flag, problem] of Object.entries(problems)) {
		if (problem !== undefined) throw usageFailure(`--${flag} ${[given[flag as keyof typeof problems]].flat().join(' ')}: ${problem}`);
	}
	return given;
}

/** Fills in what was not given: by questions where there is a terminal, else by the defaults. */
async function complete(given: InitChoices, target: string, terminal: Terminal | undefined): Promise<StarterChoices> {
	const preset = { name: labNameFrom(path.basename(target)), nodes: ['web', 'client'], subnet: '10.80.0.0/24', base: starterBases[0] } as const;
	const questions = terminal && (await askOn(terminal));
	const text = (question: string, value: string, problem: (answer: string) => string | undefined) =>
		questions ? questions.text(question, value, problem) : Promise.resolve(value);
	const choice = <T extends string>(question: string, values: readonly T[], value: T) =>
		questions ? questions.choice(question, values, value) : Promise.resolve(value);

	const name = given.name ?? (await text('Name of the lab', preset.name, starterProblem.name));
	const server = given.nodes?.[0] ?? (await text('Name of the node that serves', preset.nodes[0], starterProblem.node));
	const client = given.nodes?.[1] ?? (await text('Name of the node that uses it', preset.nodes[1], (answer) => starterProblem.node(answer, [server])));
	const subnet = given.subnet ?? (await text('Network of the lab', preset.subnet, starterProblem.subnet));
	const base = given.base ?? (await choice('Debian', starterBases, preset.base));
	const format = given.format ?? (await choice('Format of the plan', ['yaml', 'json'] as const, 'yaml'));
	return { name, server, client, subnet, base, format, password: randomBytes(8).toString('hex') };
}

/** @throws Failure `usage` where one of the files is there, as whatever it is */
function refuseExisting(directory: string, files: readonly string[]): void {
	const found = files.filter((file) => isTaken(path.join(directory, file)));
	if (found.length === 0) return;
	throw usageFailure(`${directory} has ${found.join(', ')} already; nothing was written`, { hint: 'rehearse init OTHER-DIRECTORY' });
}

/** Whether a path has anything at it, a dangling link too. What cannot be looked at is reported when it is written. */
function isTaken(file: string): boolean {
	try {
		lstatSync(file);
		return true;
	} catch {
		return false;
	}
}

/** Writes all files, or none: those that are written go again where one cannot be. */
async function writeAll(directory: string, files: readonly StarterFile[]): Promise<void> {
	const written: string[] = [];
	try {
		for (const { path: name, text, isExecutable } of files) {
			const file = path.join(directory, name);
			await makeWritableDirectory(path.dirname(file));
			// `wx`: no file that somebody has made meanwhile is overwritten, and no link is followed.
			await withFile(file, 'wx', (handle) => (written.push(file), handle.writeFile(text)), isExecutable ? 0o755 : 0o644);
		}
	} catch (error) {
		for (const file of written) await rm(file, { force: true });
		throw usageFailure(`the lab cannot be written to ${directory}: ${reasonOf(error)}`, { cause: error });
	}
}
