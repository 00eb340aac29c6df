/** The run in Markdown, for the summary of a CI job. What plans and guests wrote is text in it, and nothing else. */
import { formatMs, lastLines, oneLine, truncated, withoutControls } from '../base/format.js';
import { outboundFindings } from '../outcome/outbound.js';
import { errorOf, nodeStatus, testStatus, verdictOf } from '../outcome/result.js';
import { isBad, robustnessItems } from '../outcome/robustness.js';
import { allAssertions, allScripts, assertionStatus, type RunState } from '../outcome/state.js';
import { scriptsToRun } from '../outcome/origins.js';
import { scriptFailure } from './checks.js';
import { errorSentence, nextCommand, tally, verdictPhrase } from './closing.js';
import { failureSentences } from './failures.js';
import { leftOutSentence, waivedSentence } from './findings.js';
import { outboundSentence } from './outbound.js';
import { badEnding, mark, type AnyStatus } from './text.js';

/** Lines of output that are quoted. */
const quotedLines = 15;

/** Characters of an output of which its end is quoted. */
const maximumQuoted = 20_000;

/** Items of a list. */
const maximumItems = 50;

/** Characters of the whole; GitHub takes a mebibyte. */
const maximumLength = 200_000;

/** The summary, ending in a newline. `drawing` is a diagram in Mermaid. */
export function markdownSummary(state: RunState, drawing?: string): string {
	const tallies = [
		tally(scriptsToRun(state).map(({ outcome }) => outcome?.status ?? 'not run')),
		tally(allAssertions(state).map(assertionStatus)),
	];
	const blocks = [
		`## ${sign(verdictOf(state))} ${text(state.lab || 'the lab')} ${text(verdictPhrase(state))}`,
		[`- startup scripts: ${tallies[0] ?? 'none'}`, `- assertions: ${tallies[1] ?? 'none'}`].join('\n'),
		...failures(state),
		...(drawing === undefined ? [] : [fenced(drawing, 'mermaid')]),
		table(['Node', 'State', 'Startup script'], state.nodes.map((node) => [
			text(node.name),
			sign(nodeStatus(state, node)),
			node.scripts.map(({ script, outcome }) => text(outcome ? `${script}: ${outcome.status === 'passed' ? `passed in ${formatMs(outcome.ms)}` : scriptFailure(outcome)}` : `${script}: not run`)).join('<br>'),
		])),
		table(['Test', 'State', 'Assertions'], state.tests.map((test) => [
			text(test.name),
			sign(testStatus(test)),
			tally(test.assertions.map(assertionStatus)) ?? '',
		])),
		...list('Outbound connections', outboundFindings(state).map(outboundSentence)),
		...list('To know', state.notices.map(({ node, message }) => (node === undefined ? message : `${node}: ${message}`))),
		...list('Left to deployment time', state.warnings),
		...list('Left out of the rehearsal', state.leftOut.map(leftOutSentence)),
		...list('Waived findings of the plan', state.waived.map(waivedSentence)),
	];
	const whole = blocks.filter((block) => block !== '').join('\n\n');
	return `${whole.length <= maximumLength ? whole : `${whole.slice(0, maximumLength)}\n\n… cut here`}\n`;
}

function failures(state: RunState): string[] {
	const error = errorOf(state);
	// What was reported is among the failures; where nothing was, the state itself has the reason.
	const reasons = error === undefined ? [] : [...(state.errors.length === 0 ? [errorSentence(error)] : []), ...(error.hint === undefined ? [] : [`hint: ${error.hint}`])];
	const sentences = [...failureSentences(state), ...robustnessSentences(state), ...reasons].slice(0, maximumItems);
	const outputs = allScripts(state).flatMap(({ outcome }) =>
		outcome && outcome.status !== 'passed' && outcome.output.trim() !== ''
			? [`Output of ${text(outcome.script)} on ${text(outcome.node)}:`, fenced(quotedEnd(outcome.output))]
			: [],
	);
	const next = nextCommand(state);
	return [
		...(sentences.length === 0 ? [] : ['### Where it broke', sentences.map((sentence) => `- ${text(truncated(sentence, 500))}`).join('\n')]),
		...outputs,
		...(next === undefined ? [] : ['Next:', fenced(next)]),
	];
}

const robustnessSentences = (state: RunState): string[] =>
	robustnessItems(state).flatMap(({ check, node, name, status, reported }) =>
		isBad(status) ? [`${node === undefined ? '' : `${node}: `}${check}: ${name} ${badEnding(status)}${reported[0] === undefined ? '' : `: ${oneLine(reported[0])}`}`] : [],
	);

const list = (heading: string, items: readonly string[]): string[] =>
	items.length === 0 ? [] : [`<details><summary>${heading}: ${items.length}</summary>\n\n${items.slice(0, maximumItems).map((item) => `- ${text(truncated(item, 500))}`).join('\n')}\n\n</details>`];

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
	rows.length === 0 ? '' : [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const sign = (status: AnyStatus): string => `${mark(status)} ${status}`;

/** A text in one line, of which Markdown and HTML make nothing: all but letters, digits and a few marks by their numbers. */
const text = (plain: string): string =>
	oneLine(plain).replaceAll(/[^\p{L}\p{N} .,;()'/=+-]/gu, (character) => `&#${character.codePointAt(0) ?? 0};`);

/** The end of an output, of lines and of a length that a summary can hold. */
const quotedEnd = (output: string): string =>
	lastLines(withoutControls(output.slice(-maximumQuoted)), quotedLines)
		.split('\n')
		.map((line) => truncated(line, 300))
		.join('\n');

/** A block of text as it is, in a fence that is longer than any in it. */
function fenced(content: string, language = 'text'): string {
	const longest = Math.max(2, ...[...content.matchAll(/`+/g)].map(([ticks]) => ticks.length));
	const fence = '`'.repeat(longest + 1);
	return `${fence}${language}\n${content.trimEnd()}\n${fence}`;
}
