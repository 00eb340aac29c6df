/** The findings of a run by their places in the plan and in its scripts, for tools that show them there. */
import path from 'node:path';
import { oneLine, truncated, withoutControls } from '../base/format.js';
import { swallowedSteps } from '../lab/trace.js';
import { failedCommandText } from '../outcome/failed-place.js';
import { errorOf } from '../outcome/result.js';
import { isBad, robustnessItems, type RobustnessItem } from '../outcome/robustness.js';
import { allScripts, type RunState } from '../outcome/state.js';
import { scriptFailure } from './checks.js';
import { errorSentence } from './closing.js';
import { badEnding } from './text.js';

export interface Annotation {
	readonly severity: 'error' | 'warning';
	/** What kind of thing it is, fit for a program. */
	readonly check: 'startup-script' | 'swallowed-failure' | 'machine-end' | 'login' | 'assertion' | 'robustness-check' | 'rehearsal';
	/** Relative to the directory that was asked for; absent where the file is not below it. */
	readonly file?: string;
	/** 1-based. */
	readonly line?: number;
	readonly title: string;
	/** May have several lines. */
	readonly message: string;
}

/** A line of a file. */
export interface FilePlace {
	/** Absolute path. */
	readonly file: string;
	/** 1-based; absent where it is not known. */
	readonly line?: number;
}

/** The places in the plan of what a run reports. */
export interface PlanPlaces {
	/** The directory that paths are given from. */
	readonly base: string;
	readonly plan: FilePlace | undefined;
	/** Of a node. */
	node(node: string): FilePlace | undefined;
	/** Of a line of a script, counted from 1. */
	scriptLine(node: string, script: string, line: number | undefined): FilePlace | undefined;
	/** Of an assertion, by the indexes of its test and in it. */
	assertion(test: number, index: number): FilePlace | undefined;
}

/** Characters of a message. */
const maximumMessage = 2000;

/** All annotations of a run: those of failures first. */
export const annotationsOf = (state: RunState, places: PlanPlaces): readonly Annotation[] => [
	...errorAnnotations(state, places),
	...scriptAnnotations(state, places),
	...endAnnotations(state, places),
	...loginAnnotations(state, places),
	...assertionAnnotations(state, places),
	...robustnessAnnotations(state, places),
	...swallowedAnnotations(state, places),
];

function errorAnnotations(state: RunState, places: PlanPlaces): Annotation[] {
	const error = errorOf(state);
	if (!error) return [];
	const lines = [errorSentence(error), ...(error.hint === undefined ? [] : [`hint: ${error.hint}`])];
	return [{ severity: 'error', check: 'rehearsal', ...shownPlace(places.plan, places), title: `${state.lab} was not rehearsed to the end`, message: message(lines) }];
}

const scriptAnnotations = (state: RunState, places: PlanPlaces): Annotation[] =>
	allScripts(state).flatMap(({ outcome }): Annotation[] => {
		if (!outcome || outcome.status === 'passed') return [];
		const { node, script, failedLine, output } = outcome;
		const lines = [
			failedCommandText(outcome) ?? '',
			scriptFailure(outcome),
			...(outcome.reasons ?? []),
			...withoutControls(output).trimEnd().split('\n').slice(-5),
		];
		const place = shownPlace(places.scriptLine(node, script, failedLine), places);
		return [{ severity: 'error', check: 'startup-script', ...place, title: `${node}: startup script ${script} failed`, message: message(lines) }];
	});

const loginAnnotations = (state: RunState, places: PlanPlaces): Annotation[] =>
	state.nodes.flatMap(({ name, login }): Annotation[] =>
		login?.status === 'failed'
			? [
					{
						...{ severity: 'error', check: 'login', ...shownPlace(places.node(name), places) },
						...{ title: oneLine(`${name}: SSH as ${login.username} failed`), message: message([login.message ?? 'the declared user does not get in']) },
					},
				]
			: [],
	);

const endAnnotations = (state: RunState, places: PlanPlaces): Annotation[] =>
	state.nodes.flatMap(({ name, end }): Annotation[] => {
		if (!end) return [];
		const place = end.script === undefined ? places.node(name) : places.scriptLine(name, end.script, end.line);
		return [{ severity: 'error', check: 'machine-end', ...shownPlace(place, places), title: oneLine(`${name}: its machine ended`), message: message([end.message]) }];
	});

const robustnessAnnotations = (state: RunState, places: PlanPlaces): Annotation[] =>
	robustnessItems(state).flatMap((item): Annotation[] => {
		const { check, node, name, status, reported } = item;
		if (!isBad(status)) return [];
		const title = oneLine(`${node === undefined ? '' : `${node}: `}${check}: ${name} ${badEnding(status)}`);
		const lines = reported.length === 0 ? [title] : reported.map(oneLine);
		return [{ severity: 'error', check: 'robustness-check', ...shownPlace(robustnessPlace(item, places), places), title, message: message(lines) }];
	});

function robustnessPlace({ node, script, assertion }: RobustnessItem, places: PlanPlaces): FilePlace | undefined {
	if (assertion) return places.assertion(assertion.test, assertion.index);
	if (node === undefined) return places.plan;
	return script ? places.scriptLine(node, script.name, script.line) : places.node(node);
}

const assertionAnnotations = (state: RunState, places: PlanPlaces): Annotation[] =>
	state.tests.flatMap(({ name, assertions }, test) =>
		assertions.flatMap(({ onVm, title, outcome }, index): Annotation[] => {
			if (!outcome || outcome.status === 'passed') return [];
			const lines = [oneLine(title), ...withoutControls(outcome.message ?? '').trimEnd().split('\n')];
			const place = shownPlace(places.assertion(test, index), places);
			return [{ severity: 'error', check: 'assertion', ...place, title: oneLine(`${name} › ${onVm} ${badEnding(outcome.status)}`), message: message(lines) }];
		}),
	);

const swallowedAnnotations = (state: RunState, places: PlanPlaces): Annotation[] =>
	allScripts(state).flatMap(({ outcome }) =>
		outcome
			? swallowedSteps(outcome.trace).map(({ line, source, command, status, message: written }): Annotation => {
					const { node, script } = outcome;
					const lines = [`${oneLine(command)} ended with status ${status ?? 'unknown'}, and the script went on`, ...(written === undefined ? [] : [written])];
					const place = shownPlace(places.scriptLine(node, script, source === undefined ? line : undefined), places);
					return { severity: 'warning', check: 'swallowed-failure', ...place, title: `${node}: a failure without consequence`, message: message(lines) };
				})
			: [],
	);

const message = (lines: readonly string[]): string => truncated(withoutControls(lines.filter((line) => line.trim() !== '').join('\n')), maximumMessage);

function shownPlace(place: FilePlace | undefined, { base }: PlanPlaces): Pick<Annotation, 'file' | 'line'> {
	const file = place && path.relative(base, place.file);
	if (file === undefined || file === '' || file.startsWith('..') || path.isAbsolute(file)) return {};
	return { file, ...(place?.line === undefined ? {} : { line: place.line }) };
}
