/** Differences to the run before, for the page of a lab that is watched. */
import { oneLine } from '../base/format.js';
import type { RunState } from '../outcome/state.js';
import type { Changes } from '../report/changes.js';
import { Section, Status, statusLabel } from './parts.js';
import { place, shown, shownLine } from './shown.js';
import { lineHref } from './source-lines.js';

/** Differences of one machine that are shown. */
const maximumDifferences = 50;

interface ChangedProps {
	readonly state: RunState;
	readonly changes: Changes | undefined;
}

/** The section of the page; where nothing changed, it has a sentence that states that. */
export function ChangedSection({ state, changes }: ChangedProps) {
	if (!changes) return null;
	const { scripts, assertions, machines } = changes;
	const isSame = scripts.length + assertions.length + machines.length === 0;
	return (
		<Section id="changed" title="Changed since the run before">
			{isSame ? <p class="card pad">nothing</p> : null}
			{scripts.length + assertions.length === 0 ? null : (
				<ul class="plain card pad">
					{scripts.map((change) => (
						<ChangedScript state={state} change={change} />
					))}
					{assertions.map((change) => (
						<ChangedAssertion state={state} change={change} />
					))}
				</ul>
			)}
			{machines.map(({ node, differences }) => (
				<div class="card pad">
					<h3>
						In <a href={`#${place.node(node)}`}>{shownLine(node, 60)}</a>
					</h3>
					<ul class="diff">
						{differences.slice(0, maximumDifferences).map(({ change, sentence }) => (
							<li class={change}>{shownLine(sentence, 600)}</li>
						))}
						{differences.length > maximumDifferences ? <li>{`and ${differences.length - maximumDifferences} more`}</li> : null}
					</ul>
				</div>
			))}
		</Section>
	);
}

interface ChangeProps<Kind extends 'scripts' | 'assertions'> {
	readonly state: RunState;
	readonly change: Changes[Kind][number];
}

function ChangedScript({ state, change: { node, script, from, to, failed_line: line, failed_command: command, reported } }: ChangeProps<'scripts'>) {
	return (
		<li>
			<Status status={to} />{' '}
			<a href={lineHref(state, node, script, line)}>
				{shownLine(node, 60)} › {line === undefined ? shownLine(script, 60) : `line ${line}`}
			</a>{' '}
			<span class="muted">{to === 'passed' ? `passes again (${from})` : (reported ?? wasText(from))}</span>
			{command === undefined ? null : <pre class="bad">{shownLine(command, 600)}</pre>}
		</li>
	);
}

function ChangedAssertion({ state, change: { test, on_vm: onVm, assertion, from, to, message } }: ChangeProps<'assertions'>) {
	const at = state.tests.findIndex(({ name }) => name === test);
	const index = state.tests[at]?.assertions.findIndex((one) => one.onVm === onVm && one.title === assertion) ?? -1;
	const title = `${shownLine(onVm, 60)} › ${shownLine(test, 100)}`;
	return (
		<li>
			<Status status={to} /> {index < 0 ? title : <a href={`#${place.assertion(at, index)}`}>{title}</a>} <span class="muted">{wasText(from)}</span>
			<p class="detail">
				<code>{shownLine(oneLine(assertion), 600)}</code>
			</p>
			{message === undefined ? null : <p class="detail">{shown(message)}</p>}
		</li>
	);
}

const wasText = (from: Changes['assertions'][number]['from'] | Changes['scripts'][number]['from']): string =>
	from === null ? 'new' : `it was: ${statusLabel(from)}`;

/** What is marked as changed: assertions, scripts and nodes, by their keys. */
export interface ChangedKeys {
	readonly assertions: ReadonlySet<string>;
	readonly scripts: ReadonlySet<string>;
	readonly nodes: ReadonlySet<string>;
}

/** The keys of everything whose result differs, and of machines whose state does. */
export const changedKeys = (changes: Changes | undefined): ChangedKeys => ({
	assertions: new Set((changes?.assertions ?? []).map(({ test, on_vm: onVm, assertion }) => assertionKey(test, onVm, assertion))),
	scripts: new Set((changes?.scripts ?? []).map(({ node, script }) => scriptKey(node, script))),
	nodes: new Set((changes?.machines ?? []).map(({ node }) => node)),
});

/** The key of an assertion, the same from run to run. */
export const assertionKey = (test: string, onVm: string, title: string): string => [test, onVm, title].join('\0');

/** The key of a startup script, the same from run to run. */
export const scriptKey = (node: string, script: string): string => [node, script].join('\0');
