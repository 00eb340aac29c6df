/** Words and command lines of a POSIX shell, for people to paste and for guests to run. */

/**
 * Quotes one word for a POSIX shell, so that the shell reads back exactly `word`. Words without special characters stay
 * unquoted.
 */
export const quote = (word: string): string =>
	/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/** Quotes a command for a POSIX shell. */
export const pasteable = (argv: readonly string[]): string => argv.map(quote).join(' ');
