/** One line an event, for a log that is no terminal. */
import { formatMs, oneLine, plural } from '../base/format.js';
import type { AssertionOutcome, AssertionWait, RepeatOutcome, RunEvent, ScriptOutcome, StageName, Status } from '../lab/events.js';
import { decidingTimeText } from '../outcome/deciding-time.js';
import { failedCommandText, failedLineText } from '../outcome/failed-place.js';
import { differenceSentence, shownDifferences } from '../outcome/differences.js';
import type { RunState } from '../outcome/state.js';
import { scriptFailure } from './checks.js';
import { errorSentence } from './closing.js';
import { connectionTarget } from './outbound.js';
import { orderText } from './robustness-sections.js';
import { beforeText } from './so-far.js';
import { swallowedCount } from './swallowed.js';

/**
 * The line for an event, without a newline, such as `[  12.3s] redis: booted in 31.0 s`; nothing for an event whose news
 * is in the line of another one. `startAt` is the time of the run's first event, in milliseconds since the epoch; `last`
 * is the run before, of a lab that is watched.
 */
export function eventLine(event: RunEvent, startAt: number, last?: RunState): string | undefined {
	const news = eventNews(event, last);
	if (news === undefined) return undefined;
	return `[${((event.at - startAt) / 1000).toFixed(1).padStart(6)}s] ${oneLine(news)}`;
}

function eventNews(event: RunEvent, last: RunState | undefined): string | undefined {
	switch (event.type) {
		case 'run-started':
			return runNews(event);
		case 'stage-started':
			// A node's part of the startup is reported by its scripts.
			if (event.node !== undefined && event.stage === 'startup') return undefined;
			return withDetail(stageBegin(event), event.detail);
		case 'stage-progress':
			return [event.node ?? event.stage, ...(event.nodes ? [event.nodes.join(', ')] : []), event.detail].join(': ');
		case 'stage-finished':
			if (event.node !== undefined && event.stage === 'startup' && event.detail === undefined) return undefined;
			return withDetail(stageEnd(event), event.detail);
		case 'accelerator':
			return `accelerator: ${event.name}: ${event.reason}`;
		case 'origin':
			return event.origin.from === 'power-on' && event.origin.why !== undefined ? `${event.node}: is booted: ${event.origin.why}` : undefined;
		case 'notice':
			return `note: ${withNode(event.node, event.message)}`;
		case 'script-started':
			return `${event.node}: startup script ${event.script} started`;
		case 'script-finished':
			return scriptNews(event);
		case 'assertion-waiting':
			return waitingNews(event, last);
		case 'assertion-finished':
			return assertionNews(event);
		case 'login-checked':
			return event.status === 'passed' ? undefined : `${event.node}: SSH as ${event.username}: ${event.status}: ${event.message ?? ''}`;
		case 'outbound-connection':
			return event.again ? undefined : `${event.node}: reached for ${connectionTarget(event)} outside the lab`;
		case 'machine-ended':
			return `${event.node}: FAILED: ${event.message}`;
		case 'script-repeated':
			return repeatNews(event);
		case 'machine-restarted':
			return restartLine(event);
		case 'nodes-replaced':
			return event.nodes.length === 0 ? undefined : `made anew by \`rehearse reload\`: ${event.nodes.join(', ')}`;
		case 'shuffle-started':
			return `other orders of startup: ${event.count}, from seed ${event.seed}`;
		case 'order-finished':
			return withDetail(`${orderText(event.order)}: ${event.verdict}`, event.failures[0]);
		case 'detached':
			return `the machines are still running; to end them: ${event.end}`;
		case 'error':
			return `error: ${errorSentence(event.error)}`;
		case 'run-finished':
			return `finished after ${formatMs(event.ms)}`;
	}
}

const runNews = ({ lab, nodes, tests, leftOut = [], runDirectory }: Extract<RunEvent, { readonly type: 'run-started' }>): string => {
	const without = leftOut.length === 0 ? '' : `; left out: ${leftOut.map(({ path }) => path).join(', ')}`;
	return `${lab}: ${plural(nodes.length, 'node')}, ${plural(tests.length, 'test')}, in ${runDirectory}${without}`;
};

const stageTexts: Readonly<Record<StageName, { readonly doing: string; readonly done: string }>> = {
	images: { doing: 'getting the images', done: 'images ready' },
	isos: { doing: 'building the ISOs', done: 'ISOs ready' },
	seeds: { doing: 'writing the seeds', done: 'seeds written' },
	accelerator: { doing: 'choosing an accelerator', done: 'accelerator chosen' },
	network: { doing: 'making the network', done: 'network made' },
	checkpoints: { doing: 'looking for checkpoints', done: 'checkpoints looked for' },
	restore: { doing: 'restoring the machines', done: 'all machines restored' },
	boot: { doing: 'booting the machines', done: 'all machines booted' },
	save: { doing: 'saving all machines', done: 'all machines saved' },
	startup: { doing: 'running the startup scripts', done: 'startup scripts done' },
	scenario: { doing: 'running the scenario', done: 'scenario done' },
	twice: { doing: 'running the startup scripts a second time', done: 'second runs done' },
	reboot: { doing: 'restarting every machine', done: 'restarts done' },
	snapshot: { doing: 'taking state snapshots of the machines', done: 'state snapshots taken' },
	teardown: { doing: 'taking everything down', done: 'taken down' },
};

interface StagePart {
	readonly stage: StageName;
	readonly node?: string;
}

// A node's part of a stage has a text of its own in these stages: `redis: booting`.
const nodeTexts: Partial<Record<StageName, { readonly doing: string; readonly done: string }>> = {
	images: { doing: 'building its image', done: 'image ready' },
	seeds: { doing: 'writing its seed', done: 'seed written' },
	checkpoints: { doing: 'looking for its checkpoint', done: 'checkpoint looked for' },
	boot: { doing: 'booting', done: 'booted' },
	restore: { doing: 'restoring', done: 'restored' },
	save: { doing: 'saving', done: 'saved' },
	reboot: { doing: 'restarting', done: 'restarted' },
};

const textsFor = ({ stage, node }: StagePart) => (node === undefined ? undefined : nodeTexts[stage]) ?? stageTexts[stage];

const stageBegin = (part: StagePart): string => withNode(part.node, textsFor(part).doing);

const stageEnd = (part: StagePart & { readonly status: Status; readonly ms: number }): string =>
	withNode(
		part.node,
		part.status === 'passed'
			? `${textsFor(part).done} in ${formatMs(part.ms)}`
			: `${part.stage} ${part.status === 'failed' ? 'failed' : 'broke off'} after ${formatMs(part.ms)}`,
	);

function scriptNews(outcome: ScriptOutcome): string {
	const subject = `${outcome.node}: startup script ${outcome.script}`;
	if (outcome.status === 'passed') return `${subject} passed in ${formatMs(outcome.ms)}${swallowedCount(outcome)}`;
	const line = outcome.failedLine === undefined ? '' : `, ${failedLineText(outcome)}`;
	return withDetail(`${subject} ${scriptFailure(outcome)}${line}`, [failedCommandText(outcome) ?? [], outcome.reasons ?? []].flat().join('; ') || undefined);
}

function repeatNews(outcome: RepeatOutcome): string {
	const subject = `${outcome.node}: startup script ${outcome.script}, second run`;
	const changed = shownDifferences(outcome.differences, differenceSentence).join('; ');
	if (outcome.status === 'passed') return `${subject}: ${changed === '' ? 'changed nothing' : `not idempotent: ${changed}`}`;
	const line = outcome.failedLine === undefined ? '' : `, ${failedLineText(outcome)}`;
	return withDetail(`${subject} ${scriptFailure(outcome)}${line}`, failedCommandText(outcome));
}

function assertionNews(outcome: AssertionOutcome): string {
	const verdict = { passed: 'passed', failed: 'FAILED', error: 'not judged' }[outcome.status];
	const attempts = outcome.attempts === 1 ? '' : ` and ${outcome.attempts} tries`;
	const subject = `${outcome.test} › ${outcome.onVm}: ${outcome.assertion}`;
	const detail = [outcome.message ?? [], decidingTimeText(outcome) ?? []].flat().join('; ');
	return withDetail(`${verdict} after ${formatMs(outcome.ms)}${attempts}: ${subject}`, detail || undefined);
}

/**
 * The line for an assertion that does not hold so far has also what it did before: who has edited a script waits for
 * just that.
 */
function waitingNews({ test, onVm, assertion, message, leftMs }: AssertionWait, last: RunState | undefined): string {
	const before = beforeText(last, { test, onVm, title: assertion });
	const notes = [...(before === '' ? [] : [before]), `tried for another ${formatMs(leftMs)}`].join(', ');
	return withDetail(`does not hold so far (${notes}): ${test} › ${onVm}: ${assertion}`, message);
}

const withNode = (node: string | undefined, text: string): string => (node === undefined ? text : `${node}: ${text}`);

const withDetail = (text: string, detail: string | undefined): string =>
	detail === undefined ? text : `${text}: ${detail}`;

/** What is wrong with how a machine came back; nothing where all is well. */
function restartLine({ node, missing, scripts = [] }: Extract<RunEvent, { readonly type: 'machine-restarted' }>): string | undefined {
	if (missing.length > 0) return `${node}: did not come back: ${shownDifferences(missing, differenceSentence).join('; ')}`;
	const failed = scripts.filter(({ status }) => status !== 'passed').map(({ script }) => script);
	return failed.length === 0 ? undefined : `${node}: not fit for a second boot: startup script ${failed.join(', ')}`;
}
