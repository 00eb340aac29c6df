import { quote } from '../base/shell.js';
import { commandCheck, expected, judgement, quoted, sawEnding, type AssertionOf } from './check.js';

const found = 'contents: found';
const missing = 'contents: missing';

/**
 * Looks for a text in a file without leaving bash: grep(1) would take a text of several lines for several patterns,
 * and each process that a guest need not start is time saved. `read` ends at a NUL byte, hence the pieces.
 */
const searchContents = (path: string, text: string): string =>
	[
		`wanted=${quote(text)}; seen='${missing}'`,
		`while IFS= read -rd '' piece || [ -n "$piece" ]`,
		`do [[ $piece == *"$wanted"* ]] && seen='${found}'; done < ${quote(path)}`,
		'echo "$seen"',
	].join('\n');

/** `file_exists`; it follows symbolic links. */
export const fileExists = commandCheck<AssertionOf<'file_exists'>>({
	title: ({ path }) => `file ${path} exists`,
	probe: ({ path, contains }) => {
		const look = `stat -L -c '%a %U %G' -- ${quote(path)} || exit`;
		return contains === undefined ? look : `${look}\n${searchContents(path, contains)}`;
	},
	judge: ({ path, mode, owner, group, contains }, result) => {
		const demands = [
			...(mode === undefined ? [] : [`mode ${mode}`]),
			...(owner === undefined ? [] : [`owner ${owner}`]),
			...(group === undefined ? [] : [`group ${group}`]),
			...(contains === undefined ? [] : [`the text ${quoted(contains)}`]),
		];
		const what = `file ${path}${demands.length > 0 ? ` with ${demands.join(', ')}` : ''}`;
		const [attributes = '', contents = ''] = result.stdout.split('\n');
		const [hasMode = '', hasOwner = '', hasGroup = ''] = attributes.split(' ');
		if (hasGroup === '') return expected(what, sawEnding(result));
		const passed =
			(mode === undefined || Number.parseInt(mode, 8) === Number.parseInt(hasMode, 8)) &&
			(owner === undefined || owner === hasOwner) &&
			(group === undefined || group === hasGroup) &&
			(contains === undefined || contents === found);
		const text = contains === undefined ? '' : contents === found ? ' with the text' : ' without the text';
		return judgement(passed, what, `mode ${hasMode.padStart(4, '0')}, owner ${hasOwner}, group ${hasGroup}${text}`);
	},
});
