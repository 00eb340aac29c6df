/** The problems of a run for the head of the page, in the order in which a reader needs them. */
import { failedCommandText } from '../outcome/failed-place.js';
import { isBad, robustnessItems } from '../outcome/robustness.js';
import { errorOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import { scriptFailure } from '../report/checks.js';
import { badEnding } from '../report/text.js';
import { place, shown, shownEnd, shownLine } from './shown.js';
import { lineHref } from './source-lines.js';

export interface Problem {
	readonly kind: 'startup script' | 'login' | 'assertion' | 'robustness check' | 'stage' | 'machine' | 'rehearsal';
	/** Absent where it is about the whole lab. */
	readonly node?: string;
	readonly title: string;
	/** `line 7`, where a script is meant. */
	readonly where?: string;
	/** The command that failed, with the sourced file that it is in; or why it is not known. */
	readonly command?: string;
	/** What was expected and what was seen, or the message of an error. */
	readonly reported: string;
	readonly output: string;
	/** Where the page has more of it. */
	readonly href: string;
	readonly hint?: string;
}

/** Lines and characters of output in the head of the page. */
const end = [8, 1200] as const;

/** The error that ended the run, then what failed: scripts, stages of nodes, logins, assertions, robustness checks. */
export const problemsOf = (state: RunState): Problem[] => [
	...errorProblem(state),
	...scriptProblems(state),
	...endProblems(state),
	...stageProblems(state),
	...loginProblems(state),
	...assertionProblems(state),
	...robustnessProblems(state),
];

function errorProblem(state: RunState): Problem[] {
	const error = errorOf(state);
	if (!error) return [];
	const { node, code, message, detail, hint } = error;
	return [
		{
			kind: 'rehearsal',
			...(node === undefined ? {} : { node }),
			title: code,
			reported: shown(message),
			output: shownEnd(detail ?? '', ...end),
			href: node === undefined ? '#timeline' : `#${place.node(node)}`,
			...(hint === undefined ? {} : { hint: shown(hint) }),
		},
	];
}

const scriptProblems = (state: RunState): Problem[] =>
	state.nodes.flatMap(({ name: node, scripts }) =>
		scripts.flatMap(({ script, outcome }): Problem[] => {
			if (!outcome || outcome.status === 'passed') return [];
			const { failedLine: line } = outcome;
			const command = failedCommandText(outcome);
			return [
				{
					...{ kind: 'startup script', node, title: script, reported: scriptFailure(outcome) },
					...(line === undefined ? {} : { where: `line ${line}` }),
					...(command === undefined ? {} : { command: shownLine(command) }),
					output: shownEnd([...(outcome.reasons ?? []), outcome.output].join('\n'), ...end),
					href: lineHref(state, node, script, line),
				},
			];
		}),
	);

const endProblems = ({ nodes }: RunState): Problem[] =>
	nodes.flatMap(({ name: node, end: ended }): Problem[] =>
		ended ? [{ kind: 'machine', node, title: ended.how, reported: shown(ended.message), output: '', href: `#${place.node(node)}` }] : [],
	);

const stageProblems = ({ stages }: RunState): Problem[] =>
	stages.flatMap(({ name, node, status, detail }): Problem[] =>
		node !== undefined && status === 'failed' && name !== 'restore' && name !== 'save' && name !== 'startup'
			? [{ kind: 'stage', node, title: name, reported: `${name} failed`, output: shownEnd(detail ?? '', ...end), href: `#${place.node(node)}` }]
			: [],
	);

const loginProblems = ({ nodes }: RunState): Problem[] =>
	nodes.flatMap(({ name: node, login }): Problem[] =>
		login?.status === 'failed'
			? [
					{
						...{ kind: 'login', node, title: `SSH as ${shownLine(login.username, 60)}`, output: '', href: `#${place.node(node)}` },
						reported: shown(login.message ?? 'the declared user does not get in'),
					},
				]
			: [],
	);

const assertionProblems = ({ tests }: RunState): Problem[] =>
	tests.flatMap(({ name, assertions }, test) =>
		assertions.flatMap(({ onVm: node, title, outcome }, index): Problem[] =>
			!outcome || outcome.status === 'passed'
				? []
				: [
						{
							kind: 'assertion',
							node,
							title: name,
							command: shownLine(title),
							reported: shown(outcome.message ?? 'it does not hold'),
							output: shownEnd(outcome.output ?? '', ...end),
							href: `#${place.assertion(test, index)}`,
						},
					],
		),
	);

const robustnessProblems = (state: RunState): Problem[] =>
	robustnessItems(state).flatMap(({ check, node, name, status, reported }): Problem[] =>
		isBad(status)
			? [
					{
						kind: 'robustness check',
						...(node === undefined ? {} : { node }),
						title: `${check}: ${name}`,
						reported: shown(reported[0] ?? `${check} of ${name} ${badEnding(status)}`),
						output: shownEnd(reported.slice(1).join('\n'), ...end),
						href: '#robustness',
					},
				]
			: [],
	);
