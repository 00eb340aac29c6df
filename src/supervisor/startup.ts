/** A node's startup scripts, through the reboots that they may cause, to their end or that of their machine. */
import { brokenFailure, toFailure, type Failure } from '../base/errors.js';
import { oneLine } from '../base/format.js';
import { processorTimeMs } from '../base/proc.js';
import { systemClock } from '../base/waiting.js';
import type { Emit, MachineEnd, Status } from '../lab/events.js';
import type { StartupScript } from '../lab/lab.js';
import { guestPoweredOff, guestRebooted, machineDied, machineLate, type RunningMachine } from '../machine/running-machine.js';
import { startupDeadlineMs, type MachineRunSpec, type RunSpec } from '../protocol/run-spec.js';
import type { Saver } from './saver.js';
import type { ScriptReporter, Suspect } from './script-reporter.js';
import { bootAgain, scriptsOf, type StartContext, type StartedMachine } from './start-machine.js';

/** A node whose startup scripts have run. */
export interface NodeOutcome {
	/** The machine that it has now. */
	readonly started: StartedMachine;
	readonly startup: Status;
	/** Processor time that the startup scripts took, in milliseconds; nothing where they did not run. */
	readonly startupCpuMs?: number;
	/** No unit has failed by the end of the startup scripts. */
	readonly isHealthy: boolean;
	/** Its scripts have ended its machine. */
	readonly hasEnded?: true;
}

export interface StartupContext extends StartContext {
	readonly scripts: ScriptReporter;
	readonly saver: Saver;
}

/** How often startup scripts may reboot their machine. A loop of reboots has no end of its own. */
const maximumReboots = 3;

/**
 * Runs the startup scripts of a machine. One that they reboot boots again from its own disk, and all of them run again, as
 * systemd does it with units that are enabled. One that they power off, or reboot again and again, is reported as ended.
 * Rejects when the machine broke.
 */
export async function startUp(first: StartedMachine, runSpec: MachineRunSpec, context: StartupContext): Promise<NodeOutcome> {
	const { emit, signal, scripts, saver } = context;
	const node = runSpec.spec.name;
	let started = first;
	const over = (end: MachineEnd): NodeOutcome => {
		emit({ type: 'machine-ended', ...end });
		return { started, startup: 'failed', isHealthy: false, hasEnded: true };
	};
	for (let reboots = 1; ; reboots++) {
		const outcome = await untilEnded(() => runScripts(started.machine, context.lab, { emit, signal, scripts }), signal, [guestRebooted, guestPoweredOff]);
		if ('value' in outcome) return { started, ...outcome.value };
		const { code } = outcome.failure;
		scripts.loseRunning(`its machine was ${code === guestRebooted ? 'rebooted' : 'powered off'} without a message before`);
		const end = machineEnd(node, code, scripts.suspect, reboots);
		// What is being saved of it is read from its memory.
		await saver.finish();
		await started.end();
		if (code === guestPoweredOff || reboots >= maximumReboots) return over(end);
		emit({ type: 'notice', node, message: `${end.message}. It boots again, and its startup scripts run again; a live medium would have forgotten all else` });
		scripts.beginAgain();
		const boot = await untilEnded(() => bootAgain(started, runSpec, context), signal, [guestRebooted, guestPoweredOff, machineDied, machineLate]);
		if ('failure' in boot) return over({ ...end, message: `${end.message}, and does not come back: ${boot.failure.message}` });
		started = boot.value.started;
	}
}

/** What comes of a wait, or how the guest has ended it, where that is one of these codes. */
async function untilEnded<T>(
	wait: () => Promise<T>,
	signal: AbortSignal,
	codes: readonly string[],
): Promise<{ readonly value: T } | { readonly failure: Failure }> {
	try {
		return { value: await wait() };
	} catch (error) {
		signal.throwIfAborted();
		const failure = toFailure(error);
		if (!codes.includes(failure.code)) throw error;
		return { failure };
	}
}

const times = ['once', 'twice', 'three times'];

/** How a machine came to its end by what runs in it; `reboots` counts this one. */
export function machineEnd(node: string, code: string, suspect: Suspect | undefined, reboots = 1): MachineEnd {
	const how = code === guestPoweredOff ? 'powered-off' : 'rebooted';
	const was = how === 'rebooted' && reboots > 1 ? `it was rebooted ${times[reboots - 1] ?? `${reboots} times`}` : `it was ${how === 'rebooted' ? 'rebooted' : 'powered off'} from within`;
	if (!suspect) return { node, how, message: `${was}; by what is not known` };
	const { script, line, command } = suspect;
	const place = { script, ...(line === undefined ? {} : { line }), ...(command === undefined ? {} : { command }) };
	if (command === undefined) return { node, how, ...place, message: `${was} while its startup script ${script} ran; by which command is not known` };
	return { node, how, ...place, message: `${was} by its startup script ${script}${line === undefined ? '' : `, line ${line}`} (${oneLine(command)})` };
}

async function runScripts(
	machine: RunningMachine,
	{ lab, deadlines, slowdown, pace }: RunSpec,
	{ emit, signal, scripts }: { readonly emit: Emit; readonly signal: AbortSignal; readonly scripts: ScriptReporter },
): Promise<Omit<NodeOutcome, 'started'>> {
	const own = scriptsOf(machine.name, { lab });
	await systemClock.sleep(pace?.[machine.name] ?? 0, signal);
	const before = processorTimeMs(machine.pid);
	const { failedUnits } = await machine.guest.runScripts({ deadlineMs: startupDeadlineMs(own, deadlines, slowdown), signal });
	if (failedUnits !== '') {
		emit({ type: 'notice', node: machine.name, message: `units have failed${machine.guest.hasPlansLimits ? '' : ' since startup'}:\n${failedUnits}` });
	}
	if (machine.guest.hasPlansLimits) requireFairLimits(machine.name, own, scripts.timedOut, slowdown);
	// The status is that of what was reported; silence is no success.
	const { missing } = scripts;
	if (missing.length > 0) {
		throw brokenFailure('scripts-not-run', `${machine.name}: it did not report the end of ${missing.join(', ')}`, {
			node: machine.name,
			detail: machine.consoleTail(),
		});
	}
	const startupCpuMs = processorTimeMs(machine.pid) - before;
	return { startup: scripts.status, startupCpuMs, isHealthy: failedUnits === '' };
}

/** Above it, a limit that was meant for a fast host does not judge a script. */
const tolerableSlowdown = 1.5;

/**
 * Requires of scripts that were ended in a guest with the plan's own limits that it was not for a slow host.
 * @throws Failure `script-limit` (exit 4)
 */
export function requireFairLimits(node: string, scripts: readonly StartupScript[], ended: readonly string[], slowdown: number): void {
	const limited = ended.filter((script) => scripts.some(({ name, timeoutSeconds, isTimeOfRun }) => name === script && timeoutSeconds !== undefined && !isTimeOfRun));
	if (slowdown <= tolerableSlowdown || limited.length === 0) return;
	throw brokenFailure('script-limit', `${node}: systemd ended ${limited.join(', ')} at the limit that the ISO has for it, on a host that is ${slowdown.toFixed(1)} times slower than it is meant for`, {
		node,
		hint: 'rehearse it with KVM, or without --from-iso, where limits are stretched, or give it a longer `timeout`',
	});
}
