/** What `doctor` prints: a table for people, one object for programs. */
import { plural } from '../base/format.js';
import { isBlocking, type CheckedRequirement, type RequirementStatus } from '../base/requirement.js';
import { layOutColumns, painter, wrapWords, type Style } from './text.js';

const styles: Readonly<Record<RequirementStatus, Style>> = {
	ok: 'green',
	warning: 'yellow',
	missing: 'red',
	'too old': 'red',
};

/** Whether a rehearsal can run with what was found. */
export const canRun = (checked: readonly CheckedRequirement[]): boolean => !checked.some(isBlocking);

/** What is longer than this is printed below its row, where it does not push the columns apart. */
const maximumCell = 60;
const proseWidth = 96;

/** A row for each requirement, below it what fixes it, and a closing sentence; ends with a newline. */
export function renderRequirements(checked: readonly CheckedRequirement[], options: { readonly color: boolean }): string {
	const paint = painter(options.color);
	const rows = layOutColumns(
		checked.map(({ status, title, found, needed }) => [
			{ text: status, style: styles[status] },
			{ text: title },
			{ text: found.length > maximumCell ? '' : found },
			{ text: `needed: ${needed}`, style: 'dim' },
		]),
		paint,
	);
	// Below the second column of its row, two blanks behind the widest status.
	const indent = ' '.repeat(2 + Math.max(...checked.map(({ status }) => status.length)));
	const lines = checked.flatMap(({ found, fix }, index) => [
		...rows.slice(index, index + 1),
		...(found.length > maximumCell ? wrapWords(found, proseWidth).map((line) => indent + line) : []),
		...(fix === undefined ? [] : [`${indent}→ ${paint('bold', fix)}`]),
	]);
	return `${[...lines, '', conclude(checked)].join('\n')}\n`;
}

function conclude(checked: readonly CheckedRequirement[]): string {
	const blocking = checked.filter(isBlocking).length;
	const warnings = checked.filter(({ status }) => status === 'warning').length;
	const notes = warnings === 0 ? '' : ` (${plural(warnings, 'warning')})`;
	if (blocking === 0) return `A rehearsal can run on this host${notes}.`;
	return `A rehearsal cannot run on this host yet: ${plural(blocking, 'thing')} to fix${notes}.`;
}

/** The same for programs. */
export const requirementsObject = (checked: readonly CheckedRequirement[]) => ({
	schema: 1,
	can_run: canRun(checked),
	requirements: checked.map(({ id, title, status, found, needed, fix }) => ({
		id,
		title,
		status,
		found,
		needed,
		...(fix === undefined ? {} : { fix }),
	})),
});
