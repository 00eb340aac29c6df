/** One word quoted for a POSIX shell, which reads back exactly `word`; safe words are left as they are. */
export const quote = (word: string): string =>
	/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
