/** What fails nothing and is worth knowing: swallowed failures, the world outside, notes, and what is left open. */
import { plural } from '../base/format.js';
import { swallowedSteps } from '../lab/trace.js';
import { outboundFindings, type OutboundFinding } from '../outcome/outbound.js';
import { allScripts, type RunState } from '../outcome/state.js';
import { momentText, outboundTarget } from '../report/outbound.js';
import { Section, Wide } from './parts.js';
import { shown, shownLine } from './shown.js';
import { lineHref } from './source-lines.js';

/** Outbound connections that are listed. */
const maximumOutbound = 200;

/** What nodes tried to reach outside the lab. */
export function OutboundSection({ state }: { readonly state: RunState }) {
	const findings = outboundFindings(state);
	if (findings.length === 0) return null;
	return (
		<Section id="outbound" title="Outbound connections" note={plural(findings.length, 'target')}>
			<p class="muted">Nothing outside the lab answers during a rehearsal. What a startup script needs from there it will not get here.</p>
			<Wide label="Outbound connections">
				<table>
					<thead>
						<tr>
							<th scope="col">Node</th>
							<th scope="col">Target</th>
							<th scope="col">Packets</th>
							<th scope="col">Sent by</th>
						</tr>
					</thead>
					<tbody>
						{findings.slice(0, maximumOutbound).map((finding) => (
							<tr data-f>
								<td>{shownLine(finding.node, 60)}</td>
								<td>{shownLine(outboundTarget(finding))}</td>
								<td class="n">{finding.count}</td>
								<td>
									<Moment state={state} finding={finding} />
								</td>
							</tr>
						))}
					</tbody>
				</table>
			</Wide>
		</Section>
	);
}

function Moment({ state, finding: { node, moment } }: { readonly state: RunState; readonly finding: OutboundFinding }) {
	const text = shownLine(momentText(moment), 200);
	if ('phase' in moment || moment.line === undefined || moment.source !== undefined) return <>{text}</>;
	return <a href={lineHref(state, node, moment.script, moment.line)}>{text}</a>;
}

/** Failures that startup scripts went on behind. */
export function SwallowedSection({ state }: { readonly state: RunState }) {
	const steps = allScripts(state).flatMap(({ outcome }) => (outcome ? swallowedSteps(outcome.trace).map((step) => ({ outcome, step })) : []));
	if (steps.length === 0) return null;
	return (
		<Section id="swallowed" title="Failures that a script went on behind" note={String(steps.length)}>
			<ul class="plain card pad">
				{steps.slice(0, 100).map(({ outcome: { node, script }, step: { line, command, status, message } }) => (
					<li data-f>
						<span class="st warn">! </span>
						<a href={lineHref(state, node, script, line)}>
							{`${shownLine(node, 60)}${line === undefined ? '' : `, line ${line}`}`}
						</a>{' '}
						<code>{shownLine(command, 200)}</code> <span class="muted">{`ended with status ${status ?? 'unknown'}`}</span>
						{message === undefined ? null : <p class="told">{shownLine(message, 400)}</p>}
					</li>
				))}
			</ul>
		</Section>
	);
}

/** What the run has to say that is no failure. */
export const NoticesSection = ({ state: { notices } }: { readonly state: RunState }) =>
	notices.length === 0 ? null : (
		<Section id="notices" title="To know">
			<ul class="card pad">
				{notices.map(({ node, message }) => (
					<li data-f>
						{node === undefined ? null : <b>{shownLine(node, 60)}: </b>}
						{shown(message)}
					</li>
				))}
			</ul>
		</Section>
	);

/** What the plan says is left to deployment time. */
export const WarningsSection = ({ state: { warnings } }: { readonly state: RunState }) =>
	warnings.length === 0 ? null : (
		<Section id="warnings" title="Left to deployment time">
			<ul class="card pad columns">
				{warnings.map((warning) => (
					<li>{shown(warning)}</li>
				))}
			</ul>
		</Section>
	);

const limits = [
	'The images are built from Debian packages by rehearse, not by the image builder of OpenFactory. Boot loader, partitions and firmware are not rehearsed.',
	'Nothing outside the lab exists: no DNS answers, no downloads.',
	'A machine has one processor. Under emulation everything takes longer, and races that need real speed do not show.',
	'The firewall setting of a recipe is not applied.',
	'Assertions are judged by this tool’s reading of the public documentation of OpenFactory.',
];

/** What no rehearsal can tell. */
export const LimitsSection = () => (
	<Section id="limits" title="What a rehearsal cannot tell">
		<ul class="card pad">
			{limits.map((limit) => (
				<li>{limit}</li>
			))}
		</ul>
	</Section>
);
