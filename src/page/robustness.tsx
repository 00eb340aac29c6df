/** The robustness checks: second runs, restarts, other orders, each with its differences. */
import { formatMs, plural } from '../base/format.js';
import { quote } from '../base/shell.js';
import type { LocatedDifference } from '../lab/events.js';
import { differenceSentence } from '../outcome/differences.js';
import { failedCommandText } from '../outcome/failed-place.js';
import { failedAgain, rebootStatuses, repeatStatus, restartStatus, shuffleStatuses, twiceStatuses, worstStatus } from '../outcome/robustness.js';
import type { RobustnessRecords, RunState, TestRecord } from '../outcome/state.js';
import { scriptFailure } from '../report/checks.js';
import { orderText, restartText } from '../report/robustness-sections.js';
import { Command, Output, Section, Status } from './parts.js';
import { place, shownEnd, shownLine } from './shown.js';
import { lineHref } from './source-lines.js';
import { Evidence } from './tests.js';

/** Differences of one script or machine that are shown. */
const maximumDifferences = 50;

/** The section of the page; nothing when no robustness check was asked for. */
export function RobustnessSection({ state }: { readonly state: RunState }) {
	const { twice, reboot, shuffle } = state.robustness;
	if (!twice && !reboot && !shuffle) return null;
	return (
		<Section id="robustness" title="Robustness checks">
			{twice ? (
				<div class="card pad">
					<h3>
						<Status status={worstStatus(twiceStatuses(state))} /> Second run of the startup scripts
					</h3>
					<ul class="plain">{twice.scripts.map((outcome) => <Repeat state={state} outcome={outcome} />)}</ul>
					<FailedAssertions tests={twice.tests} />
				</div>
			) : null}
			{reboot ? (
				<div class="card pad">
					<h3>
						<Status status={worstStatus(rebootStatuses(state))} /> Restart of every machine
					</h3>
					<ul class="plain">{reboot.machines.map((outcome) => <Restart outcome={outcome} />)}</ul>
					<FailedAssertions tests={reboot.tests} />
				</div>
			) : null}
			{shuffle ? (
				<div class="card pad">
					<h3>
						<Status status={worstStatus(shuffleStatuses(state))} /> Other orders of startup
						<small>{`${shuffle.orders.length} of ${shuffle.count}, --shuffle-seed ${shuffle.seed}`}</small>
					</h3>
					<ul class="plain">{shuffle.orders.map((outcome) => <Order outcome={outcome} />)}</ul>
				</div>
			) : null}
		</Section>
	);
}

type Outcome<Check extends keyof RobustnessRecords, Key extends string> = Required<RobustnessRecords>[Check] extends Readonly<Record<Key, readonly (infer Item)[]>>
	? Item
	: never;

function Repeat({ state, outcome }: { readonly state: RunState; readonly outcome: Outcome<'twice', 'scripts'> }) {
	const { node, script, differences, status, ms, failedLine, output } = outcome;
	const failedCommand = failedCommandText(outcome);
	const reported =
		status !== 'passed' ? scriptFailure(outcome) : differences.length > 0 ? 'changed what its first run had made' : `changed nothing in ${formatMs(ms)}`;
	return (
		<li data-f>
			<Status status={repeatStatus(outcome)} /> <a href={`#${place.script(node, script)}`}>{node === script ? shownLine(node) : `${shownLine(node)}: ${shownLine(script)}`}</a>{' '}
			<span class="muted">{reported}</span>
			{status === 'passed' || (failedLine ?? failedCommand) === undefined ? null : (
				<p class="detail">
					{failedLine === undefined ? '' : `line ${failedLine}${failedCommand === undefined ? '' : ': '}`}
					{failedCommand === undefined ? null : <code>{shownLine(failedCommand)}</code>}
				</p>
			)}
			{status === 'passed' ? null : <Output text={shownEnd(output, 20, 3000)} />}
			<Differences differences={differences} href={(line) => lineHref(state, node, script, line)} />
		</li>
	);
}

const Restart = ({ outcome }: { readonly outcome: Outcome<'reboot', 'machines'> }) => (
	<li data-f>
		<Status status={restartStatus(outcome)} /> <a href={`#${place.node(outcome.node)}`}>{shownLine(outcome.node)}</a>{' '}
		<span class="muted">{restartText(outcome, failedAgain(outcome.scripts))}</span>
		<Differences differences={outcome.missing} />
		{failedAgain(outcome.scripts).map((script) => (
			<>
				<p class="detail">{`${shownLine(script.script)} ran again and ${scriptFailure(script)}`}</p>
				<Output text={shownEnd(script.output, 20, 3000)} />
			</>
		))}
		{outcome.forgotten && outcome.forgotten.length > 0 ? <p class="detail">The live medium forgot what had been written:</p> : null}
		<Differences differences={outcome.forgotten ?? []} />
	</li>
);

const Order = ({ outcome: { order, verdict, failures, runDirectory } }: { readonly outcome: Outcome<'shuffle', 'orders'> }) => (
	<li data-f>
		<Status status={verdict} /> {shownLine(orderText(order), 400)}
		{failures.length === 0 ? null : (
			<ul>
				{failures.map((failure) => (
					<li>{shownLine(failure, 500)}</li>
				))}
			</ul>
		)}
		{verdict === 'passed' || runDirectory === '' ? null : <Command text={`rehearse report ${quote(runDirectory)}`} />}
	</li>
);

interface DifferencesProps {
	readonly differences: readonly LocatedDifference[];
	readonly href?: (line: number) => string;
}

function Differences({ differences, href }: DifferencesProps) {
	if (differences.length === 0) return null;
	const rest = differences.length - maximumDifferences;
	return (
		<ul class="diff">
			{differences.slice(0, maximumDifferences).map((difference) => (
				<li class={difference.change}>
					{difference.line === undefined ? null : <>{href ? <a href={href(difference.line)}>{`line ${difference.line}`}</a> : `line ${difference.line}`}: </>}
					{shownLine(differenceSentence(difference), 600)}
				</li>
			))}
			{rest > 0 ? <li>{`and ${plural(rest, 'more difference')}`}</li> : null}
		</ul>
	);
}

function FailedAssertions({ tests }: { readonly tests: readonly TestRecord[] }) {
	const failed = tests.flatMap(({ name, assertions }) =>
		assertions.flatMap(({ onVm, title, outcome }) => (outcome && outcome.status !== 'passed' ? [{ name, onVm, title, outcome }] : [])),
	);
	if (failed.length === 0) return null;
	return (
		<>
			<h4>Assertions that no longer hold</h4>
			<ul class="plain">
				{failed.map(({ name, onVm, title, outcome }) => (
					<li data-f>
						<Status status={outcome.status} /> {`${shownLine(name)} › ${shownLine(onVm)}: `}
						<code>{shownLine(title, 600)}</code>
						<Evidence seen={outcome} isGood={false} />
					</li>
				))}
			</ul>
		</>
	);
}
