/** What came of each kill, kept from part to part, and what it adds up to. */
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { NumberedBlow } from './blows.js';

/** A kill that was judged. */
export interface Judged extends NumberedBlow {
	/** Whether there was anything left to be killed; a blow that comes too late is no kill. */
	readonly hasHit: boolean;
	/** What was left, or did not work afterwards, a sentence each. */
	readonly problems: readonly string[];
	readonly ms: number;
	/** When it was judged, as ISO 8601 has it. */
	readonly at: string;
}

/** The kills of earlier parts; a line of JSON each. */
export async function readLedger(file: string): Promise<readonly Judged[]> {
	const text = await readFile(file, 'utf8').catch(() => '');
	return text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as Judged);
}

export async function enter(file: string, judged: Judged): Promise<void> {
	await mkdir(path.dirname(file), { recursive: true });
	await appendFile(file, `${JSON.stringify(judged)}\n`);
}

/** The blows that no part has come to yet. */
export function missing(blows: readonly NumberedBlow[], ledger: readonly Judged[]): readonly NumberedBlow[] {
	const done = new Set(ledger.map(({ kind, number }) => `${kind} ${number}`));
	return blows.filter(({ kind, number }) => !done.has(`${kind} ${number}`));
}

/** A row of Markdown for each kind, and one for all of them. */
export function renderLedger(ledger: readonly Judged[]): string {
	const row = (kind: string, all: readonly Judged[]) => {
		const kills = all.filter(({ hasHit }) => hasHit);
		const bad = kills.filter(({ problems }) => problems.length > 0).length;
		return `| ${kind} | ${kills.length} | ${bad} | ${all.length - kills.length} |`;
	};
	const names = [...new Set(ledger.map(({ kind }) => kind))];
	const rows = names.map((name) => row(name, ledger.filter(({ kind }) => kind === name)));
	return `${['| kind | kills | left something, or broke what came next | too late |', '|---|---|---|---|', ...rows, row('all', ledger)].join('\n')}\n`;
}
