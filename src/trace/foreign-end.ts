/** What the trap of trace.bash writes to a trace of the script's own making, which has no records. */

/** The output of a command without it. */
export function withoutForeignEnd(output: string): string {
	for (let at = output.indexOf('__rehearse=BASHPID'); at !== -1; at = output.indexOf('__rehearse=BASHPID', at)) {
		const end = output.indexOf('\n', at);
		if (end === -1) return output;
		const start = output.lastIndexOf('\n', at) + 1;
		if (output.slice(start, at).includes('PS4=')) return output.slice(0, foreignStart(output, start)) + output.slice(end + 1);
		at = end;
	}
	return output;
}

/** Where the lines begin that belong to one that begins at `start`. */
function foreignStart(output: string, start: number): number {
	let from = start;
	const lineBefore = (): string => (from === 0 ? '' : output.slice(output.lastIndexOf('\n', from - 2) + 1, from - 1));
	const isBehind = (isIt: (line: string) => boolean): boolean => {
		const line = lineBefore();
		if (!isIt(line)) return false;
		from -= line.length + 1;
		return true;
	};
	const isMapfile = (line: string): boolean => line.includes('mapfile ');
	const isUnset = (line: string): boolean => line.endsWith('unset -v IFS');
	const isNothing = (line: string): boolean => line.endsWith(':');
	if (!isBehind((line) => line.endsWith('set -x'))) return start;
	if (!isBehind(isMapfile) && !(isBehind(isNothing) && isBehind(isMapfile))) return start;
	if (!isBehind(isUnset) && !(isBehind(isNothing) && isBehind(isUnset))) return start;
	return isBehind((line) => line.includes('__rehearse+=($? ')) ? from : start;
}
