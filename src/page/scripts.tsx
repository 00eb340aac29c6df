/** The startup scripts, each with its trace beside its source. */
import { formatMs, plural } from '../base/format.js';
import { wasStarted } from '../lab/events.js';
import type { ScriptSource } from '../lab/script-source.js';
import { swallowedSteps } from '../lab/trace.js';
import type { NodeRecord, RunState, ScriptRecord } from '../outcome/state.js';
import { scriptFailure } from '../report/checks.js';
import { scriptKey } from './changed.js';
import { Changed, Command, Head, Output, Section, Status, time, Wide } from './parts.js';
import { place, shown, shownEnd, shownLine } from './shown.js';
import { sourceLines, stepsElsewhere, type SourceLine } from './source-lines.js';

/** Lines and characters that are shown of a script's whole output. */
const outputEnd = [60, 8000] as const;

/** The section of the page. */
export function ScriptsSection({ state, changed }: { readonly state: RunState; readonly changed: ReadonlySet<string> }) {
	const scripts = state.nodes.flatMap((node) => node.scripts.map((record) => ({ node, record })));
	if (scripts.length === 0) return null;
	return (
		<Section id="scripts" title="Startup scripts" note={plural(scripts.length, 'script')}>
			{scripts.map(({ node, record }) => (
				<Script
					node={node}
					record={record}
					source={state.sources.find((one) => one.node === node.name && one.script === record.script)}
					isChanged={changed.has(scriptKey(node.name, record.script))}
				/>
			))}
		</Section>
	);
}

interface ScriptProps {
	readonly node: NodeRecord;
	readonly record: ScriptRecord;
	readonly source: ScriptSource | undefined;
	readonly isChanged: boolean;
}

function Script({ node, record, source, isChanged }: ScriptProps) {
	const { script, startedAt, outcome } = record;
	const status = outcome?.status ?? (startedAt === undefined ? 'not run' : 'running');
	const reported = outcome
		? outcome.status === 'passed'
			? `in ${formatMs(outcome.ms)}`
			: scriptFailure(outcome)
		: wasStarted(node)
			? 'restored as it had left the machine'
			: '';
	const lines = outcome ? sourceLines(outcome, source) : [];
	const swallowed = swallowedSteps(outcome?.trace).length;
	const slow = lines.filter(({ mark }) => mark === 'slow').length;
	return (
		<details id={place.script(node.name, script)} class={isChanged ? 'card changed' : 'card'} open={status === 'failed' || status === 'timed-out'} data-f>
			<summary>
				<Status status={status} />
				<b>{shownLine(node.name, 60)}</b> {script === node.name ? null : shownLine(script, 60)}
				<span class="muted">{reported}</span>
				{isChanged ? <Changed /> : null}
				{swallowed === 0 ? null : <span class="st warn">{`! ${plural(swallowed, 'failure')} swallowed`}</span>}
				{slow === 0 ? null : <span class="muted">{`${plural(slow, 'slow line')}`}</span>}
			</summary>
			{outcome ? (
				<>
					{outcome.trace?.why === undefined ? null : <p class="muted">It was not traced: {shownLine(outcome.trace.why)}</p>}
					{outcome.trace?.shell === 'dash' ? <p class="muted">sh(1) traces neither times nor lines: a line is shown where the script has the same words.</p> : null}
					{outcome.trace?.isCut || source?.isCut ? <p class="muted">It is long: only a part was kept.</p> : null}
					{lines.length === 0 ? null : <Source node={node.name} script={script} lines={lines} />}
					<Elsewhere outcome={outcome} />
					{outcome.output.trim() === '' ? null : (
						<details>
							<summary>Output</summary>
							<Output text={shownEnd(outcome.output, ...outputEnd)} label={`Output of ${script} on ${node.name}`} />
						</details>
					)}
					<p>
						Every command: <Command text={`rehearse trace ${node.name}`} />
					</p>
				</>
			) : source ? (
				<pre class="out">{shown(source.text)}</pre>
			) : null}
		</details>
	);
}

interface SourceProps {
	readonly node: string;
	readonly script: string;
	readonly lines: readonly SourceLine[];
}

const Source = ({ node, script, lines }: SourceProps) => (
	<Wide label={`Source and trace of ${script} on ${node}`}>
		<table class="src">
			<Head columns={['Line', 'Source', 'Start', 'Took', 'Status']} />
			<tbody>
				{lines.map((line) => (
					<Line id={place.line(node, script, line.number)} line={line} />
				))}
			</tbody>
		</table>
	</Wide>
);

const signs = { failing: '✖', swallowed: '!', slow: '~' } as const;

/** What nobody ran is as small as it can be: most lines of a script are such. */
function Line({ id, line: { number, text, ran, mark, output, expanded } }: { readonly id: string; readonly line: SourceLine }) {
	if (!ran && mark === undefined) {
		return (
			<tr id={id}>
				<td>{number}</td>
				<td>{text}</td>
			</tr>
		);
	}
	return (
		<>
			<tr id={id} class={mark ?? 'ran'}>
				<td>
					<a href={`#${id}`}>{number}</a>
				</td>
				<td>{text}</td>
				<td>{time(ran?.at)}</td>
				<td>{`${time(ran?.ms)}${(ran?.count ?? 0) > 1 ? ` ×${ran?.count}` : ''}`}</td>
				<td>{`${mark === undefined ? '' : `${signs[mark]} `}${ran?.status ?? ''}`}</td>
			</tr>
			{output === '' && expanded === undefined ? null : (
				<tr class="output">
					<td />
					<td colSpan={4}>
						{expanded === undefined ? null : <code>{expanded}</code>}
						<Output text={output} />
					</td>
				</tr>
			)}
		</>
	);
}

function Elsewhere({ outcome }: { readonly outcome: NonNullable<ScriptRecord['outcome']> }) {
	const steps = stepsElsewhere(outcome).slice(0, 20);
	if (steps.length === 0) return null;
	return (
		<>
			<p class="muted">Commands that are on no line of the script:</p>
			<ul>
				{steps.map(({ source, line, command, status, ms, fate, message }) => (
					<li class={fate ?? 'slow'}>
						{source === undefined ? null : `${shownLine(source, 80)}${line === undefined ? '' : `:${line}`}: `}
						<code>{shownLine(command)}</code> <span class="muted">{[time(ms), status === undefined ? '' : `status ${status}`].filter(Boolean).join(', ')}</span>
						{message === undefined ? null : <Output text={shownLine(message, 500)} />}
					</li>
				))}
			</ul>
		</>
	);
}
