/**
 * The run as JUnit XML, in the dialect that Jenkins and GitLab read. A failure is a check of the lab that failed, an
 * error is a check that could not be judged, and what was never reached is skipped.
 */
import junitReportBuilder, { type Builder, type TestCase } from 'junit-report-builder';
import { withoutControls } from '../base/format.js';
import { decidingTimeText } from '../outcome/deciding-time.js';
import { failedPlaceText } from '../outcome/failed-place.js';
import { outboundFindings } from '../outcome/outbound.js';
import { robustnessItems, type RobustnessItem } from '../outcome/robustness.js';
import { errorOf } from '../outcome/result.js';
import type { AssertionRecord, NodeRecord, RunState, ScriptRecord } from '../outcome/state.js';
import { scriptFailure } from './checks.js';
import { errorSentence } from './closing.js';
import { leftOutSentence, waivedSentence } from './findings.js';
import { outboundSentence } from './outbound.js';

// The package is CommonJS and exports the builder itself; its declarations put it under `default`.
const rootBuilder = junitReportBuilder as unknown as Builder;

/** The XML, ending in a newline. Suites: the startup scripts, each test of the scenario, and what broke if anything. */
export function junitXml(state: RunState): string {
	const report = rootBuilder.newBuilder().name(clean(state.lab));
	const timestamp = new Date(state.startedAt ?? 0).toISOString().slice(0, 19);
	const addSuite = (name: string, ms: number) =>
		report.testSuite().name(clean(name)).timestamp(timestamp).time(seconds(ms));

	const scripts = state.nodes.flatMap((node) => node.scripts.map((script) => ({ node, script })));
	if (scripts.length > 0 || state.leftOut.length > 0 || state.waived.length > 0) {
		const suite = addSuite('startup scripts', sum(scripts.map(({ script }) => script.outcome?.ms)));
		for (const one of state.leftOut) suite.property('left_out', clean(leftOutSentence(one)));
		for (const one of state.waived) suite.property('waived', clean(waivedSentence(one)));
		for (const finding of outboundFindings(state)) suite.property('outside', clean(outboundSentence(finding)));
		for (const { node, script } of scripts) writeScript(suite.testCase(), state, node, script);
	}
	const logins = state.nodes.flatMap(({ login }) => login ?? []);
	if (logins.length > 0) {
		const suite = addSuite('SSH logins', sum(logins.map(({ ms }) => ms)));
		for (const { node, username, status, ms, message = '' } of logins) {
			const testCase = suite.testCase().className(clean(`${state.lab}.${node}`)).name(clean(`SSH as ${username}`)).time(seconds(ms));
			if (status === 'failed') fail(testCase, message, 'login', message);
			else if (status === 'closed') testCase.standardOutput(clean(message));
		}
	}
	for (const test of state.tests) {
		const suite = addSuite(test.name, sum(test.assertions.map(({ outcome }) => outcome?.ms)));
		for (const assertion of test.assertions) writeAssertion(suite.testCase(), state, test.name, assertion);
	}
	const checks = robustnessItems(state);
	if (checks.length > 0) {
		const suite = addSuite('robustness', sum(checks.map(({ ms }) => ms)));
		for (const check of checks) writeRobustness(suite.testCase(), state, check);
	}
	// A startup stage fails with its script or its machine, which are cases of their own.
	const hasFailedScript = (name: string | undefined) =>
		state.nodes.some((node) => node.name === name && node.scripts.some(({ outcome }) => outcome && outcome.status !== 'passed'));
	const hasEnded = (name: string | undefined) => state.nodes.some((node) => node.name === name && node.end);
	const failedStages = state.stages.filter(
		({ name, node, status }) => node !== undefined && status === 'failed' && !(name === 'startup' && (hasFailedScript(node) || hasEnded(node))),
	);
	// The end that a failed script caused is reported with the script.
	const ends = state.nodes.flatMap(({ end, scripts }) => (end && !scripts.some(({ script, outcome }) => script === end.script && outcome?.status === 'failed') ? [end] : []));
	const error = errorOf(state);
	if (error || failedStages.length > 0 || ends.length > 0) {
		const suite = addSuite('rehearsal', 0);
		for (const { name, node, ms, detail } of failedStages) {
			const testCase = suite.testCase().className(clean(`${state.lab}.${node}`)).name(name).time(seconds(ms));
			fail(testCase, `${node}: ${name} failed`, 'stage', detail ?? '');
		}
		for (const { node, message, how } of ends) {
			fail(suite.testCase().className(clean(`${state.lab}.${node}`)).name('machine').time(0), `${node}: ${message}`, how, message);
		}
		if (error) {
			const content = clean([error.detail?.trimEnd(), error.hint && `hint: ${error.hint}`].filter(Boolean).join('\n\n'));
			const testCase = suite.testCase().className(clean(`${state.lab}.rehearsal`)).name('rehearsal').time(0);
			testCase.error(clean(errorSentence(error)), clean(error.code), content);
		}
	}
	// Jenkins' junit-10.xsd (its xunit plugin) has no such attribute of all suites together.
	return `${report.build().replace(/(<testsuites name="[^"]*" tests="\d+" failures="\d+" errors="\d+") skipped="\d+"/, '$1')}\n`;
}

function writeScript(testCase: TestCase, state: RunState, node: NodeRecord, { script, outcome }: ScriptRecord): void {
	testCase
		.className(clean(`${state.lab}.${node.name}`))
		.name(clean(script))
		.time(seconds((outcome?.ms ?? 0)));
	if (!outcome) return void testCase.skipped();
	testCase.standardOutput(clean(outcome.output));
	if (outcome.status === 'passed') return;
	const where = [failedPlaceText(outcome), ...(outcome.reasons ?? [])].filter((text) => text !== '').join('\n');
	fail(testCase, `${node.name}: ${script} ${scriptFailure(outcome)}`, outcome.status, where);
}

function writeRobustness(testCase: TestCase, state: RunState, { check, node, name, status, ms, reported }: RobustnessItem): void {
	testCase
		.className(clean(`${state.lab}.${node ?? 'lab'}`))
		.name(clean(`${check}: ${name}`))
		.time(seconds(ms));
	if (status === 'not run') return void testCase.skipped();
	if (status === 'passed') return;
	const [first = `${check} of ${name} ${status}`] = reported;
	if (status === 'error') testCase.error(clean(first), check, clean(reported.join('\n')));
	else fail(testCase, first, check, reported.join('\n'));
}

function writeAssertion(testCase: TestCase, state: RunState, test: string, assertion: AssertionRecord): void {
	const { onVm, title, type, outcome, notJudged } = assertion;
	testCase
		.className(clean(`${state.lab}.${test}`))
		.name(clean(`${onVm}: ${title}`))
		.time(seconds((outcome?.ms ?? 0)));
	if (!outcome) {
		// A reason for what is skipped has no other place that the builder knows.
		if (notJudged !== undefined) testCase.standardOutput(clean(`not judged: ${notJudged}`));
		return void testCase.skipped();
	}
	if (outcome.status === 'passed') {
		const time = decidingTimeText(outcome);
		if (time !== undefined) testCase.standardOutput(clean(time));
		return;
	}
	testCase.standardOutput(clean(outcome.output ?? ''));
	const message = [outcome.message ?? 'no message', decidingTimeText(outcome) ?? []].flat().join('\n');
	const [firstLine = message] = message.split('\n');
	if (outcome.status === 'error') testCase.error(clean(firstLine), type, clean(message));
	else fail(testCase, firstLine, type, message);
}

/** The builder has no other way to give a failure a text than as its stack trace. */
const fail = (testCase: TestCase, message: string, type: string, content: string): void =>
	void testCase.failure(clean(message), clean(type)).stacktrace(clean(content));

/**
 * Fit for XML 1.0: no control characters, no halves of surrogate pairs, none of the two non-characters that the
 * standard excludes (section 2.2), and no end of a CDATA section, of which the builder escapes the first one only.
 */
const clean = (text: string): string =>
	withoutControls(text)
		.replaceAll(/[\p{Surrogate}\ufffe\uffff]/gu, '')
		.replaceAll(']]>', ']] >');

/** Milliseconds in seconds, to the millisecond: never in the notation with an exponent, which Jenkins does not take. */
const seconds = (ms: number): number => Math.round(ms) / 1000;

const sum = (figures: readonly (number | undefined)[]): number =>
	figures.reduce<number>((total, figure) => total + (figure ?? 0), 0);
