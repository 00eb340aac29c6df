import type { CleanupStack } from '../base/cleanup.js';
import { brokenFailure, toFailure } from '../base/errors.js';
import type { Semaphore } from '../base/semaphore.js';
import { allOf } from '../base/waiting.js';
import { withoutTrace, type Emit, type ScriptOutcome } from '../lab/events.js';
import { stage } from '../lab/stage.js';
import { masksOf } from '../lab/mask.js';
import type { StateSnapshot } from '../lab/state-snapshot.js';
import type { ScriptMessage } from '../machine/guest.js';
import type { RunningMachine } from '../machine/running-machine.js';
import { parseSnapshot } from '../machine/snapshot.js';
import { bootAgain, scriptsOf, type StartedMachine } from './start-machine.js';
import { outcomeOf, whyUntraced } from './script-reporter.js';
import type { CheckableLab } from './robustness-checks.js';
import { requireFairLimits } from './startup.js';
import { startupDeadlineMs, type RunSpec } from '../protocol/run-spec.js';
import { writeSnapshot } from '../runs/snapshots.js';

/** The machines of a lab that runs, as the robustness checks see them (./robustness-checks). */

export interface CheckContext {
	readonly runSpec: RunSpec;
	readonly emit: Emit;
	readonly signal: AbortSignal;
	readonly cleanup: CleanupStack;
	readonly boots: Semaphore;
}

/** What the robustness checks need of a lab that runs. */
export interface LabOfMachines {
	/** A node with the machine that it has at the moment. */
	find(node: string): { readonly present: StartedMachine; readonly started: StartedMachine | undefined };
	/** Takes a machine that was started anew for a node, long before its guest is up. */
	begin(node: string, started: StartedMachine): void;
	runScenario(emit: Emit): Promise<boolean>;
}

/** How long systemd waits for a service that will not stop, in milliseconds (DefaultTimeoutStopSec, systemd-system.conf(5)). */
const stubbornServiceMs = 90_000;

/** Asks a machine what it is like. It needs no network. @throws Failure when the machine breaks or is silent */
export async function snapshotMachine(machine: RunningMachine, deadlineMs: number, signal?: AbortSignal): Promise<StateSnapshot> {
	const data = await machine.guest.snapshot({ deadlineMs, signal });
	try {
		return parseSnapshot(data);
	} catch (cause) {
		throw brokenFailure('snapshot', `${machine.name}: its state snapshot cannot be read: ${(cause as Error).message}`, { node: machine.name, cause });
	}
}

/** Writes a snapshot of every machine of a lab into the run's directory. For a machine whose snapshot cannot be read, a notice reports that, and that is all. */
export async function snapshotLab(
	running: Pick<LabOfMachines, 'find'>,
	{ machines, runDirectory, deadlines, lab, showSecrets = false }: RunSpec,
	{ emit, signal }: Pick<CheckContext, 'emit' | 'signal'>,
): Promise<void> {
	const { text: mask } = masksOf(lab, showSecrets);
	const snapshot = async (node: string) => {
		const { machine } = running.find(node).present;
		try {
			await writeSnapshot(runDirectory, node, await snapshotMachine(machine, deadlines.wakeMs, signal), mask);
		} catch (error) {
			const { code, message } = toFailure(error);
			if (code !== 'snapshot') throw error;
			emit({ type: 'notice', node, message });
		}
	};
	const live = machines.filter(({ spec }) => running.find(spec.name).started !== undefined);
	await Promise.all(live.map(({ spec }) => snapshot(spec.name)));
}

/** A lab that runs, for robustness checks. */
export function checkableLab(running: LabOfMachines, context: CheckContext): CheckableLab {
	const { runSpec, emit, signal, boots } = context;
	const { deadlines, machines } = runSpec;
	// The first run's trace is what people look at; another of each script would only swell the log.
	const scriptOutcome = (node: string, message: ScriptMessage): ScriptOutcome => {
		const { name, text } = scriptsOf(node, runSpec).find((script) => script.name === message.script) ?? { name: message.script, text: '' };
		return withoutTrace(outcomeOf(message, node, text, whyUntraced(runSpec.trace)({ name, text })));
	};
	return {
		snapshot: (node) => snapshotMachine(running.find(node).present.machine, deadlines.wakeMs, signal),
		async repeatScript(node, script) {
			const { agent } = running.find(node).present.machine;
			agent.send(`again ${script.name}`);
			const message = await agent.waitFor('script-repeated', {
				deadlineMs: startupDeadlineMs([script], deadlines, runSpec.slowdown),
				signal,
				what: `the end of the second run of ${script.name} was`,
			});
			return scriptOutcome(node, message);
		},
		async restartAll() {
			// As after a power failure: none is there while another comes up, unless it is quicker.
			await allOf(machines.map(({ spec }) => shutDown(running.find(spec.name).present, deadlines.provisioningMs + stubbornServiceMs, signal)));
			const times = machines.map(async (machine) => {
				const { name } = machine.spec;
				const restart = async () => {
					const began = performance.now();
					const again = { lab: runSpec, ...context, onStart: (started: StartedMachine) => running.begin(name, started) };
					const { scripts: ended } = await bootAgain(running.find(name).present, machine, again);
					if (machine.spec.live) requireFairLimits(name, scriptsOf(name, runSpec), ended.flatMap(({ script, status }) => (status === 'timed-out' ? [script] : [])), runSpec.slowdown);
					const ms = Math.round(performance.now() - began);
					return [name, machine.spec.live ? { ms, scripts: ended.map((message) => scriptOutcome(name, message)) } : { ms }] as const;
				};
				return boots.take(() => stage(emit, 'reboot', restart, undefined, name));
			});
			return new Map(await allOf(times));
		},
		runScenario: (emitCheck) => running.runScenario(emitCheck),
	};
}

/** Has a machine shut down in order, and ends what is left of it. */
async function shutDown(started: StartedMachine, deadlineMs: number, signal: AbortSignal): Promise<void> {
	await started.machine.shutDown({ deadlineMs, signal });
	await started.end();
}
