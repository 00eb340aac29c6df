/** The head of the page: the verdict, where it broke, and what to do next. */
import path from 'node:path';
import { plural } from '../base/format.js';
import { swallowedSteps } from '../lab/trace.js';
import { isCold, scriptsToRun, startStageOf } from '../outcome/origins.js';
import { outboundFindings } from '../outcome/outbound.js';
import { rebootStatuses, shuffleStatuses, twiceStatuses } from '../outcome/robustness.js';
import { verdictOf } from '../outcome/result.js';
import { allAssertions, allScripts, assertionStatus, keptMachines, type RunState } from '../outcome/state.js';
import { nextCommand, tally, verdictPhrase } from '../report/closing.js';
import { originSentences, timeText } from '../report/origins.js';
import { mark } from '../report/text.js';
import { isRunId } from '../runs/run-id.js';
import { Command, Output, statusClass } from './parts.js';
import { problemsOf, type Problem } from './problems.js';
import { shownLine } from './shown.js';

/** Problems that the head shows whole; of the others it has the titles. */
const shownWhole = 2;

/** Problems that the head names. */
const named = 12;

/** The head of the page. */
export function Head({ state }: { readonly state: RunState }) {
	const verdict = verdictOf(state);
	const problems = problemsOf(state);
	return (
		<header class={`head ${statusClass(verdict)}`}>
			<div class="verdict">
				<i aria-hidden="true">{mark(verdict)}</i>
				<div>
					<h1>
						{shownLine(state.lab || 'the lab', 80)} {verdictPhrase(state)}
					</h1>
					<Facts state={state} />
				</div>
			</div>
			{problems.length > 0 ? <Broken problems={problems} /> : <Good state={state} />}
			<Next state={state} problems={problems} />
		</header>
	);
}

/** Whether every machine was booted, and came up. */
const wasBooted = (state: RunState): boolean => isCold(state) && state.nodes.every(({ name }) => startStageOf(state, name)?.status === 'passed');

function Facts({ state }: { readonly state: RunState }) {
	const { startedAt, accelerator } = state;
	const facts = [
		startedAt === undefined ? '' : timeText(startedAt),
		wasBooted(state) ? 'cold: every machine was booted' : originSentences(state).join('; '),
		accelerator ? `${accelerator.name}` : '',
		state.planSha256 === '' ? '' : `plan ${state.planSha256.slice(0, 12)}`,
	].filter((fact) => fact !== '');
	return <p class="facts">{shownLine(facts.join(' · '), 400)}</p>;
}

const Broken = ({ problems }: { readonly problems: readonly Problem[] }) => (
	<section id="broken" aria-labelledby="broken-h">
		<h2 id="broken-h">
			Where it broke <small>{plural(problems.length, 'problem')}</small>
		</h2>
		<ol class="problems">
			{problems.slice(0, shownWhole).map((problem) => (
				<li class="problem">
					<ProblemTitle problem={problem} />
					{problem.command === undefined ? null : <pre class="bad">{problem.command}</pre>}
					<p class="detail">{problem.reported}</p>
					<Output text={problem.output} />
					{problem.hint === undefined ? null : <p class="detail">hint: {problem.hint}</p>}
				</li>
			))}
		</ol>
		{problems.length > shownWhole ? (
			<ol class="more" start={shownWhole + 1}>
				{problems.slice(shownWhole, named).map((problem) => (
					<li>
						<ProblemTitle problem={problem} /> <span class="detail">{shownLine(problem.reported, 160)}</span>
					</li>
				))}
				{problems.length > named ? <li>{`and ${plural(problems.length - named, 'more problem')}, marked below`}</li> : null}
			</ol>
		) : null}
	</section>
);

const ProblemTitle = ({ problem: { kind, node, title, where, href } }: { readonly problem: Problem }) => (
	<span class="title">
		<i aria-hidden="true">✖</i>
		<a href={href}>{[node === undefined ? '' : shownLine(node, 60), shownLine(title, 100), where ?? ''].filter((text, index, all) => text !== '' && all.indexOf(text) === index).join(' › ')}</a>
		<small>{kind}</small>
	</span>
);

/** What a good run has to show, and what it found all the same. */
function Good({ state }: { readonly state: RunState }) {
	const repeated = allScripts(state).length;
	const tiles: readonly (readonly [label: string, text: string | undefined, href: string])[] = [
		['Startup scripts', tally(scriptsToRun(state).map(({ outcome }) => outcome?.status ?? 'not run')), '#scripts'],
		['Assertions', tally(allAssertions(state).map(assertionStatus)), '#tests'],
		['Second runs', state.robustness.twice && tally(twiceStatuses(state).slice(0, repeated)), '#robustness'],
		['Restarts', state.robustness.reboot && tally(rebootStatuses(state).slice(0, state.nodes.length)), '#robustness'],
		['Other orders', state.robustness.shuffle && tally(shuffleStatuses(state)), '#robustness'],
		['Swallowed failures', count(allScripts(state).reduce((sum, { outcome }) => sum + swallowedSteps(outcome?.trace).length, 0)), '#swallowed'],
		['Outbound connections', count(outboundFindings(state).length), '#outbound'],
		['To know', count(state.notices.length), '#notices'],
		['Left to deployment time', count(state.warnings.length), '#warnings'],
		['Left out', count(state.leftOut.length), '#left-out'],
	];
	return (
		<ul class="tiles">
			{tiles.map(([label, text, href]) =>
				text === undefined ? null : (
					<li>
						<a href={href}>
							<b>{text}</b>
							{label}
						</a>
					</li>
				),
			)}
		</ul>
	);
}

const count = (number: number): string | undefined => (number === 0 ? undefined : String(number));

function Next({ state, problems }: { readonly state: RunState; readonly problems: readonly Problem[] }) {
	const script = problems.find(({ kind }) => kind === 'startup script');
	const again = nextCommand(state);
	const kept = keptMachines(state);
	// That of a shard has the name of its lab, by which nothing finds it.
	const run = path.basename(state.runDirectory);
	const commands: readonly (readonly [what: string, command: string])[] = [
		...(kept ? [...kept.commands.map(({ node, ssh }): [string, string] => [`into ${node}`, ssh]), ['to end the machines', kept.end] as const] : []),
		...(again === undefined ? [] : [['rehearse again, and look inside', again] as const]),
		...(script?.node === undefined ? [] : [['every command of the script', `rehearse trace ${script.node}`] as const]),
		...(problems.length > 0 && isRunId(run) ? [['one file to hand on', `rehearse bundle ${run} --redact`] as const] : []),
	];
	if (commands.length === 0) return null;
	return (
		<section aria-labelledby="next-h" class="next">
			<h2 id="next-h">What to do next</h2>
			<dl>
				{commands.map(([what, command]) => (
					<div>
						<dt>{shownLine(what, 60)}</dt>
						<dd>
							<Command text={shownLine(command, 2000)} />
						</dd>
					</div>
				))}
			</dl>
		</section>
	);
}
