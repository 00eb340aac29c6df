/** Names, addresses and numbers of a plan in the commands and URLs of its assertions. */

/** What a longer name has beside a shorter one: `10.0.0.3` is not in `10.0.0.30`, and `web` is in `web.lab`. */
export const partOfName = /[A-Za-z0-9]/;
/** The same where a longer name is another one, and for numbers: `web` is not in `web.lab`, 80 not in `10.80.0.11`. */
export const partOfWhole = /[\w.-]/;
/** What a longer address has beside a shorter one. */
export const partOfAddress = /[\w.:]/;

/** Whether a word is in a text, and not as a part of a longer one. An empty one, as the address of a node without one, never is. */
export function holdsWord(text: string, word: string, part: RegExp): boolean {
	if (word === '') return false;
	for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
		if (!part.test(text[at - 1] ?? ' ') && !part.test(text[at + word.length] ?? ' ')) return true;
	}
	return false;
}
