import type { CleanupStack } from '../base/cleanup.js';
import { startChild, type Child } from './child.js';
import type { Argv } from './run.js';

/**
 * What this process can no longer do once it is killed: `command` runs when it dies before `cleanup` has, whatever
 * killed it. A shell waits for a word that dismisses it; the end of its input without one is the end of this process.
 */
export async function startJanitor(name: string, command: Argv, cleanup: CleanupStack): Promise<void> {
	let child: Child | undefined;
	cleanup.defer(name, () => child?.stop({ graceful: () => void child?.stdin?.write('dismissed\n') }));
	child = await startChild(['sh', '-c', 'read -r word || exec "$@"', 'sh', ...command], { stdin: 'pipe' });
}
