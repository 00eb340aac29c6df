/** Some lines of a log. */

export interface Selection {
	/** First line, from 1. Without it the last lines are selected. */
	readonly from: number | undefined;
	readonly limit: number;
	/** Only lines that contain this text, whatever their case. */
	readonly grep: string | undefined;
}

export interface SelectedLines {
	readonly lines: readonly { readonly line: number; readonly text: string }[];
	readonly total: number;
	readonly matching: number;
	/** The line to go on from, where there is one behind those that were selected. */
	readonly next: number | undefined;
}

/** Selects lines of a text, each with its number, from 1. An empty text has none. */
export function selectLines(text: string, { from, limit, grep }: Selection): SelectedLines {
	const all = text === '' ? [] : text.replace(/\n$/, '').split('\n');
	const wanted = grep?.toLowerCase();
	const matching = all.flatMap((content, index) => (wanted === undefined || content.toLowerCase().includes(wanted) ? [{ line: index + 1, text: content }] : []));
	const behind = from === undefined ? matching.slice(-limit) : matching.filter(({ line }) => line >= from);
	return { lines: behind.slice(0, limit), total: all.length, matching: matching.length, next: behind[limit]?.line };
}
