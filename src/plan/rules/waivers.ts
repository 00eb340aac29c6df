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

/** The beginning of `# rehearse: waive RULE, RULE: why`, on a line of its own or behind a command. */
const head = /(?:^|\s)#\s*rehearse:\s*waive\s+/g;
const ruleList = /[\w-]+(?:\s*,\s*[\w-]+)*/y;

/** The rules that the comment in a line waives, and why; nothing for any other line. */
function readComment(line: string): { readonly rules: readonly string[]; readonly reason: string } | undefined {
	const text = line.trimEnd();
	for (const { 0: found, index } of text.matchAll(head)) {
		ruleList.lastIndex = index + found.length;
		const list = ruleList.exec(text)?.[0];
		if (list === undefined) continue;
		const behind = text.slice(index + found.length + list.length).trimStart();
		if (behind === '') return { rules: splitRules(list), reason: '' };
		const separator = /^[:(–-]+/.exec(behind)?.[0];
		if (separator !== undefined) return { rules: splitRules(list), reason: reasonIn(behind.slice(separator.length)) };
		// A dash between words may be one before the reason: `waive a-rule because` names a rule that there is not.
		const dash = list.lastIndexOf('-');
		if (/[\w-]/.test(list[dash - 1] ?? '')) return { rules: splitRules(list.slice(0, dash)), reason: reasonIn(list.slice(dash + 1) + text.slice(index + found.length + list.length)) };
	}
	return undefined;
}

const splitRules = (list: string): readonly string[] => list.split(/\s*,\s*/);

/** What is behind the rules, without the bracket that it may be in. */
const reasonIn = (text: string): string => text.trimStart().replace(/\)$/, '').trimEnd();

/**
 * What comments of a script waive: behind a command for that line, on a line of its own for the next command, and above the
 * first command for the whole script.
 */
export function waiversOfScript(text: string): readonly Waiver[] {
	if (!text.includes('rehearse:')) return [];
	const lines = text.split('\n');
	const isCode = (line: string): boolean => /^\s*[^\s#]/.test(line);
	const firstCommand = lines.findIndex(isCode);
	const nextCode = nextOf(lines.map(isCode));
	return lines.flatMap((line, index) => {
		const { rules, reason } = readComment(line) ?? { rules: [], reason: '' };
		const isForAll = !isCode(line) && (firstCommand === -1 || index < firstCommand);
		const why = `by a comment in line ${index + 1}${reason === '' ? '' : `: ${oneLine(reason)}`}`;
		return rules.map((rule): Waiver => ({ rule, why, of: [], commentLine: index + 1, ...(isForAll ? {} : { line: (nextCode[index] ?? -1) + 1 }) }));
	});
}

/** For each place the next one, itself included, that holds; -1 where there is none. */
function nextOf(holds: readonly boolean[]): readonly number[] {
	let next = -1;
	return holds.map((_, behind) => {
		const index = holds.length - 1 - behind;
		if (holds[index]) next = index;
		return next;
	}).reverse();
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
