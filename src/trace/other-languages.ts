/** Reads the line from the message that an interpreter other than a shell ended a script with. */
import { getSystemErrorMap } from 'node:util';
import { isScript, type NamedPlace } from './interpreter-messages.js';

/** Finds the innermost place of the script itself in what it wrote, given its exit status where it was not killed. */
export function placeInOtherLanguage(output: string, exitCode: number | undefined): NamedPlace | undefined {
	return inPython(output, exitCode) ?? inPerl(output, exitCode) ?? inRuby(output) ?? inNode(output);
}

const own = (output: string, pattern: RegExp): RegExpExecArray[] => [...output.matchAll(pattern)].filter(({ 1: file = '' }) => isScript(file));

function placeOf(match: RegExpExecArray | undefined): NamedPlace | undefined {
	const [, , line, command] = match ?? [];
	return line === undefined ? undefined : { file: undefined, line: Number(line), ...(command === undefined ? {} : { command }) };
}

const pythonFrame = /^ {2}File "([^"\n]+)", line (\d+)(?:, in [^\n]*)?\n(?: {4}(\S[^\n]*))?/gm;

/** Python prints the innermost last. A traceback that it went on behind it has caught, unless it ended with the status of those that it has not. */
function inPython(output: string, exitCode: number | undefined): NamedPlace | undefined {
	const from = Math.max(0, output.lastIndexOf('Traceback (most recent call last):'));
	const traceback = output.slice(from);
	const behind = traceback.trimEnd().split('\n').slice(1);
	const isLast = behind.filter((line) => /^\S/.test(line)).length <= 1;
	// A module may be in a directory of the same name; the script is the outermost.
	const frames = own(traceback, pythonFrame);
	return exitCode === 1 || isLast ? placeOf(frames.findLast(({ 1: file }) => file === frames[0]?.[1])) : undefined;
}

/** What Perl adds to a message without an end of its line: of warnings too. */
const perlMessage = / at (\/[^\n]{1,300}?|\S{1,300}) line (\d{1,9})(?:, <[^>\n]{0,100}> (?:line|chunk) \d{1,19})?\.$/gm;

/** Whether a line is one of those that Perl adds to a message, with what called the place. */
function isPerlCaller(line: string): boolean {
	const at = line.startsWith('\t') ? line.indexOf(' called at ') : -1;
	return at !== -1 && / line \d+$/.test(line.slice(at + ' called at '.length));
}

/** The status of a death that no other gives. */
const perlDeath = 255;

/** Perl dies with the last message, but may write what it kept of its output behind it. */
function inPerl(output: string, exitCode: number | undefined): NamedPlace | undefined {
	const text = output.split('\n').filter((line, index) => index === 0 || !isPerlCaller(line)).join('\n').trimEnd();
	const last = [...text.matchAll(perlMessage)].at(-1);
	if (!last || !isScript(last[1] ?? '')) return undefined;
	const message = text.slice(text.lastIndexOf('\n', last.index) + 1, last.index);
	const isLast = last.index + last[0].length === text.length;
	return isLast || exitCode === perlDeath || isErrorOf(exitCode, message) ? placeOf(last) : undefined;
}

/** Perl dies with the number of the last error of the system, which is in most messages. */
function isErrorOf(exitCode: number | undefined, message: string): boolean {
	const [, text] = getSystemErrorMap().get(-(exitCode ?? 0)) ?? [];
	return text !== undefined && message.toLowerCase().includes(text);
}

const rubyFrame = /^(\S{1,300}):(\d+):in [`']/gm;

const inRuby = (output: string): NamedPlace | undefined => placeOf(own(output, rubyFrame)[0]);

const nodeHeader = /^((?:file:\/\/)?\/[^\n:]{1,300}):(\d+)$/gm;
const nodeFrame = /^ {4}at (?:[^\n]*\()?((?:file:\/\/)?\/[^\n()]{1,300}):(\d+):\d+\)?$/gm;
/** The line that an error came from, with a mark below. */
const nodeExcerpt = /^\S[^\n]*:\d+\n[^\n]*\n\s*\^/gm;

/** Node writes the line of an error that is not caught, which may be one of its own, and the stack. */
function inNode(output: string): NamedPlace | undefined {
	const header = own(output, nodeHeader)[0];
	const isUncaught = /\nNode\.js v\d[^\n]*$/.test(output.trimEnd());
	if (header || !isUncaught) return placeOf(header);
	const from = [...output.matchAll(nodeExcerpt)].at(-1)?.index ?? 0;
	return placeOf(own(output.slice(from), nodeFrame)[0]);
}
