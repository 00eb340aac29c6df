/** Small parts that the whole page is made of. */
import type { ComponentChildren } from 'preact';
import { formatMs } from '../base/format.js';
import { mark, type AnyStatus } from '../report/text.js';

/** A label for each status; the shape beside it shows the same to readers who see no colour. */
export const statusLabel = (status: AnyStatus): string =>
	({
		'passed': 'passed',
		'failed': 'failed',
		'timed-out': 'timed out',
		'error': 'not judged',
		'not run': 'not run',
		'not judged': 'cannot be judged here',
		'running': 'never finished',
	})[status];

/** The label of a node's status: where a node could not be judged, something of it broke. */
export const nodeLabel = (status: AnyStatus): string => (status === 'error' ? 'broke' : statusLabel(status));

/** The class by which the style sheet knows a status. */
export const statusClass = (status: AnyStatus): string =>
	({ 'passed': 'pass', 'failed': 'fail', 'timed-out': 'fail', 'error': 'warn', 'not run': 'idle', 'not judged': 'idle', 'running': 'idle' })[status];

/** A status as a mark with its label. */
export const Status = ({ status, label = statusLabel(status) }: { readonly status: AnyStatus; readonly label?: string }) => (
	<span class={`st ${statusClass(status)}`}>
		<i aria-hidden="true">{mark(status)}</i>
		{label}
	</span>
);

/** A command to paste. The page's script puts a button beside it. */
export const Command = ({ text }: { readonly text: string }) => (
	<span class="cmd">
		<code data-copy>{text}</code>
	</span>
);

/**
 * The output of a program; no element for an empty one. Where it is long it is scrolled, by keyboard too, under the
 * name `label`.
 */
export const Output = ({ text, label }: { readonly text: string; readonly label?: string }) =>
	text.trim() === '' ? null : label === undefined ? (
		<pre class="out">{text}</pre>
	) : (
		<pre class="out log" tabIndex={0} role="region" aria-label={label}>
			{text}
		</pre>
	);

/** The mark beside what differs from the run before. */
export const Changed = () => <small class="news">changed</small>;

interface SectionProps {
	readonly id: string;
	readonly title: string;
	/** A few words beside the heading. */
	readonly note?: string;
	readonly children?: ComponentChildren;
}

/** A part of the page with a heading, which the navigation leads to. */
export const Section = ({ id, title, note, children }: SectionProps) => (
	<section id={id} aria-labelledby={`${id}-h`}>
		<h2 id={`${id}-h`}>
			{title}
			{note === undefined ? null : <small>{note}</small>}
		</h2>
		{children}
	</section>
);

/** A container for what may be wider than the page: readers scroll it sideways, by keyboard too. */
export const Wide = ({ label, children }: { readonly label: string; readonly children?: ComponentChildren }) => (
	<div class="wide" tabIndex={0} role="region" aria-label={label}>
		{children}
	</div>
);

/** The head of a table. @param columns their headings */
export const Head = ({ columns }: { readonly columns: readonly string[] }) => (
	<thead>
		<tr>
			{columns.map((column) => (
				<th scope="col">{column}</th>
			))}
		</tr>
	</thead>
);

/** A time as text; empty where there is none. */
export const time = (ms: number | undefined): string => (ms === undefined ? '' : formatMs(ms));
