/**
 * Starts a lab's supervisor, from outside: the first process of new namespaces (user, network, process ids, mounts).
 * Bridge, taps, DHCP server and machines run in there. When the supervisor ends, even by SIGKILL, the kernel removes them.
 * What runs inside is ../supervisor/main.
 */
import { readFile } from 'node:fs/promises';
import type { CleanupStack } from '../base/cleanup.js';
import { brokenFailure, fromReported } from '../base/errors.js';
import { linesOf } from '../base/lines.js';
import { programFile } from '../base/package-root.js';
import { patiently } from '../base/patience.js';
import type { DeclaredPassword } from '../base/secrets.js';
import { poll } from '../base/waiting.js';
import type { Emit } from '../lab/events.js';
import { startChild, type Child } from '../process/child.js';
import type { LateMachines, RunSpec, SupervisorMessage, SupervisorRequest } from '../protocol/run-spec.js';

const supervisorArgv = (): readonly [string, ...string[]] => [
	'unshare',
	...['--user', '--map-root-user', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
	'--',
	process.execPath,
	programFile('supervisor'),
];

/** A running supervisor. */
export interface Supervisor {
	/** Its process id on the host. */
	readonly pid: number;
	/** Runs a lab. Resolves when the run has ended and everything is removed. Rejects when the rehearsal broke. */
	supervise(run: RunSpec, context: SuperviseContext): Promise<void>;
	/** Hands over machines that were pending when the lab was started. */
	complete(late: LateMachines): void;
}

/** How long the supervisor may take for the teardown, in milliseconds. */
const teardownMs = 20_000;

export interface SuperviseContext {
	readonly emit: Emit;
	/** Takes passwords that a reload brings. */
	readonly learn: (passwords: readonly DeclaredPassword[]) => void;
	/** Its abort makes the supervisor tear the lab down. */
	readonly signal: AbortSignal;
	readonly stopping: { readonly urgent: AbortSignal; detach(release: () => void): void };
	/** How long the teardown may take once it was asked for, in milliseconds: another time for tests. */
	readonly patienceMs?: number;
}

/**
 * Starts a supervisor, which then waits for its run. The start takes time, in which the caller can prepare the run. The
 * clean-up ends the supervisor in any case.
 */
export async function startSupervisor(cleanup: CleanupStack, signal: AbortSignal): Promise<Supervisor> {
	let starting: Promise<Child> | undefined;
	// The clean-up may run before the start has finished.
	const stop = async () => {
		const child = await starting?.catch(() => undefined);
		await child?.stop({ graceful: () => send(child, 'stop'), graceMs: patiently(teardownMs) });
	};
	cleanup.defer('supervisor', stop);
	signal.throwIfAborted();
	starting = startChild(supervisorArgv(), { stdin: 'pipe', extraPipes: 1 });
	const child = await starting;
	return {
		pid: await findFirstChild(child),
		supervise(run, context) {
			// Registered again: the supervisor must end before the clean-up of what was made for the run meanwhile.
			cleanup.defer('supervised lab', stop);
			return supervise(run, child, context);
		},
		complete(late) {
			// As above: what was made for these machines must not go before they do.
			cleanup.defer('supervised lab', stop);
			child.stdin?.write(`${JSON.stringify(late)}\n`);
		},
	};
}

const send = (child: Child, request: SupervisorRequest): void => void child.stdin?.write(`${request}\n`);

async function supervise(run: RunSpec, child: Child, { emit, learn, signal, stopping, patienceMs = patiently(teardownMs) }: SuperviseContext): Promise<void> {
	signal.throwIfAborted();
	child.stdin?.write(`${JSON.stringify(run)}\n`);
	let killTimer: NodeJS.Timeout | undefined;
	const onAbort = () => {
		send(child, 'stop');
		// One that hangs reads nothing.
		killTimer = setTimeout(() => child.kill('SIGKILL'), patienceMs);
	};
	signal.addEventListener('abort', onAbort, { once: true });
	// When the first process of a namespace dies, the kernel kills all others in it.
	const onUrgent = () => child.kill('SIGKILL');
	stopping.urgent.addEventListener('abort', onUrgent, { once: true });

	let end: Extract<SupervisorMessage, { type: 'supervisor-done' }> | undefined;
	const [lines] = child.extra;
	if (!lines) throw brokenFailure('supervisor', 'the supervisor was started without its event pipe');
	for await (const line of linesOf(lines)) {
		const message = JSON.parse(line) as SupervisorMessage;
		if (message.type === 'supervisor-done') {
			end = message;
			continue;
		}
		if (message.type === 'passwords') {
			learn(message.passwords);
			continue;
		}
		if (message.type === 'detached') stopping.detach(() => send(child, 'release'));
		emit(message);
	}
	const { recentStderr, exitCode, signal: killedBy } = await child.exited;
	clearTimeout(killTimer);
	signal.removeEventListener('abort', onAbort);
	stopping.urgent.removeEventListener('abort', onUrgent);
	signal.throwIfAborted();
	if (end?.error) throw fromReported(end.error);
	if (end) return;
	throw brokenFailure('supervisor', `the lab's supervisor ended early (${killedBy ?? `status ${exitCode}`})`, {
		detail: recentStderr.trim(),
		hint: '`rehearse doctor` shows whether this host allows user and network namespaces',
	});
}

/** Finds the process in the namespaces. unshare(1) itself is left outside and forks, unless the host forbids it. */
async function findFirstChild(child: Child): Promise<number> {
	const { pid } = child;
	const read = () => readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
	const isDecided = (children: string) => children !== '' || child.exit !== undefined;
	const { last } = await poll(read, isDecided, { intervalMs: 10, deadlineMs: patiently(5000) });
	return Number.parseInt(last, 10) || pid;
}
