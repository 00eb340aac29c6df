/**
 * What this tool takes for the name of a user, in plans, in bundles and in commands alike: what useradd(8) of Debian takes
 * (letters, digits, `_`, `.`, `-`, 32 at most), and what no program takes for an option or a number.
 */
const userName = /^(?!\d+$)[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/;

/** Whether a text is a valid name of a user. */
export const isUserName = (text: string): boolean => userName.test(text);
