/**
 * A rehearsal, from the plan to the verdict. This module does everything that happens outside the lab's namespace. The
 * stages in braces run inside it, in the supervisor (../supervisor/lab-run):
 *
 * plan → lab → images → accelerator → seeds → checkpoints → supervisor { network → machines → startup → scenario }
 *
 * Each machine goes this way for itself: what has to be built for one keeps no other from being booted. Later stages take
 * earlier results as arguments. Events report what happens. `RunState`, the fold over them, is the
 * result.
 */
import path from 'node:path';
import { tokenOf } from '../base/alive.js';
import { withCleanup, type CleanupStack } from '../base/cleanup.js';
import { timeLimitFailure, toFailure, toReported } from '../base/errors.js';
import { formatMs } from '../base/format.js';
import { quote } from '../base/shell.js';
import { besides, withEither } from '../base/waiting.js';
import { boundCheckpoints } from '../checkpoint/inventory.js';
import { leaseCheckpoint } from '../checkpoint/lease.js';
import { requiredForRun } from '../host/requirements.js';
import type { Emit, RunEvent } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';
import { RunMasks, shownEvent } from '../lab/mask.js';
import { scriptSources } from '../lab/script-source.js';
import { topologyOf } from '../lab/topology.js';
import type { AcceleratorChoice } from '../machine/accelerator.js';
import { emptyRun, foldEvent } from '../outcome/fold.js';
import type { RunState } from '../outcome/state.js';
import type { CheckpointOptions } from '../prepare/checkpoints.js';
import { prepareImported, type ImportedLab } from '../prepare/from-saved-lab.js';
import { areImagesThere } from '../prepare/images.js';
import { writeMachinesFile } from '../prepare/machines-file.js';
import { beginLab, type BegunLab, type PrepareContext, type PreparedLab } from '../prepare/prepare.js';
import { prepareIsos, type IsoBoot } from '../prepare/prepare-isos.js';
import { removalWith, startJanitor } from '../process/janitor.js';
import { controlSocketIn } from '../protocol/requests.js';
import type { ExportRequest, RunCourse, RunSpec } from '../protocol/run-spec.js';
import { keepFresh } from '../runs/heartbeat.js';
import { announceLive, type LiveLab } from '../runs/live-labs.js';
import { ensureDirectory, type Paths } from '../runs/paths.js';
import { copyPlan } from '../runs/plan-copy.js';
import { createRunDirectory, type RunDirectory } from '../runs/run-directory.js';
import { newRunId } from '../runs/run-id.js';
import { journalsDirectory } from '../runs/run-files.js';
import { sshConfigFile, writeSshConfig } from '../runs/ssh-config.js';
import { checkpointsIn } from '../saved-lab/layout.js';
import { requestExport } from '../saved-lab/store.js';
import { announceTests } from '../scenario/checks.js';
import { ForeignUses } from './brought-by-tool.js';
import { keepReports } from './keep-reports.js';
import { startSupervisor, type Supervisor } from './start-supervisor.js';

/** The lab of a run, and where it came from. */
export interface RehearsedLab {
	readonly lab: Lab;
	/** The text of its plan, as it was hashed; absent for a lab that a bundle brought. */
	readonly planText?: string;
	/** How the person named the lab, for commands to paste. */
	readonly labArgument: string;
	/** An imported lab: its machines are only restored, and nothing is built. */
	readonly imported?: ImportedLab;
}

/** What the machines are made from and run on. */
export interface MachineOptions {
	readonly accelerator: AcceleratorChoice;
	readonly checkpoints: CheckpointOptions & {
		/** Maximum size of all checkpoints, in bytes. */
		readonly limitBytes: number;
	};
	/** Whether the machines are saved for an export when the run has not passed. */
	readonly saveFailed?: boolean;
	/** Base URI of the Debian archive. The default is that of the host's apt. */
	readonly mirror?: string | undefined;
	/** How the machines boot their ISOs, where they are to. */
	readonly fromIso?: IsoBoot | undefined;
}

export interface RehearseOptions extends RehearsedLab, MachineOptions {
	readonly course: RunCourse;
	readonly paths: Paths;
	/** The name of the run's directory; by default a new one (newRunId). */
	readonly runId?: string | undefined;
	/** Where this process writes what it has no other place for, when it is a lab's daemon. */
	readonly daemonLog?: string;
	/** Time limit of the whole run, in milliseconds. */
	readonly timeLimitMs: number;
	/** Called with every event, after it was logged. */
	readonly onEvent: (event: RunEvent) => void;
	readonly stopping: Stopping;
}

/** How the caller ends a run early. */
export interface Stopping {
	/** Its abort ends the run. Its reason is the failure that the run reports. */
	readonly signal: AbortSignal;
	/** Its abort ends the run at once, without waiting for the teardown. */
	readonly urgent: AbortSignal;
	/** Called once the lab is detached, with the function that ends it. */
	detach(release: () => void): void;
}

/** Rehearses a lab. Resolves to the folded events of the run, however it ended. Never rejects. */
export async function rehearse(options: RehearseOptions): Promise<RunState> {
	const began = performance.now();
	let state = emptyRun();
	let directory: RunDirectory | undefined;
	const masks = new RunMasks(options.lab, options.course.showSecrets ?? false);
	const emit: Emit = (body) => {
		// All texts of plans and guests come by here, whoever shows them.
		const event: RunEvent = shownEvent({ at: Date.now(), ...body }, masks.text);
		state = foldEvent(state, event);
		logEvent(event);
		options.onEvent(event);
		// A detached lab has no time limit.
		if (event.type === 'detached') clearTimeout(limitTimer);
	};
	// A full disk only ends the log. The run continues, and events are still folded and shown.
	let isLogging = true;
	const logEvent = (event: RunEvent) => {
		if (!directory || !isLogging) return;
		try {
			directory.log(event);
		} catch (error) {
			isLogging = false;
			emit({ type: 'notice', message: `the event log ends here: ${String(error)}` });
		}
	};
	const limit = new AbortController();
	const limitTimer = setTimeout(
		() => limit.abort(timeLimitFailure(`the run's time limit of ${formatMs(options.timeLimitMs)} is over`)),
		options.timeLimitMs,
	);
	const run = (signal: AbortSignal) =>
		withCleanup(async (cleanup) => {
			// It starts while its inputs are prepared. If the host lacks something, `requiredForRun` reports it with the
			// better message.
			const starting = startSupervisor(cleanup, signal);
			const required = requireHost(options);
			for (const early of [starting, required]) early.catch(() => undefined);
			for (const kind of ['state', 'cache'] as const) await ensureDirectory(options.paths, kind);
			const spared = options.imported ? [options.imported.directory] : [];
			directory = await createRunDirectory(options.paths.runs, options.runId ?? newRunId(options.lab.name), cleanup, spared);
			keepFresh(directory.path, options.paths.checkpoints, cleanup);
			// Unfinished checkpoints have the token of who began them in their names (../checkpoint/store).
			await startJanitor('janitor', removalWith(options.paths.checkpoints, tokenOf(), directory.sockets, directory.disks), cleanup);
			announce(options, directory, emit);
			await announceLive(liveLab(options, directory), cleanup);
			// That of a lab that a bundle brought came with it, and is copied with its seeds.
			const { planText } = options;
			if (planText !== undefined) await keep('a copy of the plan', copyPlan(options.lab, planText, directory.path, masks.plan), emit);
			await rehearseIn(directory, options, { starting, required }, { emit, cleanup, signal, masks });
		});
	const ends = [options.stopping.signal, limit.signal];
	try {
		await withEither(ends, run);
	} catch (error) {
		const reason = ends.find(({ aborted }) => aborted)?.reason as unknown;
		emit({ type: 'error', error: toReported(toFailure(reason ?? error)) });
	} finally {
		clearTimeout(limitTimer);
	}
	emit({ type: 'run-finished', ms: Math.round(performance.now() - began) });
	if (directory) await keepReports(state, directory.path, masks.bytes);
	return state;
}

/** What is only needed to build an image is required where one has to be built. */
async function requireHost({ lab, imported, fromIso, paths }: RehearseOptions): Promise<void> {
	await requiredForRun(!imported && !fromIso && !(await areImagesThere(lab, paths.images)));
}

/** What the machines of a run are started from: what somebody handed over, their ISOs, or images and checkpoints. */
function prepare(options: RehearseOptions, directory: RunDirectory, context: PrepareContext): Promise<BegunLab> {
	const { lab, course, paths, imported, fromIso } = options;
	if (imported) return prepareImported(imported, lab, directory, paths, context);
	return fromIso ? prepareIsos(lab, directory, fromIso, options, context) : beginLab(lab, directory, { ...options, trace: course.trace }, context);
}

async function rehearseIn(
	directory: RunDirectory,
	options: RehearseOptions,
	{ starting, required }: { readonly starting: Promise<Supervisor>; readonly required: Promise<void> },
	context: PrepareContext & { readonly masks: RunMasks },
): Promise<void> {
	const { lab, course, paths, imported, fromIso, stopping } = options;
	const { emit, cleanup, signal, masks } = context;
	await required;
	const begun = await prepare(options, directory, context);
	let { plan } = begun;
	const { accelerator, deadlines, slowdown } = begun;
	const { accelerator: _accelerator, ...hostInputs } = begun.host;
	const checkpoints = imported ? checkpointsIn(imported.directory) : paths.checkpoints;
	const foreignUses = new ForeignUses(lab, emit);
	await foreignUses.learn(plan.machines);
	const reported: Emit = (event) => {
		// A detached lab is reset to these checkpoints, and its debugger starts from them.
		if (event.type === 'detached') for (const key of keysOf(plan)) void leaseCheckpoint(path.join(checkpoints, key), process.pid, cleanup);
		foreignUses.emit(event);
	};
	const keepMachines = (prepared: PreparedLab) => keep('what the machines are started with', writeMachinesFile({ ...prepared, ...prepared.plan, nodes: lab.nodes }, directory.path), emit);
	if (!begun.rest) await keepMachines(begun);
	const saveFailed = options.saveFailed ? await requestSave(paths.checkpoints, emit, cleanup) : undefined;
	const supervisor = await starting;
	const run: RunSpec = {
		...{ lab, checkpoints, deadlines, slowdown },
		...plan,
		...course,
		// Nothing of the tool is in an ISO.
		trace: course.trace && !fromIso,
		accelerator: { name: accelerator.name, accel: accelerator.accel, cpu: accelerator.cpu },
		host: hostInputs,
		access: { sshConfigFile: sshConfigFile(directory.path), end: `rehearse down ${quote(lab.name)}` },
		...(saveFailed ? { saveFailed } : {}),
		run: directory.id,
		runDirectory: directory.path,
		disks: directory.disks,
		journals: journalsDirectory(directory.path),
		sockets: directory.sockets,
	};
	const finish = async (): Promise<void> => {
		const writing = writeSshConfig(directory.path, plan.machines, supervisor.pid);
		writing.catch(() => undefined);
		const rest = await begun.rest?.(async (late) => {
			supervisor.complete(late);
			await foreignUses.learn(late.machines);
		});
		if (rest) {
			plan = rest.plan;
			await keepMachines({ ...begun, ...rest });
		}
		await writing;
	};
	// An image that cannot be built ends the lab that runs already.
	const learn = masks.learn.bind(masks);
	await besides(signal, (either) => supervisor.supervise(run, { emit: reported, learn, signal: either, stopping }), finish);
	if (options.checkpoints.cold && !saveFailed) return;
	// Keep the checkpoint that the person asked for.
	const kept = saveFailed ? [saveFailed.key] : [];
	await boundCheckpoints(paths.checkpoints, options.checkpoints.limitBytes, kept).catch((error: unknown) =>
		emit({ type: 'notice', message: `old checkpoints could not be removed: ${toFailure(error).message}` }),
	);
}

/** The checkpoints that a plan names: those of the machines, and that of the started lab. */
const keysOf = ({ startedKey, machines }: PreparedLab['plan']): string[] =>
	[startedKey, ...machines.map(({ provisionedKey }) => provisionedKey)].filter((key) => key !== undefined);

/** Prepares the export of a failed run. Where the store cannot be written to, the run continues without it. */
function requestSave(store: string, emit: Emit, cleanup: CleanupStack): Promise<ExportRequest | undefined> {
	return requestExport(store, process.pid, cleanup).catch((error: unknown) => {
		emit({ type: 'notice', message: `the machines cannot be saved: ${toFailure(error).message}` });
		return undefined;
	});
}

/** Writes a file that is only needed later. If that fails, the run continues. */
async function keep(what: string, keeping: Promise<void>, emit: Emit): Promise<void> {
	await keeping.catch((error: unknown) =>
		emit({ type: 'notice', message: `the run directory lacks ${what}: ${toFailure(error).message}` }),
	);
}

const liveLab = ({ lab, labArgument, course, imported, daemonLog }: RehearseOptions, { path: runDirectory, sockets }: RunDirectory): LiveLab => ({
	name: lab.name,
	labArgument,
	planPath: lab.planPath,
	nodes: lab.nodes.map(({ name }) => name),
	isUp: !course.scenario,
	...(imported ? { imported: imported.directory } : {}),
	...(daemonLog === undefined ? {} : { log: daemonLog }),
	runDirectory,
	sockets,
	controlSocket: controlSocketIn(sockets),
	pid: process.pid,
	token: tokenOf(),
	startedAt: Date.now(),
});

function announce({ lab, labArgument, course: { scenario, robustness = [] } }: RehearseOptions, directory: RunDirectory, emit: Emit): void {
	emit({
		type: 'run-started',
		runId: directory.id,
		lab: lab.name,
		labArgument,
		planSha256: lab.planSha256,
		nodes: lab.nodes.map(({ name, startupScripts }) => ({ name, scripts: startupScripts.map((script) => script.name) })),
		tests: scenario ? lab.scenarios.flatMap(({ tests }) => announceTests(tests)) : [],
		warnings: lab.warnings,
		...(lab.leftOut.length > 0 ? { leftOut: lab.leftOut } : {}),
		...(lab.waived ? { waived: lab.waived } : {}),
		runDirectory: directory.path,
		...(robustness.length > 0 ? { robustness } : {}),
		planPath: lab.planPath,
		topology: topologyOf(lab),
		sources: scriptSources(lab),
	});
}
