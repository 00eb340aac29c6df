/** Commands that bash ended in without tracing them: it could not expand them, or the script had ended its trace. */
import type { CommandPlace, ScriptPlaces } from '../shell/command-places.js';
import { isHarmless } from './culprit.js';
import { isHeader, type Ran } from './shell-process.js';

/** Bash writes redirections its own way. */
const comparable = (text: string): string => text.replaceAll(/\\\n|\s/g, '').split(/\d*[<>]/)[0] ?? '';

/** Whether a command, as it is written in the script, is what was traced last, or the call that it is within. */
export function isSameCommand(reported: string, last: Ran | undefined, script: ScriptPlaces): boolean {
	for (let ran = last; ran; ran = ran.within) if (isSame(reported, ran, script)) return true;
	return false;
}

/** Whether bash reported the last traced command. Where that is unknown: yes. */
function isSame(reported: string, last: Ran, { aliases }: ScriptPlaces): boolean {
	const { place, record } = last;
	// For these bash reports the command before.
	if (isHeader(last) && !/^\w+=|^set |PS4=/.test(record.command)) return true;
	const [traced = ''] = record.command.split(/\s/);
	const [first = ''] = reported.trim().split(/\s/);
	if (!place || aliases.has(place.words[0] ?? '')) return reported.includes(traced.replace(/^'|'$/g, '')) || /[$`*"'\\]/.test(first);
	const [one, other] = [comparable(reported), comparable(place.text)];
	// Nothing but a redirection; or nothing at all, where the script had bash keep it to itself.
	if (one === '' && other !== '') return reported.trim() === '';
	if (one.startsWith(other) || other.startsWith(one)) return true;
	return first === traced && !isHarmless(place.text);
}

/**
 * The line that a command of the script is on, if there is one only, the first behind `after` where there are more.
 * A subshell that follows at once may have failed instead: bash does not report those.
 */
export function lineOfCommand(reported: string, { places }: ScriptPlaces, after: number): number | undefined {
	const text = comparable(reported);
	if (text === '') return undefined;
	const found = places.filter((place) => comparable(place.text) === text && !isForkedFirst(place));
	const [place, ...others] = found.length > 1 ? found.filter(({ line }) => line > after) : found;
	if (!place || others.length > 0) return undefined;
	const next = places[places.indexOf(place) + 1];
	const isBeforeSubshell = next?.forks.some(({ kind, id }) => kind !== 'background' && kind !== 'substitution' && !place.forks.some((fork) => fork.id === id));
	return isBeforeSubshell ? undefined : place.line;
}

/** Bash does not report a command of a forked process as one of the script. */
const isForkedFirst = ({ forks }: CommandPlace): boolean => forks.length > 0;
