/** What went wrong in a run, each with its place in the files that an agent can edit. */
import { endOf, oneLine, withoutControls } from '../base/format.js';
import type { Excerpt } from '../lab/trace.js';
import { failedCommandText } from '../outcome/failed-place.js';
import { errorOf, unfinished } from '../outcome/result.js';
import { isBad, robustnessItems } from '../outcome/robustness.js';
import type { RunState } from '../outcome/state.js';
import type { PlanPlaces } from '../report/annotations.js';
import { scriptFailure } from '../report/checks.js';

/** One failure. Paths are absolute, lines 1-based. */
export interface ExplainedFailure {
	readonly kind: 'script' | 'machine' | 'login' | 'assertion' | 'robustness check' | 'rehearsal';
	readonly node?: string;
	readonly script?: string;
	/** The file to edit, and the line in it, which is the script's own where it is a file of its own. */
	readonly file?: string;
	readonly line?: number;
	readonly test?: string;
	/** What was to be, as a sentence. */
	readonly expected?: string;
	/** What was seen instead. */
	readonly seen: string;
	/** The command that failed, as the shell saw it. */
	readonly command?: string;
	/** Lines of the script around it, each with its number. */
	readonly excerpt?: string;
	/** The end of what the guest wrote about it. */
	readonly guest_output?: string;
	readonly next: string;
}

/** Bytes that are kept of what a guest wrote, and characters of a command. */
const keptOutput = 1500;
const keptCommand = 500;

/**
 * All failures of a run: scripts before what depends on them.
 * @param goesOn whether it still runs: then it is no failure that its end is missing
 */
export const explainFailures = (state: RunState, places: PlanPlaces, goesOn = false): readonly ExplainedFailure[] => [
	...errorFailure(state, places, goesOn),
	...scriptFailures(state, places),
	...machineFailures(state, places),
	...loginFailures(state, places),
	...assertionFailures(state, places),
	...robustnessFailures(state, places),
];

function errorFailure(state: RunState, { plan }: PlanPlaces, goesOn: boolean): ExplainedFailure[] {
	const error = errorOf(state);
	if (!error || (goesOn && error.code === unfinished)) return [];
	const detail = error.detail === undefined ? undefined : endOf(withoutControls(error.detail), keptOutput);
	return [
		{
			kind: 'rehearsal',
			...(error.node === undefined ? {} : { node: error.node }),
			...(error.exitCode === 2 && plan ? placeOf(plan) : {}),
			seen: `${oneLine(error.message)} (${error.code})`,
			...(detail === undefined || detail === '' ? {} : { guest_output: detail }),
			next: error.hint === undefined ? nextOfError(error.exitCode) : oneLine(error.hint),
		},
	];
}

const nextOfError = (exitCode: number): string =>
	exitCode === 3 ? 'inform the person: this host lacks something, and `rehearse doctor` shows what' : 'read_log with `console` of the node, or run_lab again';

function scriptFailures(state: RunState, places: PlanPlaces): ExplainedFailure[] {
	return state.nodes.flatMap(({ name: node, scripts }) =>
		scripts.flatMap(({ script, outcome }): ExplainedFailure[] => {
			if (!outcome || outcome.status === 'passed') return [];
			const { failedLine, excerpt, output } = outcome;
			const place = places.scriptLine(node, script, failedLine);
			const command = failedCommandText(outcome);
			return [
				{
					kind: 'script',
					...{ node, script, ...placeOf(place) },
					seen: [scriptFailure(outcome), ...(outcome.reasons ?? []).map(oneLine)].join('; ').slice(0, keptOutput),
					...(command === undefined ? {} : { command: command.slice(0, keptCommand) }),
					...(excerpt ? { excerpt: excerptText(excerpt) } : {}),
					...outputOf(output),
					next: `${place?.line === undefined ? 'find the line with get_trace, and edit it' : 'edit that line'}, check_plan, then run_lab with only: ["${node}"]`,
				},
			];
		}),
	);
}

/** Machines that what runs in them has rebooted or powered off. */
function machineFailures(state: RunState, places: PlanPlaces): ExplainedFailure[] {
	return state.nodes.flatMap(({ name: node, end }): ExplainedFailure[] => {
		if (!end) return [];
		const { script, line, command, message } = end;
		return [
			{
				kind: 'machine',
				...{ node, ...(script === undefined ? {} : { script }) },
				...placeOf(script === undefined ? places.node(node) : places.scriptLine(node, script, line)),
				seen: oneLine(message).slice(0, keptOutput),
				...(command === undefined ? {} : { command: oneLine(command).slice(0, keptCommand) }),
				next: 'take what ends the machine out of its scripts, or find it with read_log and `console`',
			},
		];
	});
}

function loginFailures(state: RunState, places: PlanPlaces): ExplainedFailure[] {
	return state.nodes.flatMap(({ name: node, login }): ExplainedFailure[] =>
		login?.status === 'failed'
			? [{ kind: 'login', node, ...placeOf(places.node(node)), expected: `SSH as ${login.username}`, seen: oneLine(login.message ?? 'failed'), next: 'look at users and SSH settings of the recipe, and at what the scripts do to them' }]
			: [],
	);
}

function assertionFailures(state: RunState, places: PlanPlaces): ExplainedFailure[] {
	return state.tests.flatMap(({ name: test, assertions }, testIndex) =>
		assertions.flatMap(({ onVm: node, title, outcome }, index): ExplainedFailure[] =>
			!outcome || outcome.status === 'passed'
				? []
				: [
						{
							kind: 'assertion',
							...{ node, test, ...placeOf(places.assertion(testIndex, index)) },
							expected: oneLine(title).slice(0, keptCommand),
							seen: oneLine(outcome.message ?? outcome.status).slice(0, keptOutput),
							...outputOf(outcome.output ?? ''),
							next: 'if a script failed too, fix that first; else start_lab and look with exec_node',
						},
					],
		),
	);
}

function robustnessFailures(state: RunState, places: PlanPlaces): ExplainedFailure[] {
	return robustnessItems(state).flatMap(({ check, node, name, status, script, reported }): ExplainedFailure[] => {
		if (!isBad(status)) return [];
		const place = script && node !== undefined ? places.scriptLine(node, script.name, script.line) : undefined;
		return [
			{
				kind: 'robustness check',
				...(node === undefined ? {} : { node }),
				...(script ? { script: script.name } : {}),
				...placeOf(place),
				expected: `${check}: ${oneLine(name)} passes and changes nothing`,
				seen: reported.slice(0, 10).map(oneLine).join('; ').slice(0, keptOutput) || status,
				next: 'fix the script so that this holds, then run_lab with the same flag',
			},
		];
	});
}

const placeOf = (place: { readonly file: string; readonly line?: number } | undefined) =>
	place ? { file: place.file, ...(place.line === undefined ? {} : { line: place.line }) } : {};

const outputOf = (output: string) => (output.trim() === '' ? {} : { guest_output: endOf(withoutControls(output).trimEnd(), keptOutput) });

const excerptText = ({ firstLine, lines }: Excerpt): string =>
	lines.map((line, index) => `${firstLine + index}: ${withoutControls(line).slice(0, 200)}`).join('\n');
