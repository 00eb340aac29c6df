/** The startup script of a fake machine that is debugged: three commands, of which the last never ends while it is watched. */

const encodePart = (text: string): string => text.replaceAll('\n', '\\n');

/** What of a machine is saved and restored: how far the script is, what it has done, and the kinds of the keys that were let in. */
export interface FakeState {
	position: number;
	done: string[];
	keys?: string[];
}

const commands = ['echo one', 'echo two', 'hang'];

/** Where the script is, as debug.bash reports it. */
export const position = ({ position, done }: FakeState): string =>
	['at', 'setup', 'line', String(position + 1), '', '0', '0', commands[position] ?? '', encodePart(done.at(-1) ?? '')].join('\t');

/** Carries out a command. Returns the message for it, or `over` when the script has ended, or nothing while it hangs. */
export function obey(state: FakeState, line: string): string | undefined {
	const [name = '', rest = ''] = line.split('\t');
	if (name === 'variables') return ['answer', '0', encodePart(`declare -- done="${state.done.join(',')}"\n`)].join('\t');
	if (name === 'eval' || name === 'instead') {
		state.done.push(`${name} ${rest}`);
		return ['answer', rest === 'false' ? '1' : '0', ''].join('\t');
	}
	const isFree = rest.startsWith('free');
	do {
		const command = commands[state.position] ?? '';
		if (name === 'go' && command === 'hang' && !isFree) return undefined;
		if (name === 'go') state.done.push(command);
		state.position += 1;
	} while (isFree && state.position < commands.length);
	return state.position < commands.length ? position(state) : 'over';
}
