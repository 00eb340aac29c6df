/** Tells apart the failures that a script went on behind, those that it asked for and those that it ended on. */
import type { Fate } from '../lab/trace.js';
import { culpritOf, isComplaintOf, isWithoutFailure } from './culprit.js';
import { isHeader, type Ran, type ShellProcess } from './shell-process.js';

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

/** These hand a status on, and have none of their own; so does the exit of the script, but not that of a subshell. */
const passesOn = ({ record: { command }, isOwn }: Ran): boolean => /^(?:return|break|continue)(?: |$)/.test(command) || (isOwn && /^exit(?: |$)/.test(command));

function nameOf({ record: { command } }: Ran): string {
	const [first = ''] = command.split(/\s/);
	const name = first.replace(/^'(.*)'$/, '$1');
	return name.slice(name.lastIndexOf('/') + 1);
}

/**
 * The shell reports no status of a command that runs beside others, or that gave a loop or a choice nothing to do. The
 * command itself may have written that it failed, into the output of records that came meanwhile; that counts unless a
 * program of the same name ran again.
 */
function isComplaining(ran: Ran, commands: readonly Ran[]): boolean {
	const isBeside = ran.place?.runs === 'beside' || ran.place?.forks.some(({ isOfHeader }) => isOfHeader === true) === true;
	if (!isBeside || isHeader(ran)) return false;
	const name = nameOf(ran);
	const since = commands.slice(commands.indexOf(ran));
	const again = since.findIndex((other) => other !== ran && nameOf(other) === name);
	return since.slice(0, again === -1 ? undefined : again).some(({ record }) => isComplaintOf(name, record.output));
}

function isAnswer(ran: Ran, status: number): boolean {
	if (unitQuestion.test(ran.record.command)) return true;
	const answers = questions[nameOf(ran)];
	return answers === 'any' || (answers?.includes(status) ?? false);
}

/**
 * What became of the failure of each command, where `failing` is what the script ended on and `unfinished` all that
 * ended with it. Of a function that failed because its last command did, that command has the fate of the call, and
 * the call none; so it is with an assignment and its substitution.
 */
export function judge(commands: readonly Ran[], failing: Ran | undefined, unfinished: readonly Ran[]): ReadonlyMap<Ran, Fate> {
	const fates = new Map<Ran, Fate>();
	const explained = new Set<Ran>(unfinished);
	for (let around = failing?.within; around; around = around.within) explained.add(around);
	// What a function runs comes behind its call.
	for (const ran of commands.toReversed()) {
		if (explained.has(ran) || ran === failing || ran.isTrap) continue;
		if (ran.status === undefined && isComplaining(ran, commands)) fates.set(ran, fateOf(ran, 1));
		if (!ran.status || passesOn(ran)) continue;
		// What cannot fail has not: something behind it did, which was not traced.
		if (!ran.isRefused && isWithoutFailure(ran)) continue;
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
	const culprit = culpritOf(cause);
	return culprit !== undefined && 'ran' in culprit && culprit.ran.status === cause.status;
}

function fateOf(ran: Ran, status: number): Fate {
	if (isAnswer(ran, status)) return 'condition';
	const use = [ran, ...ran.outer].map(({ place }) => place?.use ?? 'plain').find((each) => each !== 'plain');
	return use === 'condition' ? 'condition' : 'swallowed';
}
