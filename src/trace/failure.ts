/**
 * Where a startup script failed: the line, the file and the command, as far as the trace and the shell's messages name
 * them.
 */
import type { FailedSource } from '../lab/trace.js';
import type { ScriptPlaces } from '../shell/command-places.js';
import { isHarmless, type Culprit } from './culprit.js';
import type { Followed } from './follow.js';
import { failedOpenBeside, placeInLastMessage, refusalIn, sourcesOf, syntaxErrorIn, type NamedPlace } from './interpreter-messages.js';
import { placeInOtherLanguage } from './other-languages.js';
import { changesTrace } from './output.js';
import type { Ran } from './shell-process.js';
import type { TraceRecord, TraceStream } from './stream.js';
import { lineOfCommand } from './unrecorded.js';

/** A failure as it is reported, with the command that failed, where that was traced. */
export interface Failure {
	readonly line?: number;
	readonly command?: string;
	readonly source?: FailedSource;
	readonly ran?: Ran;
	/** The line on which the script ended its trace, where therefore nothing more is known. */
	readonly traceEnd?: number;
	/** The last command that was traced is not the one: it has worked, for all that is known. */
	readonly isBeyondLast: boolean;
}

/** Finds the command and the place that a failed script failed with. */
export function findFailure(stream: TraceStream, followed: Followed, script: ScriptPlaces, exitCode: number | undefined): Failure {
	const { last, culprit } = followed;
	const ending = outputSince(last?.record, stream, followed.interruption);
	const sources = (): ReadonlySet<string> => sourcesOf(followed.commands);
	const syntax = syntaxErrorIn(ending, sources());
	if (syntax !== undefined) return { line: syntax, isBeyondLast: true };
	if (stream.shell === 'none') return beyond(placeInOtherLanguage(ending, exitCode) ?? placeInLastMessage(ending, new Set()));
	const ran = culprit && 'ran' in culprit ? culprit.ran : undefined;
	const since = ran ? outputSince(ran.record, stream, followed.interruption) : ending;
	const named = placeInLastMessage(since, sources());
	const refused = refusalIn(since, sources);
	if (refused && ran && !isSamePlace(refused, ran) && !followed.isUnrecorded) return { ...inFile(refused, ran), isBeyondLast: true };
	if (followed.isUnrecorded && stream.end) return unrecorded(stream.end, followed, named, script);
	// The redirections of a function are those of its call.
	const beside = ran && !script.functions.has(ran.record.command.split(' ')[0] ?? '') ? failedOpenBeside(ran, since, sources) : undefined;
	if (beside && ran?.within && isBeginningOfFunction(beside, ran)) return { ...fromCulprit({ ran: ran.within }), isBeyondLast: true };
	const isReported = stream.end !== undefined && followed.interruption === undefined;
	// The shell itself gave up on a later line, before it ran anything there.
	if (named && (!ran || beside || !(isReported || isSamePlace(named, ran)))) {
		const call = named.file === undefined || ran !== undefined ? undefined : last?.record.command;
		return { ...inFile(named, ran ?? last), ...(call === undefined ? {} : { command: call }), isBeyondLast: true };
	}
	// Reading a file fails where that file has an error.
	const read = named?.file !== undefined && ran && /^(?:\.|source) /.test(ran.record.command) ? inFile(named, ran) : {};
	if (culprit) return { ...fromCulprit(culprit), ...read };
	return { ...traceEnd(followed), isBeyondLast: true };
}

const beyond = (place: NamedPlace | undefined): Failure => ({ ...(place && inFile(place, undefined)), isBeyondLast: true });

const isSamePlace = ({ file, line }: NamedPlace, ran: Ran): boolean => (file ?? '') === ran.record.source && line === ran.line;

/** Of a redirection in a function bash names the line on which the function begins: then only the call is known. */
const isBeginningOfFunction = ({ file, line }: NamedPlace, { record }: Ran): boolean => file === undefined && record.depth > 0 && line < record.line;

/** What was written from a command on, up to the trap that the script ended in; all of it where no command is given. */
function outputSince(record: TraceRecord | undefined, { before, records, end }: TraceStream, until: TraceRecord | undefined): string {
	const from = record === undefined ? -1 : records.indexOf(record);
	const to = until === undefined ? records.length : records.indexOf(until);
	const own = records.slice(Math.max(0, from), Math.max(from + 1, to)).map(({ output }) => output).join('');
	return (from === -1 ? before : '') + own + (until === undefined ? (end?.output ?? '') : '');
}

/** The call, in the script itself, that a command of another file was run by. */
function callInScript(ran: Ran | undefined): Ran | undefined {
	let call = ran;
	while (call && call.record.source !== '') call = call.within;
	return call;
}

/** A place in another file has the line of the script that leads there. */
function inFile({ file, line, command }: NamedPlace, at: Ran | undefined): Pick<Failure, 'line' | 'source' | 'command'> {
	const named = command === undefined ? {} : { command };
	if (file === undefined) return { line, ...named };
	const call = callInScript(at);
	return { ...(call?.line === undefined ? {} : { line: call.line }), source: { file, line }, ...named };
}

function fromCulprit(culprit: Culprit): Failure {
	if ('ran' in culprit) return { ...placeOf(culprit.ran), command: culprit.ran.record.command, ran: culprit.ran, isBeyondLast: false };
	const { among, text } = culprit;
	const [first, ...others] = among;
	const isOneLine = first?.line !== undefined && others.every(({ line, record }) => line === first.line && record.source === first.record.source);
	return { ...(isOneLine ? placeOf(first) : {}), ...(text === '' ? {} : { command: text }), isBeyondLast: true };
}

function placeOf(ran: Ran): Pick<Failure, 'line' | 'source'> {
	const { line, record } = ran;
	if (record.source === '') return line === undefined ? {} : { line };
	const call = callInScript(ran);
	return { ...(call?.line === undefined ? {} : { line: call.line }), source: { file: record.source, ...(line === undefined ? {} : { line }) } };
}

/** Bash ended in a command that it has not traced. */
function unrecorded(end: TraceRecord, followed: Followed, named: NamedPlace | undefined, script: ScriptPlaces): Failure {
	const { last } = followed;
	const ended = traceEnd(followed);
	// An exit leaves the statuses of the pipeline before it.
	const isPipeline = end.pipe.length > 1 && !/^exit(?: |$)/.test(end.command);
	// With the trace ended it may be one that worked, before a subshell for one.
	const isDoubtful = isPipeline || (ended.traceEnd !== undefined && isHarmless(end.command));
	const command = isDoubtful ? {} : { command: end.command };
	if (named) return { ...inFile(named, last), ...command, isBeyondLast: true };
	if (end.source !== '') {
		const call = callInScript(last);
		return { ...(call?.line === undefined ? {} : { line: call.line }), source: { file: end.source }, ...command, isBeyondLast: true };
	}
	const line = isDoubtful ? undefined : lineOfCommand(end.command, script, last?.line ?? 0);
	// Bash may report the last command that worked before a subshell: then the end of the trace is all that is known.
	if (line === undefined && ended.traceEnd !== undefined) return { ...ended, isBeyondLast: true };
	return { ...(line === undefined ? {} : { line }), ...command, isBeyondLast: true };
}

function traceEnd({ last, commands }: Followed): Pick<Failure, 'traceEnd'> {
	const ending = [last, commands.at(-1)].find((ran) => ran !== undefined && changesTrace(ran.record.command));
	const call = callInScript(ending);
	return call?.line === undefined ? {} : { traceEnd: call.line };
}
