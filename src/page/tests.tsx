/** The scenario's tests with their assertions. */
import { decidingTimeText } from '../outcome/deciding-time.js';
import { testStatus } from '../outcome/result.js';
import { assertionStatus, type AssertionRecord, type RunState, type TestRecord } from '../outcome/state.js';
import { tally } from '../report/closing.js';
import { assertionKey } from './changed.js';
import { Changed, Head, Output, Section, Status, time, Wide } from './parts.js';
import { place, shown, shownEnd, shownLine } from './shown.js';

/** Lines and characters of an assertion's output. */
const outputEnd = [20, 3000] as const;

/** The section of the page. */
export function TestsSection({ state: { tests }, changed }: { readonly state: RunState; readonly changed: ReadonlySet<string> }) {
	if (tests.length === 0) return null;
	const statuses = tests.flatMap(({ assertions }) => assertions.map(assertionStatus));
	return (
		<Section id="tests" title="Tests" note={tally(statuses) ?? ''}>
			<Wide label="Assertions">
				<table>
					<Head columns={['State', 'Node', 'Assertion', 'Took', 'Tries']} />
					{tests.map((test, index) => (
						<Test test={test} index={index} changed={changed} />
					))}
				</table>
			</Wide>
		</Section>
	);
}

const Test = ({ test, index, changed }: { readonly test: TestRecord; readonly index: number; readonly changed: ReadonlySet<string> }) => (
	<tbody>
		<tr class="group">
			<th scope="rowgroup" colSpan={5}>
				<Status status={testStatus(test)} /> {shownLine(test.name, 120)}
			</th>
		</tr>
		{test.assertions.map((assertion, assertionIndex) => (
			<Assertion
				assertion={assertion}
				id={place.assertion(index, assertionIndex)}
				isChanged={changed.has(assertionKey(test.name, assertion.onVm, assertion.title))}
			/>
		))}
	</tbody>
);

function Assertion({ assertion, id, isChanged }: { readonly assertion: AssertionRecord; readonly id: string; readonly isChanged: boolean }) {
	const { onVm, title, outcome, waiting, notJudged } = assertion;
	const status = assertionStatus(assertion);
	const seen = outcome ?? waiting;
	return (
		<tr id={id} data-f {...(isChanged ? { class: 'changed' } : {})}>
			<td>
				<Status status={status} />
				{isChanged ? <Changed /> : null}
			</td>
			<td>{shownLine(onVm, 60)}</td>
			<td>
				<a class="quiet" href={`#${id}`}>
					{shownLine(title, 600)}
				</a>
				{outcome?.decidedBy ? <p class="detail">{decidingTimeText(outcome)}</p> : null}
				<Evidence seen={seen ?? (notJudged === undefined ? undefined : { message: notJudged })} isGood={status === 'passed'} />
			</td>
			<td class="n">{time(outcome?.ms)}</td>
			<td class="n">{seen?.attempts ?? ''}</td>
		</tr>
	);
}

interface Seen {
	readonly message?: string;
	readonly output?: string;
}

/** What was expected and what was seen, for an assertion that did not pass; or why it is not judged. */
export const Evidence = ({ seen, isGood }: { readonly seen: Seen | undefined; readonly isGood: boolean }) =>
	!seen || isGood ? null : (
		<>
			{seen.message === undefined ? null : <p class="detail">{shown(seen.message)}</p>}
			<Output text={shownEnd(seen.output ?? '', ...outputEnd)} />
		</>
	);
