/** Looks at the report of a failed script: the line is the one that failed, and tracing changes nothing that it does. */
import test from 'ava';
import { swallowedSteps } from '../../../src/lab/trace.js';
import { runBothWays } from './both-ways.js';

/** What is to be reported of a script. */
export interface ExpectedReport {
	/** Line of the script; nothing where none may be reported. */
	readonly line?: number;
	/** The command, or how it begins. */
	readonly command?: string;
	/** File and line in it, where the command is in another file. */
	readonly source?: readonly [file: string, line?: number];
	/** The script ended its trace there. */
	readonly endedAt?: number;
	/** Line and beginning of each failure that it went on behind. */
	readonly swallowed?: readonly (readonly [line: number, command: string])[];
	/** A part of what is shown of the script's output. */
	readonly output?: RegExp;
}

const text = (script: string): string[] => script.replace(/^\n/, '').trimEnd().split('\n');

/** Runs a script both ways, and compares what it does, and what is reported with what is expected. */
export const reports = test.macro({
	title: (title, script: string) => title || script.replace(/^cat >lib.sh[^]*?^LIB$/m, 'library').trim().replaceAll('\n', '; ').slice(0, 90),
	async exec(t, script: string, expected: ExpectedReport) {
		const { traced, plain } = await runBothWays(t, text(script));
		t.is(traced.output, plain.output);
		t.is(traced.exitCode, plain.exitCode);
		t.deepEqual(traced.files, plain.files);
		const seen = JSON.stringify({ ...traced, files: undefined }, undefined, 1);
		t.is(traced.failedLine, expected.line, seen);
		if (expected.command !== undefined) t.true(traced.failedCommand?.startsWith(expected.command), seen);
		const { file, line } = traced.failedSource ?? {};
		t.deepEqual([file?.replace(/.*\//, ''), line], [expected.source?.[0], expected.source?.[1]], seen);
		t.is(traced.trace.endedAt, expected.endedAt, seen);
		const wanted = expected.swallowed ?? [];
		const lengthAt = (line: number | undefined): number | undefined => wanted.find(([at]) => at === line)?.[1].length;
		const swallowed = swallowedSteps(traced.trace).map(({ line: at, command }) => JSON.stringify([at, command.slice(0, lengthAt(at))]));
		t.deepEqual(swallowed.toSorted(), wanted.map((each) => JSON.stringify(each)).toSorted(), seen);
		if (expected.output) t.regex(traced.output, expected.output);
	},
});
