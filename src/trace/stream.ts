/**
 * The file that a startup script and the shell's trace of it write to, in the order of what happened: a command of the
 * trace, what was written until the next, and so on. `cloud-init/guest/run-script` and `trace.bash` make it so.
 */
import { findCommandPlaces, type ScriptPlaces } from '../shell/command-places.js';
import { multilineWords } from '../shell/multiline-words.js';
import { commandLength, dashLength, unquotedLength, type LengthOf } from './command-length.js';
import { withoutForeignEnd } from './foreign-end.js';
import { isInterrupted, joinParts } from './interrupted.js';

/** How much of it the guest's agent sends: the end (`$stream_limit` there). */
export const streamLimitBytes = 131_072;

/** A command as the shell recorded it when it began, with the statuses of those before. */
export interface TraceRecord {
	/** How often the shell reads input within input: substitutions, `eval`, traps. 1 is the script itself; 0 unknown. */
	readonly level: number;
	/** Milliseconds since the epoch, with their fraction; undefined from dash. */
	readonly at: number | undefined;
	/** 0 from dash. */
	readonly pid: number;
	/** Of the first record of a process: the nearest process around it that has written a record; otherwise its own. */
	readonly parent: number;
	/** How many functions and sourced files it is in. */
	readonly depth: number;
	/** $? and PIPESTATUS before it. */
	readonly status: number;
	readonly pipe: readonly number[];
	/** 0 from dash. */
	readonly line: number;
	/** The sourced file that it is in; empty for the script itself. */
	readonly source: string;
	readonly command: string;
	/** What was written behind it. */
	readonly output: string;
}

export interface TraceStream {
	readonly shell: 'bash' | 'dash' | 'none';
	/** What was written before the first command. */
	readonly before: string;
	readonly records: readonly TraceRecord[];
	/** What trace.bash recorded when the script ended; absent where the script has a trap of its own, or was killed. */
	readonly end?: TraceEnd;
}

/** The end of a script as bash recorded it. */
export interface TraceEnd extends TraceRecord {
	/** The simple command that it ended in, nothing expanded: the one before a pipeline or a subshell that it ended in. */
	readonly command: string;
}

/**
 * The beginning of a record, as PS4 makes it in trace.bash, and in run-script for dash. Neither marks nor a source go on
 * past a mark, so that a script that writes many is read once, and not once for each.
 */
const bashHead = /(?<!\x1e)(\x1e{1,64})\+ (\d+)[.,](\d+) (\d+) (\d+) (\d+) (\d+) ([\d ]+) \| (\d+) ([^\n\x1e]*?) > /g;
const dashHead = /\x1e\+ (\d+) > /g;

/** A message of dash about the script itself has its name twice, since the shell that traces it reads it with `.`. */
const namedTwice = /^((\S{0,300}\/startup\/.{1,300}?): \d{1,9}: )\2: /gm;

/** Takes the stream of a script apart, whose own text helps where a shell does not quote. What is no trace is output. */
export function parseStream(text: string, script: string, places: ScriptPlaces = findCommandPlaces(script)): TraceStream {
	const bash = [...text.matchAll(bashHead)];
	if (bash.length > 0) {
		const { before, records } = cut(text, bash, bashRecord, commandLength, commandLength);
		return { shell: 'bash', before, ...splitEnd(withoutScript(withoutRepeats(records))) };
	}
	const plain = text.replaceAll(namedTwice, '$1');
	const dash = [...plain.matchAll(dashHead)];
	if (dash.length === 0) return { shell: 'none', before: text, records: [] };
	const wholeLength = unquotedLength(multilineWords(script), assignedBefore(places));
	const { before, records } = cut(plain, dash, dashRecord, dashLength(wholeLength), wholeLength);
	// The first is run-script's own `. "$0"`.
	const isWhole = before === '' && records[0]?.command.startsWith('. ');
	const own = withOwnPrompt(isWhole ? records.slice(1) : records, script);
	return { shell: 'dash', before: before + (isWhole ? (records[0]?.output ?? '') : ''), records: own };
}

/** The beginnings of assignments that a command follows somewhere in a script. */
const assignedBefore = ({ places }: ScriptPlaces): ReadonlySet<string> =>
	new Set(places.flatMap(({ assigns, words: [name] }) => (assigns === 'before' && name !== undefined ? [name] : [])));

/** An assignment to PS4 as dash traces it: with the new one before it, and so in no record. */
const ownPrompt = /^(?=(.)).*?PS4=(?:\1.*)?$/m;

/** Where a script of sh(1) gives its trace another look, that command is known by the text, and none behind it. */
function withOwnPrompt(records: readonly TraceRecord[], script: string): readonly TraceRecord[] {
	const last = records.at(-1);
	if (!last || !/\bPS4=/.test(script)) return records;
	const found = ownPrompt.exec(last.output);
	if (!found) return records;
	const [line] = found;
	const rest = last.output.slice(found.index + line.length + 1);
	return [...records.slice(0, -1), { ...last, output: last.output.slice(0, found.index) }, { ...last, command: line.slice(line.indexOf('PS4=')), output: rest, status: 0 }];
}

/** The script itself is known by having no name any more, by being the only source, or by its place; then it is no other file. */
function withoutScript(records: readonly TraceRecord[]): TraceRecord[] {
	if (records.some(({ depth, source }) => depth === 0 && source === '')) return [...records];
	const script = records.find(({ depth, source }) => depth === 0 && source !== '')?.source;
	const isScript = (source: string): boolean => (script === undefined ? /\/startup\/[^/]+$/.test(source) : source === script);
	return records.map((record) => (isScript(record.source) ? { ...record, source: '' } : record));
}

/** Bash does not flush the header of a `case` before it forks, so that each child writes the parent's once more. */
function withoutRepeats(records: readonly TraceRecord[]): TraceRecord[] {
	const seen = new Set<string>();
	const kept: TraceRecord[] = [];
	for (const record of records) {
		const { at, pid, line, command, output } = record;
		const key = `${pid} ${at} ${line} ${command}`;
		const before = kept.at(-1);
		if (before && seen.has(key)) kept[kept.length - 1] = { ...before, output: before.output + output };
		else kept.push(record);
		if (command.startsWith('case ')) seen.add(key);
	}
	return kept;
}

/** What the trap of trace.bash runs, in whatever form it was traced. */
const endBegins = /^(?:__rehearse\+=\(\$\?|PS4=.*__rehearse=BASHPID)/s;
const endRecord = /^\[\[ -n (\d+) ([\d ]+) (?:end|:)(?: ([^]*))? \]\]$/;

/** Takes the end that trace.bash recorded from the commands of the script. */
function splitEnd(records: readonly TraceRecord[]): Pick<TraceStream, 'records' | 'end'> {
	const ends = endsIn(records);
	const last = ends.findLast((end) => isOfScript(end, records));
	const [, status, pipe = '', command = ''] = endRecord.exec(last?.record.command ?? '') ?? [];
	const kept: TraceRecord[] = [];
	let output = '';
	for (const [index, record] of records.entries()) {
		const end = ends.find(({ record: { pid }, from, at }) => pid === record.pid && index >= from && index <= at);
		const before = kept.at(-1);
		if (end === last && end !== undefined) output += record.output;
		else if (end && before) kept[kept.length - 1] = { ...before, output: before.output + record.output };
		else if (!end) kept.push(record);
		if (ends.some(({ from }) => from === index + 1)) {
			const written = kept.pop();
			if (written) kept.push({ ...written, output: withoutForeignEnd(written.output) });
		}
	}
	if (!last || status === undefined) return { records: kept };
	const first = records.slice(last.from).find((record) => record.pid === last.record.pid && /^__rehearse\+=\(\$\?/.test(record.command));
	return {
		records: kept,
		end: { ...(first ?? records[last.from] ?? last.record), status: Number(status), pipe: pipe.trim().split(/\s+/).map(Number), command, output },
	};
}

/** What the trap wrote in one process: the records of that from `from` up to `at`, which is `record`. */
interface TrapEnd {
	readonly record: TraceRecord;
	readonly from: number;
	readonly at: number;
}

/** Each run of the trap: an element of a pipeline that cannot expand its command runs that of the script too. */
function endsIn(records: readonly TraceRecord[]): TrapEnd[] {
	const begun = new Map<number, number>();
	return records.flatMap((record, at) => {
		const { pid, parent, command } = record;
		if (endBegins.test(command) && !begun.has(pid)) begun.set(pid, at);
		if (!endRecord.test(command) || !(begun.has(pid) || pid !== parent)) return [];
		const from = begun.get(pid) ?? at;
		begun.delete(pid);
		return [{ record, from, at }];
	});
}

/** The end is the script's own if that writes nothing behind it: then only processes in the background do. */
const isOfScript = ({ from, at }: TrapEnd, records: readonly TraceRecord[]): boolean => !records.slice(at + 1).some(({ pid }) => pid === records[from]?.parent);

type Head = Omit<TraceRecord, 'command' | 'output'>;

/** `wholeLengthOf` does not depend on the records before. */
function cut(
	text: string,
	heads: readonly RegExpExecArray[],
	read: (match: RegExpExecArray) => Head,
	lengthOf: LengthOf,
	wholeLengthOf: LengthOf,
): Pick<TraceStream, 'before' | 'records'> {
	const bodies = heads.map((match, index) => text.slice(match.index + match[0].length, heads[index + 1]?.index ?? text.length));
	const records = heads.map((match, index) => {
		if (isInterrupted(match[0], bodies[index] ?? '')) joinParts(bodies, index, wholeLengthOf);
		const body = bodies[index] ?? '';
		const length = lengthOf(body);
		return { ...read(match), command: body.slice(0, length), output: body.slice(length + 1) };
	});
	return { before: text.slice(0, heads[0]?.index ?? 0), records };
}

function bashRecord(match: RegExpExecArray): Head {
	const [, marks = '', seconds, fraction = '', parent, pid, sources, status, pipe = '', line, source = ''] = match;
	return {
		level: marks.length,
		at: Number(`${seconds}.${fraction}`) * 1000,
		pid: Number(pid),
		parent: Number(parent),
		// The script itself is the first of its sources.
		depth: Math.max(0, Number(sources) - 1),
		status: Number(status),
		pipe: pipe.trim().split(/\s+/).map(Number),
		line: Number(line),
		source,
	};
}

const dashRecord = (match: RegExpExecArray): Head => ({
	level: 0,
	at: undefined,
	pid: 0,
	parent: 0,
	depth: 0,
	status: Number(match[1]),
	pipe: [],
	line: 0,
	source: '',
});
