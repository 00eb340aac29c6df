/** Where a startup script failed, in the form that all reports use. */
import { oneLine, withoutControls } from '../base/format.js';
import type { ScriptOutcome } from '../lab/events.js';
import type { FailedSource } from '../lab/trace.js';

/** What is known of where a script failed. */
export type FailedPlace = Partial<Pick<ScriptOutcome, 'failedLine' | 'failedCommand' | 'failedSource' | 'trace'>>;

/** `line 12`; nothing where it is not known. */
export const failedLineText = ({ failedLine }: FailedPlace): string => (failedLine === undefined ? '' : `line ${failedLine}`);

/** `install -m 0640 … (/usr/local/lib/common.sh, line 5)`, or why it is not known; undefined where neither is known. */
export function failedCommandText({ failedLine, failedCommand, failedSource, trace }: FailedPlace): string | undefined {
	const place = failedSource === undefined ? undefined : sourceText(failedSource);
	if (failedCommand !== undefined) return oneLine(failedCommand) + (place === undefined ? '' : ` (${place})`);
	if (place !== undefined || failedLine !== undefined || trace?.endedAt === undefined) return place;
	return `the script ended its trace at line ${trace.endedAt}, and what failed behind it is not known`;
}

/** `line 12: cp a b`; empty where nothing is known. */
export const failedPlaceText = (place: FailedPlace): string =>
	[failedLineText(place), failedCommandText(place) ?? ''].filter((text) => text !== '').join(': ');

/** `/usr/local/lib/common.sh, line 5`. */
export const sourceText = ({ file, line }: FailedSource): string => `${oneLine(withoutControls(file))}${line === undefined ? '' : `, line ${line}`}`;

/** The keys of a result object for it. */
export interface FailedPlaceResult {
	readonly failed_line?: number;
	/** The sourced file that the failed command is in; the line above is that of the call then. */
	readonly failed_source?: { readonly file: string; readonly line: number | null };
	/** The script ended its trace there, and what failed behind it is not known. */
	readonly trace_ended_at?: number;
}

/** Where a script failed, for programs. */
export const failedPlaceResult = ({ failedLine, failedSource, trace }: FailedPlace): FailedPlaceResult => ({
	...(failedLine === undefined ? {} : { failed_line: failedLine }),
	...(failedSource && { failed_source: { file: withoutControls(failedSource.file), line: failedSource.line ?? null } }),
	...(trace?.endedAt === undefined ? {} : { trace_ended_at: trace.endedAt }),
});
