import { withoutControls } from '../../base/format.js';
import type { ScriptOutcome } from '../../lab/events.js';
import type { Excerpt, ScriptTrace, TraceStep } from '../../lab/trace.js';
import { findCommandPlaces } from '../../shell/command-places.js';
import { sharesErrors } from '../../shell/shared-errors.js';
import { followDash } from './dash.js';
import { followRecords, type Followed } from './follow.js';
import { judge } from './judge.js';
import type { Ran } from './shell-process.js';
import { outputOf, parseStream, streamLimitBytes, type TraceRecord, type TraceStream } from './stream.js';

/** From what the guest sends of a startup script's end to what reports tell of it. */

/** How a script ended, as the guest tells it. */
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

/** What a shell says of its own script; a syntax error is found as it reads on, after the last command it ran. */
const syntaxError = /^\S*\/startup\/.+?: (?:line )?(\d+): (?:.*?: )?(?:syntax error|unexpected EOF)/im;

/** Its last words: of an unset variable it tells no command, only the line. */
const lastWords = /^\S*\/startup\/.+?: (?:line )?(\d+): /;

/** Reads the trace of a script whose text is given; `untraced` says why it was not traced at all. */
export function readScript(ending: ScriptEnding, text: string, untraced?: string): ReadScript {
	const parsed = parseStream(ending.stream, text);
	const stream = untraced === undefined ? parsed : { shell: 'none' as const, before: ending.stream, records: [] };
	const script = findCommandPlaces(text);
	const output = outputOf(stream, text);
	const follow = (exitCode: number | undefined) =>
		(stream.shell === 'dash' ? followDash : followRecords)(stream.records, script, { at: ending.endedAt, exitCode });
	let followed = follow(ending.exitCode);
	let failing = ending.status === 'passed' ? undefined : findFailing(followed);
	const fatalLine = ending.status === 'passed' ? undefined : findFatalLine(outputSince(failing?.record, stream));
	if (fatalLine !== undefined && fatalLine !== failing?.line) {
		// The shell itself gave up on a later line, before it ran anything there.
		followed = follow(undefined);
		failing = undefined;
	}
	const fates = judge(followed.commands, failing, followed.unfinished);
	const steps = followed.commands.map((ran) => stepOf(ran, fates, followed.commands));
	const why = untraced ?? (stream.shell === 'none' ? reasonForNothing(text) : undefined);
	const place = fatalLine !== undefined && !failing ? { failedLine: fatalLine } : failing ? locate(failing) : {};
	return {
		...place,
		...(place.failedLine === undefined ? {} : { excerpt: excerptOf(text, place.failedLine) }),
		output: output.slice(-outputLimit),
		trace: {
			shell: stream.shell,
			...(Buffer.byteLength(ending.stream) >= streamLimitBytes ? { isCut: true as const } : {}),
			...(why === undefined ? {} : { why }),
			steps,
		},
	};
}

const reasonForNothing = (text: string): string =>
	/^#!(?!.*\b(?:ba|da)?sh\b)/.test(text) ? 'its interpreter tells nothing' : 'the shell told of no command';

/** The command to show: an assignment fails because of the last command of its substitution. */
function findFailing({ last }: Followed): Ran | undefined {
	const { cause } = last ?? {};
	return cause?.status && (last?.status === undefined || cause.status === last.status) ? cause : last;
}

/** What was written since a command began; all of it where none is given. */
function outputSince(record: TraceRecord | undefined, { before, records }: TraceStream): string {
	const from = record === undefined ? -1 : records.indexOf(record);
	return (from === -1 ? before : '') + records.slice(Math.max(0, from)).map(({ output }) => output).join('');
}

/** The line that the shell itself names in its last words, or in a complaint about the script's syntax. */
function findFatalLine(output: string): number | undefined {
	const [, line] = syntaxError.exec(output) ?? lastWords.exec(output.trimEnd().split('\n').at(-1) ?? '') ?? [];
	return line === undefined ? undefined : Number(line);
}

function locate(failing: Ran): Pick<ReadScript, 'failedLine' | 'failedCommand'> {
	// In a file that the script sources the line is that of the innermost call in the script, which is told less well.
	const line = failing.record.source === '' ? failing.line : undefined;
	return { ...(line === undefined ? {} : { failedLine: line }), failedCommand: shownCommand(failing).slice(0, commandLimit) };
}

/** A command; the whole pipeline where it is not known which of its elements failed. */
const shownCommand = ({ record, group }: Ran): string =>
	group.some(({ status }) => status === undefined)
		? group
				.toSorted((a, b) => (a.place?.pipeline?.index ?? 0) - (b.place?.pipeline?.index ?? 0))
				.map((element) => element.record.command)
				.join(' | ')
		: record.command;

function stepOf(ran: Ran, fates: ReadonlyMap<Ran, TraceStep['fate']>, commands: readonly Ran[]): TraceStep {
	const { record, line, endedAt, status, isTrap, depth } = ran;
	const fate = fates.get(ran);
	const at = record.at === undefined ? undefined : Math.round(record.at);
	const message = fate === undefined || fate === 'condition' ? '' : messageOf(ran, commands);
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

/** Words that messages of failure have. */
const complaint = /error|fatal|fail|cannot|can't|could not|denied|refused|not found|no such|invalid|unable|exists/i;

/** What bash puts before what it says itself. */
const prefix = /^\S+: line \d+: /;

/** The line of what a command wrote that tells of its failure; else the last. Elements of a pipeline write together. */
function messageOf(ran: Ran, commands: readonly Ran[]): string {
	const inner = ran.isOwn ? commands.slice(commands.indexOf(ran), 1 + commands.findLastIndex((other) => other === ran || other.outer.includes(ran))) : [];
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

function excerptOf(text: string, line: number): Excerpt {
	const first = Math.max(1, line - excerptMargin);
	return { firstLine: first, lines: text.replace(/\n$/, '').split('\n').slice(first - 1, line + excerptMargin) };
}

/** Why a script is not to be traced, if it is not. */
export function reasonNotToTrace(text: string): string | undefined {
	const [, program = ''] = /^#![ \t]*(.*)/.exec(text) ?? [];
	if (!/(?:^|[/\s])(?:da)?sh(?:\s|$)/.test(program) || !sharesErrors(text)) return undefined;
	return 'it redirects the errors of more than single commands, and the trace of sh(1) would go there too';
}
