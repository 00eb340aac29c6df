/** Words and command lines of a POSIX shell, for people to paste and for guests to run. */

/** One word quoted for a POSIX shell, which reads back exactly `word`; safe words are left as they are. */
export const quote = (word: string): string =>
	/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** The command quoted for a shell. */
export const pasteable = (argv: readonly string[]): string => argv.map(quote).join(' ');
