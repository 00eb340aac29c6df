/** The machine under a debugger: it is brought to the point before its scripts, and replaced by one of an earlier state. */
import { Semaphore } from '../../base/semaphore.js';
import type { CleanupStack } from '../../base/cleanup.js';
import type { Emit } from '../../lab/events.js';
import { ownStack, scriptsOf, startFor, type StartContext, type StartedMachine } from '../start-machine.js';
import { startNode, Barrier, Together } from '../node-run.js';
import type { RunningNode } from '../running-node.js';
import type { Saver } from '../saver.js';
import { ScriptReporter, whyUntraced } from '../script-reporter.js';
import { Turns } from '../turns.js';
import type { MachineRunSpec, RunSpec } from '../../protocol/run-spec.js';
import { asProvisioned } from './provisioned.js';
import type { SavePoint, SavePoints } from './save-points.js';

export interface MachineLifeContext {
	readonly lab: RunSpec;
	readonly emit: Emit;
	readonly signal: AbortSignal;
	readonly cleanup: CleanupStack;
	readonly saver: Saver;
	/** Called with every machine that is started. */
	readonly onStart: (started: StartedMachine) => void;
}

/** One node's machine while it is debugged. */
export class MachineLife {
	readonly scripts: ScriptReporter;
	readonly #node: RunningNode;
	readonly #context: StartContext;
	readonly #saver: Saver;
	#runSpec: MachineRunSpec;

	/** @param isDebugged which scripts are, by name */
	constructor(node: RunningNode, isDebugged: (script: string) => boolean, { saver, ...context }: MachineLifeContext) {
		this.#node = node;
		this.#saver = saver;
		this.#runSpec = node.runSpec;
		const { lab, emit } = context;
		const untraced = whyUntraced(lab.trace);
		this.scripts = new ScriptReporter(
			node.name,
			scriptsOf(node.name, lab),
			(script) => (isDebugged(script.name) ? 'it was debugged' : untraced(script)),
			emit,
		);
		this.#context = { ...context, onMessage: (message) => this.scripts.take(message) };
	}

	/** Ends the node's machine, and brings up the one that it is before its startup scripts. Rejects when that breaks. */
	async begin(): Promise<StartedMachine> {
		await this.#node.end();
		this.#runSpec = await asProvisioned(this.#node.runSpec, this.#context.lab.checkpoints);
		const alone = { barrier: new Barrier([this.#node.name]), boots: new Semaphore(1), turns: new Turns(1), together: new Together([], []) };
		return startNode(this.#runSpec, this.#context, { ...this.#context, ...alone, saver: this.#saver });
	}

	/** Ends the machine and starts one that continues from a saved state; it is halted then. */
	async restore(point: SavePoint, points: SavePoints): Promise<StartedMachine> {
		const { lab, signal, cleanup } = this.#context;
		await this.#node.started?.end();
		const { spec, diskMiB } = this.#runSpec;
		const overlayFile = await points.newLayer(diskMiB);
		const own = ownStack(cleanup, spec);
		const started = await startFor({ ...spec, layers: point.layers, overlayFile }, point.ramFile, this.#runSpec, this.#context, own);
		const options = { deadlineMs: lab.deadlines.stateMs, signal };
		await Promise.race([started.machine.load(point, options), started.machine.broken]);
		return started;
	}
}
