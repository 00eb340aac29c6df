/**
 * The closing summary: what happened, in the order of the lab, then what to do, then the verdict. The verdict comes
 * last because the end of a log is what people see first.
 */
import { oneLine } from '../base/format.js';
import { keptMachines, type Detached, type RunState } from '../outcome/state.js';
import { nodeSection, testSection } from './checks.js';
import { closingSection, errorSection } from './closing.js';
import { outboundSection } from './outbound.js';
import { leftOutSentence, waivedSentence } from './findings.js';
import { indented, layOutColumns, painter, wrapWords, type Paint, type TextOptions } from './text.js';
import { robustnessSections } from './robustness-sections.js';

/** The summary of a run, as text that ends in a newline. `page` is the file of its page, where there is one. */
export function summary(state: RunState, options: TextOptions & { readonly page?: string | undefined }): string {
	const paint = painter(options.color);
	const kept = keptMachines(state);
	const sections = [
		nodeSection(state, paint),
		testSection(state, options.width, paint),
		...robustnessSections(state, options.width, paint),
		outboundSection(state, paint),
		noticeSection(state, options.width, paint),
		warningSection(state, options.width, paint),
		leftOutSection(state, options.width, paint),
		listSection('Waived findings of the plan', state.waived.map(waivedSentence), options.width, paint),
		errorSection(state, options.width, paint),
		kept ? detachedSection(kept, paint) : [],
		closingSection(state, options.width, paint, options.page),
	];
	return `${sections
		.filter((lines) => lines.length > 0)
		.map((lines) => lines.join('\n'))
		.join('\n\n')}\n`;
}

/** How to get into the machines of a lab that was left running, and how to end it; ends in a newline. */
export const detachedText = (detached: Pick<Detached, 'commands' | 'end'>, options: Pick<TextOptions, 'color'>): string =>
	`${detachedSection(detached, painter(options.color)).join('\n')}\n`;

const detachedSection = (detached: Pick<Detached, 'commands' | 'end'>, paint: Paint): string[] => [
	paint('bold', 'The machines are still running'),
	...indented(
		layOutColumns(
			[
				...detached.commands.map(({ node, ssh }) => [{ text: node }, { text: ssh }]),
				[{ text: 'to end them' }, { text: detached.end }],
			],
			paint,
		),
		2,
	),
];

const noticeSection = (state: RunState, width: number, paint: Paint): string[] =>
	listSection(
		'To know',
		state.notices.map(({ node, message }) => (node === undefined ? message : `${node}: ${message}`)),
		width,
		paint,
	);

const warningSection = (state: RunState, width: number, paint: Paint): string[] =>
	listSection('Left to deployment time', state.warnings, width, paint);

const leftOutSection = (state: RunState, width: number, paint: Paint): string[] =>
	listSection('Left out of the rehearsal', state.leftOut.map(leftOutSentence), width, paint);

/** How many lines of an item are shown: systemd's report of its units has some ten for each. */
const itemLines = 25;

/** An item line by line, as it was reported, and how much is left out of it. */
function firstLines(item: string): readonly string[] {
	const lines = item.trimEnd().split('\n').map(oneLine);
	return lines.length <= itemLines ? lines : [...lines.slice(0, itemLines), `… (${lines.length - itemLines} more lines)`];
}

const listSection = (heading: string, items: readonly string[], width: number, paint: Paint): string[] =>
	items.length === 0
		? []
		: [
				paint('bold', heading),
				...items.flatMap((item) =>
					firstLines(item).flatMap((line) => wrapWords(line, width - 4)).map((line, index) => (index === 0 ? `  – ${line}` : `    ${line}`)),
				),
			];
