/** The machine under a debugger: it comes to stand before its scripts, and is replaced by one of an earlier state. */
import { Turns } from '../../base/turns.js';
import type { CleanupStack } from '../../base/cleanup.js';
import type { Emit } from '../../lab/events.js';
import { loadMachine } from '../../machine/memory.js';
import { ownStack, startFor, type ArrivalContext, type Arrived } from '../arrival.js';
import { arrive, Gate, ScriptReporter, whyUntraced } from '../node-run.js';
import type { RunningNode } from '../running-node.js';
import type { Saver } from '../saver.js';
import type { SupervisedMachine, SupervisedRun } from '../../protocol/run-spec.js';
import { asProvisioned } from './provisioned.js';
import type { SavePoint, SavePoints } from './save-points.js';

export interface MachineLifeContext {
	readonly lab: SupervisedRun;
	readonly emit: Emit;
	readonly signal: AbortSignal;
	readonly cleanup: CleanupStack;
	readonly saver: Saver;
	/** Called with every machine that is started. */
	readonly onStart: (arrived: Arrived) => void;
}

/** One node's machine while it is debugged. */
export class MachineLife {
	readonly scripts: ScriptReporter;
	readonly #node: RunningNode;
	readonly #context: ArrivalContext;
	readonly #saver: Saver;
	#supervised: SupervisedMachine;

	/** @param isDebugged which scripts are, by name */
	constructor(node: RunningNode, isDebugged: (script: string) => boolean, { saver, ...context }: MachineLifeContext) {
		this.#node = node;
		this.#saver = saver;
		this.#supervised = node.supervised;
		const { lab, emit } = context;
		const { startupScripts = [] } = lab.lab.nodes.find(({ name }) => name === node.name) ?? {};
		const untraced = whyUntraced(lab.trace);
		this.scripts = new ScriptReporter(
			node.name,
			startupScripts,
			(script) => (isDebugged(script.name) ? 'it was debugged' : untraced(script)),
			emit,
		);
		this.#context = { ...context, onMessage: (message) => this.scripts.take(message) };
	}

	/** Ends the node's machine, and brings up the one that it is before its startup scripts. Rejects when that breaks. */
	async begin(): Promise<Arrived> {
		await this.#node.end();
		this.#supervised = await asProvisioned(this.#node.supervised, this.#context.lab.checkpoints);
		return arrive(this.#supervised, this.#context, { ...this.#context, gate: new Gate([this.#node.name]), saver: this.#saver, boots: new Turns(1) });
	}

	/** Ends the machine and starts one that continues from a saved state; it stands still then. */
	async restore(point: SavePoint, points: SavePoints): Promise<Arrived> {
		const { lab, signal, cleanup } = this.#context;
		await this.#node.arrived?.end();
		const { spec, diskMiB } = this.#supervised;
		const overlayFile = await points.newLayer(diskMiB);
		const own = ownStack(cleanup, spec);
		const arrived = await startFor({ ...spec, layers: point.layers, overlayFile }, point.ramFile, this.#supervised, this.#context, own);
		const options = { deadlineMs: lab.deadlines.stateMs, signal };
		await Promise.race([loadMachine(arrived.machine, point, options), arrived.machine.broken]);
		return arrived;
	}
}
