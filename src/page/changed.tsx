/** What came out otherwise than in the run before, for the page of a lab that is watched. */
import { changedAnswers, changedMachines, type Changes } from '../report/changes.js';
import { Section } from './parts.js';
import { shown } from './shown.js';

/** Columns that the lines are wrapped to. */
const width = 120;

/** The section of the page; says so where nothing changed. */
export function ChangedSection({ changes }: { readonly changes: Changes | undefined }) {
	if (!changes) return null;
	const plain = (_style: string, text: string): string => text;
	const lines = [...changedAnswers(changes, width, plain).slice(1), ...changedMachines(changes, width, plain).slice(1)];
	return (
		<Section id="changed" title="Changed since the run before">
			<pre class="card pad">{lines.length === 0 ? 'nothing' : shown(lines.join('\n'))}</pre>
		</Section>
	);
}

/** Keys of the assertions that another result came of. */
export const changedAssertions = (changes: Changes | undefined): ReadonlySet<string> =>
	new Set((changes?.assertions ?? []).map(({ test, on_vm: onVm, assertion }) => assertionKey(test, onVm, assertion)));

/** By what an assertion is known from run to run. */
export const assertionKey = (test: string, onVm: string, title: string): string => [test, onVm, title].join('\0');
