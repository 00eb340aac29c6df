import { withoutControls } from '../base/format.js';
import type { ScriptOutcome } from '../lab/events.js';
import type { Excerpt, FailedSource, ScriptTrace, TraceStep } from '../lab/trace.js';
import { findCommandPlaces } from '../shell/command-places.js';
import { isWithoutFailure } from './culprit.js';
import { followDash } from './dash.js';
import { findFailure } from './failure.js';
import { followRecords, type Followed } from './follow.js';
import { judge } from './judge.js';
import { outputOf } from './output.js';
import type { Ran } from './shell-process.js';
import { parseStream, streamLimitBytes } from './stream.js';

/** From what the guest sends of a startup script's end to what reports show of it. */

/** How a script ended, as the guest reports it. */
export interface ScriptEnding {
	readonly status: ScriptOutcome['status'];
	/** Absent when the script was killed before it could exit. */
	readonly exitCode?: number;
	/** What the script and its trace wrote, the end of it where it is long. */
	readonly stream: string;
	/** When it ended, in milliseconds since the epoch by the guest's clock. */
	readonly endedAt?: number;
}

export interface ReadScript {
	readonly failedLine?: number;
	readonly failedCommand?: string;
	readonly failedSource?: FailedSource;
	readonly excerpt?: Excerpt;
	readonly output: string;
	readonly trace: ScriptTrace;
}

/** How much of the output goes into events, in characters: of the whole script, and of each command. */
const outputLimit = 16_384;
const stepOutputLimit = 4096;
const commandLimit = 1000;
const messageLimit = 300;

/** Lines that are shown around a failing one. */
const excerptMargin = 3;

/** Reads the trace of a script whose text is given; `untraced` is the reason where it was not traced at all. */
export function readScript(ending: ScriptEnding, text: string, untraced?: string): ReadScript {
	const script = findCommandPlaces(text);
	const parsed = parseStream(ending.stream, text, script);
	const stream = untraced === undefined ? parsed : { shell: 'none' as const, before: ending.stream, records: [] };
	const output = outputOf(stream, text);
	const isCut = Buffer.byteLength(ending.stream) >= streamLimitBytes;
	const isPipefail = /^#!.*\bpipefail\b/.test(text);
	const end = { at: ending.endedAt, exitCode: ending.exitCode, reported: ending.exitCode === undefined ? undefined : stream.end, isPipefail, isCut };
	const followed = (stream.shell === 'dash' ? followDash : followRecords)(stream.records, script, end);
	const failure = ending.status === 'passed' ? undefined : findFailure(stream, followed, script, ending.exitCode);
	if (failure?.isBeyondLast) forget(followed);
	const fates = judge(followed.commands, failure?.ran, failure ? followed.unfinished : []);
	const last = lastWithin(followed.commands);
	const steps = followed.commands.map((ran, at) => stepOf(ran, fates, ran.isOwn ? followed.commands.slice(at, Math.min(at + innerLimit, (last.get(ran) ?? at) + 1)) : []));
	const why = untraced ?? (stream.shell === 'none' ? reasonForNothing(text) : undefined);
	const { line, command, source, traceEnd } = failure ?? {};
	return {
		...(line === undefined ? {} : { failedLine: line }),
		...(command === undefined ? {} : { failedCommand: command.slice(0, commandLimit) }),
		...(source === undefined ? {} : { failedSource: source }),
		...(line === undefined ? {} : { excerpt: excerptOf(text, line) }),
		output: output.slice(-outputLimit),
		trace: {
			shell: stream.shell,
			...(isCut ? { isCut } : {}),
			...(why === undefined ? {} : { why }),
			...(traceEnd === undefined ? {} : { endedAt: traceEnd }),
			steps,
		},
	};
}

/** The status of the script's end is not that of its last command, which was followed by something untraced. */
function forget({ last, unfinished }: Followed): void {
	if (last?.status && (unfinished.includes(last) || isWithoutFailure(last))) last.status = undefined;
}

const reasonForNothing = (text: string): string =>
	/^#!(?!.*\b(?:ba|da)?sh\b)/.test(text) ? 'its interpreter writes no trace' : 'the shell traced no command';

/** In so many commands behind a call its message is looked for. */
const innerLimit = 1000;

/** Where the last of the commands is that ended with each. */
function lastWithin(commands: readonly Ran[]): ReadonlyMap<Ran, number> {
	const last = new Map<Ran, number>();
	for (const [at, { outer }] of commands.entries()) for (const each of outer) last.set(each, at);
	return last;
}

/** `inner` is a command with what it ran itself. */
function stepOf(ran: Ran, fates: ReadonlyMap<Ran, TraceStep['fate']>, inner: readonly Ran[]): TraceStep {
	const { record, line, endedAt, status, isTrap, depth } = ran;
	const fate = fates.get(ran);
	const at = record.at === undefined ? undefined : Math.round(record.at);
	const message = fate === undefined || fate === 'condition' ? '' : messageOf(ran, inner);
	return {
		...(line === undefined ? {} : { line }),
		...(record.source === '' ? {} : { source: record.source }),
		command: record.command.slice(0, commandLimit),
		depth,
		...(at === undefined ? {} : { at }),
		...(record.at === undefined || endedAt === undefined ? {} : { ms: Math.max(0, Math.round(endedAt - record.at)) }),
		...(status === undefined ? {} : { status }),
		...(fate === undefined ? {} : { fate }),
		...(record.output === '' ? {} : { output: record.output.slice(-stepOutputLimit) }),
		...(message === '' ? {} : { message }),
		...(isTrap ? { isTrap } : {}),
	};
}

/** Words that are typical of error messages. */
const complaint = /error|fatal|fail|cannot|can't|could not|denied|refused|not found|no such|invalid|unable|exists/i;

/** What bash puts before its own messages. */
const prefix = /^\S+: line \d+: /;

/** The line of a command's output that reports its failure; else the last. Elements of a pipeline write together. */
function messageOf(ran: Ran, inner: readonly Ran[]): string {
	const sources = [[ran], [...ran.group, ...inner]];
	for (const source of sources) {
		const lines = withoutControls(source.map(({ record }) => record.output).join('\n'))
			.split('\n')
			.map((line) => line.trim())
			.filter((line) => line !== '');
		const line = lines.find((each) => complaint.test(each)) ?? lines.at(-1);
		if (line !== undefined) return line.replace(prefix, '').slice(0, messageLimit);
	}
	return '';
}

/** The lines of a script around one of them, counted from 1. */
export function excerptOf(text: string, line: number): Excerpt {
	const first = Math.max(1, line - excerptMargin);
	return { firstLine: first, lines: text.replace(/\n$/, '').split('\n').slice(first - 1, line + excerptMargin) };
}
