/**
 * The parts of the summary that are about robustness checks. Of the scenario that ends each of them they show only what
 * failed.
 */
import { formatMs, oneLine, plural } from '../base/format.js';
import type { LocatedDifference, OrderOutcome, RepeatOutcome, RestartOutcome, ScriptOutcome } from '../lab/events.js';
import { failedPlaceText } from '../outcome/failed-place.js';
import { differenceSentence, shownDifferences } from '../outcome/differences.js';
import { failedAgain, repeatStatus, restartStatus } from '../outcome/robustness.js';
import type { RobustnessRecords, RunState, TestRecord } from '../outcome/state.js';
import { assertionEvidence, renderEntries, scriptFailure, type Entry } from './checks.js';
import { quote, wrapWords, type Paint } from './text.js';

/** Lines of output that are quoted. */
const quotedLines = 10;

/** A section for each robustness check that was asked for and begun. */
export const robustnessSections = ({ robustness }: RunState, width: number, paint: Paint): string[][] => [
	twiceSection(robustness.twice, width, paint),
	rebootSection(robustness.reboot, width, paint),
	shuffleSection(robustness.shuffle, width, paint),
];

function twiceSection(twice: RobustnessRecords['twice'], width: number, paint: Paint): string[] {
	if (!twice || twice.scripts.length === 0) return [];
	const entries = twice.scripts.map((outcome) => repeatEntry(outcome, width, paint));
	return [paint('bold', 'Second run of the startup scripts'), ...renderEntries(entries, paint), ...failedAssertions(twice.tests, width, paint)];
}

function repeatEntry(outcome: RepeatOutcome, width: number, paint: Paint): Entry {
	const { node, script, differences, status, ms } = outcome;
	const reported =
		status !== 'passed'
			? `is not idempotent: ${scriptFailure(outcome)}`
			: differences.length > 0
				? 'is not idempotent: changed what its first run had made'
				: `changed nothing in ${formatMs(ms)}`;
	const where = failedPlaceText(outcome);
	return {
		status: repeatStatus(outcome),
		cells: [{ text: node }, { text: script }, { text: reported, style: repeatStatus(outcome) === 'passed' ? 'dim' : 'red' }],
		below: [
			...(status === 'passed' || where === '' ? [] : [paint('bold', where)]),
			...(status === 'passed' ? [] : quote(outcome.output, quotedLines, paint)),
			...shownDifferences(differences, locatedSentence).flatMap((sentence) => wrapWords(sentence, width - 6)),
		],
	};
}

/** `line 14: file /etc/hosts: added "10.71.0.10 web"`. */
const locatedSentence = (difference: LocatedDifference): string =>
	`${difference.line === undefined ? '' : `line ${difference.line}: `}${differenceSentence(difference)}`;

function rebootSection(reboot: RobustnessRecords['reboot'], width: number, paint: Paint): string[] {
	if (!reboot || reboot.machines.length === 0) return [];
	const machines = reboot.machines.map((outcome): Entry => {
		const { node, missing, scripts, forgotten } = outcome;
		const failed = failedAgain(scripts);
		const isWhole = missing.length === 0 && failed.length === 0;
		return {
			status: restartStatus(outcome),
			cells: [
				{ text: node },
				{ text: restartText(outcome, failed), style: isWhole ? 'dim' : 'red' },
			],
			below: [
				...shownDifferences(missing, differenceSentence).flatMap((sentence) => wrapWords(sentence, width - 6)),
				...failed.flatMap((script) => [`${script.script} ran again and ${scriptFailure(script)}`, ...quote(script.output, quotedLines, paint)]),
				...forgottenLines(forgotten, width),
			],
		};
	});
	return [paint('bold', 'After a restart of every machine'), ...renderEntries(machines, paint), ...failedAssertions(reboot.tests, width, paint)];
}

/** How a machine came back, in a few words. */
export function restartText({ ms, missing, scripts }: RestartOutcome, failed: readonly ScriptOutcome[]): string {
	if (missing.length > 0) return 'did not come back whole';
	if (failed.length > 0) return 'came back, and its startup scripts are not fit for a second boot';
	const again = scripts && scripts.length > 0 ? ', and its startup scripts passed again' : '';
	return `came back in ${formatMs(ms)} with everything${again}`;
}

/** How many things that were forgotten are named. */
const namedForgotten = 8;

function forgottenLines(forgotten: RestartOutcome['forgotten'], width: number): string[] {
	if (!forgotten || forgotten.length === 0) return [];
	const rest = forgotten.length - namedForgotten;
	return [
		`the live medium forgot ${plural(forgotten.length, 'thing')} that had been written:`,
		...forgotten.slice(0, namedForgotten).flatMap((difference) => wrapWords(differenceSentence(difference), width - 6)),
		...(rest > 0 ? [`and ${rest} more`] : []),
	];
}

/** In a table of their own: their sentences are longer than names. */
function failedAssertions(tests: readonly TestRecord[], width: number, paint: Paint): string[] {
	const entries = tests.flatMap(({ name, assertions }) =>
		assertions.flatMap(({ onVm, title, outcome }): Entry[] =>
			outcome === undefined || outcome.status === 'passed'
				? []
				: [
						{
							status: outcome.status,
							cells: [{ text: `${name} › ${onVm}: ${oneLine(title)}` }],
							below: assertionEvidence(outcome, width, paint),
						},
					],
		),
	);
	return renderEntries(entries, paint);
}

function shuffleSection(shuffle: RobustnessRecords['shuffle'], width: number, paint: Paint): string[] {
	if (!shuffle || shuffle.orders.length === 0) return [];
	const entries = shuffle.orders.map(({ order, verdict, failures, runDirectory }): Entry => ({
		status: verdict,
		cells: [{ text: orderText(order) }],
		below: verdict === 'passed' ? [] : [...failures.flatMap((failure) => wrapWords(oneLine(failure), width - 6)), ...(runDirectory === '' ? [] : [`run directory: ${runDirectory}`])],
	}));
	return [paint('bold', `Other orders of startup (--shuffle-seed ${shuffle.seed})`), ...renderEntries(entries, paint)];
}

/** `redis, then web after 3.2 s, then db after 800 ms`. */
export function orderText(order: OrderOutcome['order']): string {
	if (order.length === 0) return 'an order that was not run';
	return order
		.map(({ node, delayMs }, index) => {
			const pause = delayMs - (order[index - 1]?.delayMs ?? 0);
			return index === 0 ? node : `then ${node} ${pause === 0 ? 'at once' : `after ${formatMs(pause)}`}`;
		})
		.join(', ');
}
