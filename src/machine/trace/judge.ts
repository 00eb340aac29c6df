/** Tells failures that a script went on behind from those that it asked for and those that it ended on. */
import type { Fate } from '../../lab/trace.js';
import { culpritOf } from './culprit.js';
import type { Ran, ShellProcess } from './shell-process.js';

/** Commands that are asked, with the statuses that are an answer: any, where there is no list. */
const questions: Readonly<Record<string, readonly number[] | 'any'>> = {
	'test': [1], '[': [1], '[[': [1], '((': [1], 'let': [1], 'expr': [1], 'read': [1],
	'grep': [1], 'egrep': [1], 'fgrep': [1], 'zgrep': [1], 'diff': [1], 'cmp': [1],
	'command': 'any', 'type': 'any', 'hash': 'any', 'which': 'any',
	'pgrep': [1], 'pkill': [1], 'pidof': [1], 'killall': [1], 'getent': [1, 2], 'id': [1],
	'mountpoint': [1, 32], 'findmnt': [1], 'pg_isready': [1, 2],
};

/** What `systemctl` is asked. */
const unitQuestion = /^systemctl (?:-\S+ )*is-(?:active|enabled|failed|system-running)\b/;

/** Ended by a pipe whose reader had enough: 128 + SIGPIPE. */
const brokenPipe = 141;

/** These hand a status on, and have none of their own. */
const passesOn = /^(?:return|exit|break|continue)(?: |$)/;

function isAnswer({ record: { command } }: Ran, status: number): boolean {
	if (unitQuestion.test(command)) return true;
	const [first = ''] = command.split(/\s/);
	const name = first.replace(/^'(.*)'$/, '$1');
	const answers = questions[name.slice(name.lastIndexOf('/') + 1)];
	return answers === 'any' || (answers?.includes(status) ?? false);
}

/**
 * What became of the failure of each command, where `failing` is what the script ended on and `unfinished` all that
 * ended with it. Of a function that failed because its last command did, that command has the fate of the call, and
 * the call none; so it is with an assignment and its substitution.
 */
export function judge(commands: readonly Ran[], failing: Ran | undefined, unfinished: readonly Ran[]): ReadonlyMap<Ran, Fate> {
	const fates = new Map<Ran, Fate>();
	const explained = new Set<Ran>(failing ? unfinished : []);
	// What a function runs comes behind its call.
	for (const ran of commands.toReversed()) {
		if (!ran.status || explained.has(ran) || ran === failing) continue;
		if (ran.isTrap || passesOn.test(ran.record.command)) continue;
		if (ran.cause?.status === ran.status && isExplained(ran.cause)) continue;
		if (ran.status === brokenPipe && ran.place?.pipeline) continue;
		for (const outer of ran.outer) explained.add(outer);
		fates.set(ran, fateOf(ran, ran.status));
	}
	if (failing) fates.set(failing, 'failing');
	return fates;
}

/** Whether a command of a substitution is known to have failed as it did. */
function isExplained(cause: ShellProcess): boolean {
	const culprit = culpritOf(cause, true);
	return culprit !== undefined && 'ran' in culprit && culprit.ran.status === cause.status;
}

function fateOf(ran: Ran, status: number): Fate {
	if (isAnswer(ran, status)) return 'condition';
	const use = [ran, ...ran.outer].map(({ place }) => place?.use ?? 'plain').find((each) => each !== 'plain');
	return use === 'condition' ? 'condition' : 'swallowed';
}
