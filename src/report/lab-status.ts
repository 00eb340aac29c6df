/** Texts about labs that are kept running: once they are up, and whenever somebody asks for their status. */
import * as shell from '../base/shell.js';
import { formatMs, oneLine, plural } from '../base/format.js';
import type { RunState } from '../outcome/state.js';
import type { NodeStatus } from '../protocol/requests.js';
import { nodeSection } from './checks.js';
import { originSentences } from './origins.js';
import { indented, layOutColumns, painter, wrapWords, type TextOptions } from './text.js';

/** A lab that is up, as text that ends in a newline: its nodes, and what to do with it. */
export function readyText(state: RunState, { color, width }: TextOptions): string {
	const paint = painter(color);
	const failed = state.nodes.flatMap(({ scripts }) => scripts).filter(({ outcome }) => outcome && outcome.status !== 'passed');
	const [node] = state.nodes;
	const sentence = failed.length === 0 ? `✔ ${state.lab} is up` : `✖ ${state.lab} is up, and ${plural(failed.length, 'startup script')} failed`;
	const rows = [
		['machines', originSentences(state).join('; ')],
		['run directory', state.runDirectory],
		['a shell', `rehearse ssh ${shell.quote(node?.name ?? 'NODE')}`],
		['the scenario', 'rehearse test'],
		['to end it', `rehearse down ${shell.quote(state.lab)}`],
	].flatMap(([label = '', text = '']) =>
		wrapWords(text, width - 17).map((line, index) => [{ text: index === 0 ? label : '', style: 'dim' as const }, { text: line }]),
	);
	const notices = state.notices.map(({ node: where, message }) => `  – ${where === undefined ? '' : `${where}: `}${message}`);
	const sections = [
		nodeSection(state, paint),
		notices.length === 0 ? [] : [paint('bold', 'To know'), ...notices],
		[paint('bold', paint(failed.length === 0 ? 'green' : 'red', sentence)), ...indented(layOutColumns(rows, paint), 2)],
	];
	return `${sections
		.filter((lines) => lines.length > 0)
		.map((lines) => lines.join('\n'))
		.join('\n\n')}\n`;
}

/** A lab as `rehearse status` shows it. */
export interface ListedLab {
	readonly lab: string;
	readonly isReady: boolean;
	/** It does not answer. */
	readonly silent?: boolean;
	readonly runDirectory: string;
	/** Milliseconds. */
	readonly ageMs: number;
	readonly nodes: readonly NodeStatus[];
}

/** A lab that has ended without anybody having asked for it. */
export interface EndedByItself {
	readonly name: string;
	readonly runDirectory: string;
	readonly log?: string | undefined;
	readonly message?: string | undefined;
}

/** The labs that run, and those that have ended by themselves, as text that ends in a newline. */
export function statusText(labs: readonly ListedLab[], { color }: Pick<TextOptions, 'color'>, ended: readonly EndedByItself[] = []): string {
	const paint = painter(color);
	const gone = ended.map(({ name, runDirectory, log, message }) => {
		const why = message === undefined ? 'its process is gone' : oneLine(message);
		const rows = [runDirectory, ...(log === undefined ? [] : [`what its process wrote: ${log}`]), `\`rehearse down ${shell.quote(name)}\` has this forgotten`];
		return [`${paint('bold', name)}  ${paint('red', `has ended by itself: ${why}`)}`, ...indented(rows, 2), ''].join('\n');
	});
	if (labs.length === 0) return gone.length > 0 ? gone.join('\n') : 'No lab runs. `rehearse up` brings one up.\n';
	return labs
		.map(({ lab, isReady, silent, runDirectory, ageMs, nodes }) => {
			const heading = `${paint('bold', lab)}  ${silent ? 'does not answer, running' : isReady ? 'up' : 'coming up, or rehearsed'} for ${formatMs(ageMs)}`;
			const rows = nodes.length === 0 ? [] : layOutColumns([headings, ...nodes.map(nodeRow)], paint);
			return [heading, ...indented([...rows, runDirectory], 2)].join('\n');
		})
		.join('\n\n')
		.concat('\n', ...gone.map((text) => `\n${text}`));
}

const headings = ['node', 'stage', 'running for', 'lab address', 'uplink', 'resident', 'RAM', 'link'].map((text) => ({ text, style: 'dim' as const }));

/** `startup failed (web, db), paused`; other stages do not name scripts that have not passed. */
const stageText = ({ stage, failedScripts = [], paused }: NodeStatus): string =>
	`${stage}${stage === 'startup failed' && failedScripts.length > 0 ? ` (${failedScripts.join(', ')})` : ''}${paused ? ', paused' : ''}`;

const nodeRow = (node: NodeStatus) => [
	{ text: node.name },
	{ text: stageText(node) },
	{ text: node.uptimeMs === undefined ? '–' : formatMs(node.uptimeMs) },
	{ text: node.alias },
	{ text: node.uplinkAddress },
	{ text: node.residentMiB === undefined ? '–' : `${node.residentMiB} MiB` },
	{ text: `${node.memoryMiB} MiB` },
	{ text: linkText(node.link) },
];

const linkText = (link: NodeStatus['link']): string =>
	link.state !== 'bad'
		? link.state
		: [link.delayMs && `${link.delayMs} ms later`, link.lossPercent && `${link.lossPercent} % lost`].filter(Boolean).join(', ');
