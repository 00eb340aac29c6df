/** Findings that their author has waived where they are: by a comment in a script, or a key of the plan. */
import { oneLine } from '../../base/format.js';
import type { PlanDocument } from '../schema.js';
import type { PlanPath } from '../types.js';

/** A rule of which findings are waived. */
export interface Waiver {
	/** As it was written: it may be none. */
	readonly rule: string;
	/** Where it is, and why it is there. */
	readonly why: string;
	/** The part of the plan that it counts for; nothing for the whole. */
	readonly of: PlanPath;
	/** Its own place in the plan; absent for a comment. */
	readonly path?: PlanPath;
	/** Of a comment: the 1-based line of the script that it counts for, where that is not the whole script. */
	readonly line?: number;
	/** Of a comment: its own line. */
	readonly commentLine?: number;
}

/** `# rehearse: waive RULE, RULE: why`, on a line of its own or behind a command. */
const comment = /(?:^|\s)#\s*rehearse:\s*waive\s+([\w-]+(?:\s*,\s*[\w-]+)*)\s*(?:[:(–-]+\s*(.*?)\)?)?\s*$/;

/**
 * What comments of a script waive: behind a command for that line, on a line of its own for the next command, and above the
 * first command for the whole script.
 */
export function waiversOfScript(text: string): readonly Waiver[] {
	if (!text.includes('rehearse:')) return [];
	const lines = text.split('\n');
	const isCode = (line: string): boolean => /^\s*[^\s#]/.test(line);
	const firstCommand = lines.findIndex(isCode);
	return lines.flatMap((line, index) => {
		const [, rules, reason = ''] = comment.exec(line) ?? [];
		if (rules === undefined) return [];
		const next = isCode(line) ? index : lines.findIndex((other, at) => at > index && isCode(other));
		const isForAll = !isCode(line) && (firstCommand === -1 || index < firstCommand);
		const why = `by a comment in line ${index + 1}${reason === '' ? '' : `: ${oneLine(reason)}`}`;
		return rules.split(/\s*,\s*/).map((rule): Waiver => ({ rule, why, of: [], commentLine: index + 1, ...(isForAll ? {} : { line: next + 1 }) }));
	});
}

/** The waivers in the keys `waive` of a plan and of its nodes. */
export function waiversOfPlan(document: PlanDocument): readonly Waiver[] {
	const read = (entries: PlanDocument['waive'], of: PlanPath): readonly Waiver[] =>
		(entries ?? []).map((entry, index): Waiver => {
			const { rule, why = '' } = typeof entry === 'string' ? { rule: entry } : entry;
			return { rule, why: `by the plan${why === '' ? '' : `: ${oneLine(why)}`}`, of, path: [...of, 'waive', index] };
		});
	return [...read(document.waive, []), ...document.nodes.flatMap(({ waive }, index) => read(waive, ['nodes', index]))];
}
