/** Findings that fail nothing: swallowed failures, outbound connections, notices, and what the rehearsal leaves out. */
import { plural } from '../base/format.js';
import { swallowedSteps } from '../lab/trace.js';
import { waivedSentence } from '../report/findings.js';
import { outboundFindings, type OutboundFinding } from '../outcome/outbound.js';
import { allScripts, type RunState } from '../outcome/state.js';
import { momentText, outboundTarget } from '../report/outbound.js';
import { Head, Section, Wide } from './parts.js';
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
					<Head columns={['Node', 'Target', 'Packets', 'Sent by']} />
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
						{message === undefined ? null : <p class="detail">{shownLine(message, 400)}</p>}
					</li>
				))}
			</ul>
		</Section>
	);
}

/** Notices of the run, which are no failures. */
export const NoticesSection = ({ state: { notices } }: { readonly state: RunState }) =>
	notices.length === 0 ? null : (
		<Section id="notices" title="To know">
			<ul class="card pad">
				{notices.map(({ node, message }) => (
					<li data-f>
						{node === undefined ? null : <b>{shownLine(node, 60)}: </b>}
						<span class="detail">{shown(message)}</span>
					</li>
				))}
			</ul>
		</Section>
	);

/** What the plan leaves to deployment time. */
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

/** What the plan asks for and the rehearsal does without, each place with what is missing because of it. */
export const LeftOutSection = ({ state: { leftOut } }: { readonly state: RunState }) =>
	leftOut.length === 0 ? null : (
		<Section id="left-out" title="Left out of the rehearsal" note={String(leftOut.length)}>
			<ul class="card pad">
				{leftOut.map(({ path, why }) => (
					<li data-f>
						<code>{shownLine(path)}</code>: {shown(why)}
					</li>
				))}
			</ul>
		</Section>
	);

/** The findings of `check` that the plan's author waives. */
export const WaivedSection = ({ state: { waived } }: { readonly state: RunState }) =>
	waived.length === 0 ? null : (
		<Section id="waived" title="Waived findings of the plan" note={String(waived.length)}>
			<ul class="card pad">
				{waived.map((one) => (
					<li data-f>{shownLine(waivedSentence(one))}</li>
				))}
			</ul>
		</Section>
	);

/** The sentences of bin/help/limits.md, which a test compares. */
const limits = [
	"The image is built from Debian's packages by rehearse, not by OpenFactory's image builder. The kernel is booted directly, so boot loader, partitions and firmware are not rehearsed; nor is that a live medium forgets.",
	'Packages are installed without their recommendations, documentation and translations. What a recipe gets on OpenFactory only because Debian recommends it is missing here.',
	'A machine has as many processors as the plan declares, one where it declares none; they share those of the host.',
	'No more machines boot at once than the host has processors, so they do not come up at the same moment.',
	'Under emulation everything takes many times longer. Deadlines are stretched; races that need real speed do not show.',
	'What runs on the far side of the uplink does not exist here: no DNS answers, no downloads.',
	"What the firewall of a recipe lets in is this tool's guess: OpenFactory's own rules are not published.",
	'What a plan asks for and a rehearsal leaves out (left_out in every report) may behave otherwise than what is here.',
	"Assertions are judged by this tool's reading of OpenFactory's public documentation.",
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
