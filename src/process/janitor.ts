import type { CleanupStack } from '../base/cleanup.js';
import { startChild, type Child } from './child.js';
import type { Argv } from './run.js';

/**
 * Starts a process that runs `command` when this process dies before `cleanup` has run, even by SIGKILL. A shell waits for
 * a line on its standard input. `cleanup` sends that line. If the input ends without one, this process has died.
 */
export async function startJanitor(name: string, command: Argv, cleanup: CleanupStack): Promise<void> {
	let child: Child | undefined;
	cleanup.defer(name, () => child?.stop({ graceful: () => void child?.stdin?.write('dismissed\n') }));
	child = await startChild(['sh', '-c', 'read -r dismissed || exec "$@"', 'sh', ...command], { stdin: 'pipe' });
}

const untilRemoved = (names: string): string => `for _ in $(seq 50); do rm -rf -- ${names} && exit; sleep 0.2; done`;

/**
 * The command that removes files and directories in which a process that is just being killed may still make new ones: it
 * tries for ten seconds.
 */
export const removal = (...names: readonly [string, ...string[]]): Argv => [...(['sh', '-c', untilRemoved('"$@"'), 'sh'] as const), ...names];

/**
 * The same, and whatever else lies in a directory and has, in a hidden name, that token between two dots.
 * @param token of letters, digits and hyphens
 */
export const removalWith = (directory: string, token: string, ...names: readonly string[]): Argv => [
	...(['sh', '-c', `directory=$1 token=$2; shift 2; ${untilRemoved('"$@" "$directory"/.*."$token".*')}`, 'sh'] as const),
	...[directory, token, ...names],
];
