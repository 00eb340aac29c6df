/** What has passed in the bed, kept from session to session, as a table for people. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { formatMs } from '../../src/base/format.js';
import type { Step } from './steps.js';

export interface StepResult {
	readonly status: 'passed' | 'failed';
	readonly ms: number;
	/** When it ended, as ISO 8601 has it. */
	readonly at: string;
	/** What was measured on the way. */
	readonly note?: string;
	readonly message?: string;
}

/** By the names of steps. */
export type Results = Readonly<Record<string, StepResult>>;

export const readResults = async (file: string): Promise<Results> =>
	readFile(file, 'utf8').then(
		(text) => JSON.parse(text) as Results,
		() => ({}),
	);

export async function writeResults(file: string, results: Results): Promise<void> {
	await writeFile(`${file}.new`, `${JSON.stringify(results, undefined, '\t')}\n`);
	await rename(`${file}.new`, file);
}

/** A row of Markdown for each step, as bin/help/kvm.md has them. */
export function renderResults(steps: readonly Step[], results: Results): string {
	const rows = steps.map(({ name, what }) => {
		const result = results[name];
		if (!result) return `| ${what} | not run | |`;
		return `| ${what} | ${result.status}, ${result.at.slice(0, 10)} | ${formatMs(result.ms)}${result.note === undefined ? '' : `; ${result.note}`} |`;
	});
	const failures = steps.flatMap(({ name }) => {
		const message = results[name]?.message;
		return message === undefined ? [] : [`\n${name} failed: ${message}`];
	});
	return `${['| step | result | took |', '|---|---|---|', ...rows, ...failures].join('\n')}\n`;
}
