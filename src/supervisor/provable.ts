/** The machines of a lab that runs, as the proofs see them (./proofs). */
import type { CleanupStack } from '../base/cleanup.js';
import type { Turns } from '../base/turns.js';
import type { Emit } from '../lab/events.js';
import type { Survey } from '../lab/survey.js';
import type { RunningMachine } from '../machine/machine.js';
import { parseSurvey } from '../machine/survey.js';
import { bootAgain, type Arrived } from './arrival.js';
import { outcomeOf, whyUntraced } from './node-run.js';
import type { ProvableLab } from './proofs.js';
import { stage } from '../lab/stage.js';
import type { SupervisedRun } from '../protocol/run-spec.js';
import { writeSurvey } from '../runs/surveys.js';

export interface ProvableContext {
	readonly supervised: SupervisedRun;
	readonly emit: Emit;
	readonly signal: AbortSignal;
	readonly cleanup: CleanupStack;
	readonly boots: Turns;
}

/** What the proofs need of a lab that runs. */
export interface LabOfMachines {
	/** A node with the machine that it has at the moment. */
	find(node: string): { readonly present: Arrived };
	/** Takes a machine that was started anew for a node, long before it has arrived. */
	begin(node: string, arrived: Arrived): void;
	runScenario(emit: Emit): Promise<boolean>;
}

/** How long systemd waits for a service that will not stop, in milliseconds (DefaultTimeoutStopSec, systemd-system.conf(5)). */
const stubbornServiceMs = 90_000;

/** Asks a machine's agent what the machine is like. It needs no network. @throws Failure when the machine breaks or is silent */
export async function surveyMachine(machine: RunningMachine, deadlineMs: number, signal?: AbortSignal): Promise<Survey> {
	machine.tell('survey');
	const { data } = await machine.waitFor('surveyed', { deadlineMs, signal, what: 'its survey was' });
	return parseSurvey(data);
}

/** Surveys every machine of a lab into the run's directory. */
export async function surveyLab(
	running: Pick<LabOfMachines, 'find'>,
	{ machines, runDirectory, deadlines }: SupervisedRun,
	signal: AbortSignal,
): Promise<void> {
	const survey = async (node: string) => {
		const { machine } = running.find(node).present;
		await writeSurvey(runDirectory, node, await surveyMachine(machine, deadlines.wakeMs, signal));
	};
	await Promise.all(machines.map(({ spec }) => survey(spec.name)));
}

/** A lab that runs, for proofs. */
export function provableLab(running: LabOfMachines, context: ProvableContext): ProvableLab {
	const { supervised, emit, signal, boots } = context;
	const { deadlines, machines } = supervised;
	return {
		survey: (node) => surveyMachine(running.find(node).present.machine, deadlines.wakeMs, signal),
		async repeatScript(node, script) {
			const { machine } = running.find(node).present;
			machine.tell(`again ${script.name}`);
			const message = await machine.waitFor('script-repeated', {
				// systemd ends a script at its deadline; the machine gets as long again to say so.
				deadlineMs: 2 * deadlines.scriptMs,
				signal,
				what: `the end of the second run of ${script.name} was`,
			});
			// The first run's trace is what people look at; another of each script would only swell the log.
			const { trace: _trace, ...outcome } = outcomeOf(message, node, script.text, whyUntraced(supervised.trace)(script));
			return outcome;
		},
		async restartAll() {
			// As after a power failure: none is there while another comes up, unless it is quicker.
			await allOf(machines.map(({ spec }) => shutDown(running.find(spec.name).present, deadlines.provisioningMs + stubbornServiceMs, signal)));
			const times = machines.map(async (machine) => {
				const { name } = machine.spec;
				const restart = async () => {
					const began = performance.now();
					const again = { lab: supervised, ...context, onStart: (arrived: Arrived) => running.begin(name, arrived) };
					await bootAgain(running.find(name).present, machine, again);
					return [name, Math.round(performance.now() - began)] as const;
				};
				return boots.take(() => stage(emit, 'reboot', restart, undefined, name));
			});
			return new Map(await allOf(times));
		},
		runScenario: (emitProof) => running.runScenario(emitProof),
	};
}

/** Has a machine shut down in order, and ends what is left of it. */
async function shutDown(arrived: Arrived, deadlineMs: number, signal: AbortSignal): Promise<void> {
	await arrived.machine.shutDown({ deadlineMs, signal });
	await arrived.end();
}

/** All of them, so that nothing still goes on when this rejects with the first error. */
async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
	await Promise.allSettled(promises);
	return Promise.all(promises);
}
