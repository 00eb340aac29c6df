/**
 * The lab's supervisor: the first process of namespaces of its own (user, network, process ids, mounts). Bridge,
 * taps, DHCP server and machines live in there; when this process ends, however it ends, the kernel takes them away.
 *
 * `superviseLab` starts one from outside; `supervisorMain` is what runs inside.
 */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { CleanupStack } from '../base/cleanup.js';
import { brokenFailure, fromReported, interruptedFailure, toFailure, toReported, type Failure } from '../base/errors.js';
import { packageRoot } from '../base/package-root.js';
import { poll } from '../base/waiting.js';
import type { Emit, ReportedError, RunEventBody } from '../lab/events.js';
import { startChild, type Child } from '../process/child.js';
import { runLab } from './lab-run.js';
import type { SupervisedRun, SupervisorWord } from './supervised.js';

/** What the supervisor writes to descriptor 3, a line of JSON each. */
type SupervisorLine = RunEventBody | { readonly type: 'supervisor-done'; readonly error?: ReportedError };

const supervisorArgv = (): readonly [string, ...string[]] => [
	'unshare',
	...['--user', '--map-root-user', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'],
	'--',
	process.execPath,
	path.join(packageRoot(), 'dist', 'src', 'cli', 'supervisor.js'),
];

/** A supervisor that runs. */
export interface Supervisor {
	/** Its process id on the host. */
	readonly pid: number;
	/** Resolves when the lab's run is over and everything is gone; rejects when the rehearsal broke. */
	readonly done: Promise<void>;
}

/** How long the supervisor may take to tear its lab down once told to, in milliseconds. */
const teardownMs = 20_000;

export interface SuperviseContext {
	readonly emit: Emit;
	readonly cleanup: CleanupStack;
	/** Its abort has the supervisor tear the lab down. */
	readonly signal: AbortSignal;
	readonly stopping: { readonly urgent: AbortSignal; letGo(release: () => void): void };
}

/** Starts a lab's supervisor; the clean-up stack ends it in any case. */
export async function superviseLab(
	supervised: SupervisedRun,
	{ emit, cleanup, signal, stopping }: SuperviseContext,
): Promise<Supervisor> {
	let child: Child | undefined;
	const say = (word: SupervisorWord) => child?.stdin?.write(`${word}\n`);
	cleanup.defer('supervisor', () => child?.stop({ graceful: () => void say('stop'), graceMs: teardownMs }));
	child = await startChild(supervisorArgv(), { stdin: 'pipe', extraPipes: 1 });
	const { exited, extra } = child;
	child.stdin?.write(`${JSON.stringify(supervised)}\n`);
	const onAbort = () => say('stop');
	signal.addEventListener('abort', onAbort, { once: true });
	// With the first process of a namespace everything in it dies.
	const onUrgent = () => child.kill('SIGKILL');
	stopping.urgent.addEventListener('abort', onUrgent, { once: true });
	signal.throwIfAborted();

	const done = (async () => {
		let end: Extract<SupervisorLine, { type: 'supervisor-done' }> | undefined;
		const [lines] = extra;
		if (!lines) throw brokenFailure('supervisor', 'the supervisor was started without its event pipe');
		for await (const line of createInterface({ input: lines })) {
			const said = JSON.parse(line) as SupervisorLine;
			if (said.type === 'supervisor-done') {
				end = said;
				continue;
			}
			if (said.type === 'kept') stopping.letGo(() => say('release'));
			emit(said);
		}
		const { recentStderr, exitCode, signal: killedBy } = await exited;
		signal.removeEventListener('abort', onAbort);
		stopping.urgent.removeEventListener('abort', onUrgent);
		signal.throwIfAborted();
		if (end?.error) throw fromReported(end.error);
		if (end) return;
		throw brokenFailure('supervisor', `the lab's supervisor ended early (${killedBy ?? `status ${exitCode}`})`, {
			detail: recentStderr.trim(),
			hint: '`rehearse doctor` tells whether this host allows user and network namespaces',
		});
	})();
	done.catch(() => undefined);
	return { pid: await findFirstChild(child), done };
}

/** The process in the namespaces: unshare(1) itself stays outside and forks, unless the host forbids it. */
async function findFirstChild(child: Child): Promise<number> {
	const { pid } = child;
	const read = () => readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
	const isDecided = (children: string) => children !== '' || child.exit !== undefined;
	const { last } = await poll(read, isDecided, { intervalMs: 10, deadlineMs: 5000 });
	return Number.parseInt(last, 10) || pid;
}

/** The program inside the namespaces: reads the run, runs the lab, tells events on descriptor `out`. */
export async function supervisorMain(
	input: NodeJS.ReadableStream,
	out: (line: string) => void,
): Promise<void> {
	const aborting = new AbortController();
	let release = () => {};
	const released = new Promise<void>((resolve) => (release = resolve));
	// As the first process of its namespace it gets no signal that it does not ask for.
	for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
		process.on(name, () => aborting.abort(interruptedFailure(name)));
	}
	const say = (line: SupervisorLine) => out(`${JSON.stringify(line)}\n`);
	let supervised: SupervisedRun | undefined;
	const first = new Promise<SupervisedRun>((resolve, reject) => {
		const lines = createInterface({ input });
		lines.on('line', (line) => {
			if (line === 'stop') aborting.abort(interruptedFailure('request'));
			else if (line === 'release') release();
			else {
				try {
					resolve((supervised = JSON.parse(line) as SupervisedRun));
				} catch (error) {
					reject(error);
				}
			}
		});
		// The end of the input is the end of whoever started this: nobody wants the lab any more.
		lines.on('close', () => {
			reject(new Error('no run was given'));
			aborting.abort(interruptedFailure('the end of the process that started the lab'));
		});
	});
	let error: Failure | undefined;
	try {
		await runLab(await first, {
			emit: say,
			signal: aborting.signal,
			released,
			stop: () => aborting.abort(interruptedFailure('`rehearse down`')),
		});
	} catch (thrown) {
		error = toFailure(thrown);
	}
	if (supervised) await removeLeftovers(supervised);
	say({ type: 'supervisor-done', ...(error ? { error: toReported(error) } : {}) });
}

/** What the starter removes itself, unless it was killed: then this is the last who can. */
async function removeLeftovers({ disks, sockets }: SupervisedRun): Promise<void> {
	await Promise.all([disks, sockets].map((directory) => rm(directory, { recursive: true, force: true })));
}
