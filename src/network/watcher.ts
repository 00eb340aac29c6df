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
import { run, type Argv } from '../process/run.js';
import { ConnectionDebouncer, maximumReported } from './debounce.js';
import { outboundFilter, filterText } from './outbound-filter.js';
import { readConnection } from './outbound.js';
import { bridgeName, dropQuestionCommands, passQuestionCommands } from './plan.js';

/** The watcher's command. The bridge itself takes in only what is sent to it: no packet between two nodes. */
export const watcherArgv = (labSubnets: readonly string[]): Argv => [
	'perl',
	path.join(packageRoot(), 'src', 'network', 'watch-packets.pl'),
	bridgeName,
	filterText(outboundFilter(labSubnets)),
];

/**
 * Starts to watch what the nodes of a lab try to reach outside of it, and reports it as events until `cleanup` or the
 * end of the namespace; it refuses DNS questions. Nobody waits for it. Where it does not work on a host, a notice
 * reports that, and the run goes on without.
 */
export function watchOutbound(lab: Pick<Lab, 'nodes' | 'network'>, emit: Emit, cleanup: CleanupStack): void {
	let stopping = false;
	const joiner = new ConnectionDebouncer(
		(debounced) => emit({ type: 'outbound-connection', ...debounced }),
		(node) => emit({ type: 'notice', node, message: `reached for more than ${maximumReported} things outside the lab; only the first are reported` }),
	);
	const output = new PassThrough();
	onLines(output, {
		onLine(line) {
			const connection = readConnection(line, lab.nodes);
			if (connection) joiner.take(connection);
		},
	});
	const subnets = [lab.network, ...(lab.network.others ?? [])].map(({ subnet }) => subnet);
	const watching = startChild(watcherArgv(subnets), { onStdout: (chunk) => void output.write(chunk) });
	cleanup.defer('watcher', async () => {
		stopping = true;
		await (await watching.catch(() => undefined))?.stop();
		joiner.flush();
	});
	const reportEnd = (why: string) =>
		emit({ type: 'notice', message: `what the machines try to reach outside the lab is not watched: ${why}` });
	const applyCommands = (commands: string) => run(['ip', '-batch', '-'], { input: commands, allowFailure: true });
	watching.then(
		async (child: Child) => {
			const { exitCode: refused, stderr } = await applyCommands(dropQuestionCommands());
			if (refused !== 0) emit({ type: 'notice', message: `DNS questions to the world outside are not refused at once: ${lastLines(stderr, 1)}` });
			const { recentStderr, signal, exitCode } = await child.exited;
			if (!stopping) await applyCommands(passQuestionCommands());
			if (!stopping) reportEnd(lastLines(recentStderr, 1) || `the watcher ended (${signal ?? `status ${exitCode}`})`);
		},
		(error: unknown) => reportEnd(toFailure(error).message),
	);
}
