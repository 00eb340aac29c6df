import path from 'node:path';
import { PassThrough } from 'node:stream';
import type { CleanupStack } from '../base/cleanup.js';
import { toFailure } from '../base/errors.js';
import { lastLines } from '../base/format.js';
import { onLines } from '../base/lines.js';
import { packageRoot } from '../base/package-root.js';
import type { Emit } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';
import { startChild, type Child } from '../process/child.js';
import type { Argv } from '../process/run.js';
import { BurstJoiner, toldContacts } from './bursts.js';
import { contactFilter, filterText } from './contact-filter.js';
import { readContact } from './contact.js';
import { bridgeName } from './plan.js';

/** The watcher's command. The bridge itself takes in only what is sent to it: no packet between two nodes. */
export const watcherArgv = (labSubnet: string): Argv => [
	'perl',
	path.join(packageRoot(), 'src', 'network', 'watch-packets.pl'),
	bridgeName,
	filterText(contactFilter(labSubnet)),
];

/**
 * Starts to watch what the nodes of a lab try to reach outside of it, and tells it by events until `cleanup` or the end
 * of the namespace. Nobody waits for it, and a host on which it does not work is told of and goes without.
 */
export function watchOutside(lab: Pick<Lab, 'nodes' | 'network'>, emit: Emit, cleanup: CleanupStack): void {
	let stopping = false;
	const joiner = new BurstJoiner(
		(burst) => emit({ type: 'outside-contact', ...burst }),
		(node) => emit({ type: 'notice', node, message: `reached for more than ${toldContacts} things outside the lab; only the first are told` }),
	);
	const output = new PassThrough();
	onLines(output, {
		onLine(line) {
			const contact = readContact(line, lab.nodes);
			if (contact) joiner.take(contact);
		},
	});
	const watching = startChild(watcherArgv(lab.network.subnet), { onStdout: (chunk) => void output.write(chunk) });
	cleanup.defer('watcher', async () => {
		stopping = true;
		await (await watching.catch(() => undefined))?.stop();
		joiner.flush();
	});
	const tellEnd = (why: string) =>
		emit({ type: 'notice', message: `what the machines try to reach outside the lab is not watched: ${why}` });
	watching.then(
		async (child: Child) => {
			const { recentStderr, signal, exitCode } = await child.exited;
			if (!stopping) tellEnd(lastLines(recentStderr, 1) || `the watcher ended (${signal ?? `status ${exitCode}`})`);
		},
		(error: unknown) => tellEnd(toFailure(error).message),
	);
}
