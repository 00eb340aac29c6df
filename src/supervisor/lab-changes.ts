/** What changes a lab that runs: restarts, resets, replaced nodes, exports, the debugger. One change at a time. */
import type { Duplex } from 'node:stream';
import type { CleanupStack } from '../base/cleanup.js';
import { brokenFailure, toFailure, usageFailure } from '../base/errors.js';
import type { DeclaredPassword } from '../base/secrets.js';
import { Semaphore } from '../base/semaphore.js';
import { wasExported, type Emit } from '../lab/events.js';
import type { Lab } from '../lab/lab.js';
import { passwordsOf } from '../lab/mask.js';
import { stage } from '../lab/stage.js';
import { restored } from '../protocol/restored.js';
import { withReplacement, type ExportRequest, type Replacement, type RunSpec } from '../protocol/run-spec.js';
import type { SavedLab } from '../saved-lab/saved-lab.js';
import { serveDebugger } from './debugging/serve.js';
import type { RunningNode } from './running-node.js';
import { saveForExport } from './save-lab.js';
import type { Saver } from './saver.js';
import { bootAgain, type StartedMachine } from './start-machine.js';
import { findStartedLab } from './started-lab.js';

/** Takes passwords that the lab gets, for whoever keeps what it reports. */
export type Learn = (passwords: readonly DeclaredPassword[]) => void;

export interface RunningLabContext {
	readonly emit: Emit;
	readonly learn: Learn;
	/** Ends every wait. */
	readonly signal: AbortSignal;
	/** For whatever finds that the rehearsal broke; nothing is found that way once the lab is ready. */
	readonly breaking: AbortController;
	readonly cleanup: CleanupStack;
}

/** A lab as the changes to it see it. */
export interface ChangeableLab {
	getRunSpec(): RunSpec;
	/** The lab is another from then on. */
	setRunSpec(runSpec: RunSpec): void;
	readonly nodes: readonly RunningNode[];
	readonly saver: Saver;
	readonly context: RunningLabContext;
	isReady(): boolean;
	/** @throws Failure `usage` for a node that the lab does not have */
	find(name: string): RunningNode;
	/** Takes a machine that was started for a node. */
	begin(node: RunningNode, started: StartedMachine): void;
	/**
	 * Restores or boots nodes whose machines have ended, and runs their startup scripts. Keys that people have had in them are
	 * let in again, behind `untouched`.
	 */
	bringBack(nodes: readonly RunningNode[], emit: Emit, untouched?: () => Promise<void>): Promise<void>;
	/** The node has no machine any more. */
	lose(node: RunningNode): void;
}

/** How long a guest may take to shut down in order, in times of what it may take to wake: a hung one never does. */
const shutDownWakes = 2;

/** The changes to one lab. */
export class LabChanges {
	readonly #lab: ChangeableLab;
	readonly #semaphore = new Semaphore(1);
	#debugged: string | undefined;
	/** What is being done to all machines, or to some of them, that nothing can be judged beside. */
	#remaking: string | undefined;
	#judging = 0;

	constructor(lab: ChangeableLab) {
		this.#lab = lab;
	}

	/** @throws Failure `usage` while the lab is still being brought up, or paused for a debugger */
	requireReady(): void {
		if (this.#debugged !== undefined) {
			throw usageFailure(`${this.#debugged} is being debugged`, { hint: '`quit` of the debugger has the lab go on' });
		}
		if (this.#lab.isReady()) return;
		throw usageFailure('the lab is still coming up', { hint: '`rehearse status` shows how far it is' });
	}

	/** Judges the lab. @throws Failure `usage` while machines are made anew: assertions would fail for that */
	async judge<Verdict>(body: () => Promise<Verdict>): Promise<Verdict> {
		if (this.#remaking !== undefined) throw usageFailure(`the lab is being ${this.#remaking}`, { hint: '`rehearse status` shows when it is up again' });
		this.#judging += 1;
		try {
			return await body();
		} finally {
			this.#judging -= 1;
		}
	}

	/** Makes machines anew, when nothing else is being changed. @throws Failure `usage` while the lab is judged */
	async #remake(how: string, body: () => Promise<void>): Promise<void> {
		this.#requireNobodyJudges();
		await this.#semaphore.take(async () => {
			this.#requireNobodyJudges();
			this.#remaking = how;
			try {
				await body();
			} finally {
				this.#remaking = undefined;
			}
		});
	}

	#requireNobodyJudges(): void {
		if (this.#judging > 0) throw usageFailure('the scenario is running in this lab', { hint: 'wait for it, or end it where it was started' });
	}

	/** Does something that changes a node, when nothing else is being changed. */
	async change(name: string, body: (node: RunningNode) => Promise<void>): Promise<void> {
		const node = this.#lab.find(name);
		if (this.#debugged !== undefined) this.requireReady();
		return this.#semaphore.take(() => body(node));
	}

	/** Restarts a node from its own disk: in order where it runs, and as after a power failure where it does not. */
	restart(name: string, emit: Emit): Promise<void> {
		return this.change(name, (node) => this.#restart(node, emit));
	}

	async #restart(node: RunningNode, emit: Emit): Promise<void> {
		const { last } = node;
		await node.shutDown(shutDownWakes * this.#lab.getRunSpec().deadlines.wakeMs);
		const context = { ...this.#lab.context, lab: this.#lab.getRunSpec(), emit, onStart: (started: StartedMachine) => this.#lab.begin(node, started) };
		await stage(node.observing(emit), 'reboot', () => bootAgain(last, node.runSpec, context), undefined, node.name);
	}

	/** Puts the whole lab back to where its startup scripts had left it. @throws Failure `usage` where no checkpoint is of that */
	reset(emit: Emit): Promise<void> {
		return this.#remake('put back', async () => {
			await this.#lab.saver.finish();
			const checkpoint = await findStartedLab(this.#lab.getRunSpec());
			await Promise.all(this.#lab.nodes.map((node) => node.end()));
			for (const node of this.#lab.nodes) {
				// What was to be saved of the machine that it had is saved.
				const { save: _saved, ...runSpec } = restored(node.runSpec, checkpoint, node.name);
				node.runSpec = runSpec;
			}
			await this.#lab.bringBack(this.#lab.nodes, emit);
			const failed = this.#lab.nodes.filter(({ runSpec, startup }) => startup !== 'passed' && !wasExported(runSpec)).map((node) => node.name);
			if (failed.length > 0) throw brokenFailure('reset', `could not be put back, and their startup scripts failed: ${failed.join(', ')}`);
		});
	}

	/**
	 * Saves all machines that live as they are, to be exported. Whoever asks for that may have waited for something else
	 * since he was let in: somebody may debug the lab by now, for days.
	 */
	async saveForExport(request: ExportRequest): Promise<SavedLab> {
		if (this.#debugged !== undefined) this.requireReady();
		const { nodes, context, getRunSpec } = this.#lab;
		return this.#semaphore.take(() => saveForExport(getRunSpec(), nodes, request, { ...getRunSpec(), signal: context.signal }));
	}

	/** Makes nodes anew, of other recipes or scripts, while the others go on; the lab is another from then on. */
	replace({ machines, ...lab }: Replacement, emit: Emit): Promise<void> {
		return this.#remake('reloaded', async () => {
			const replaced = this.#lab.nodes.filter(({ name }) => machines.some(({ spec }) => spec.name === name));
			this.#announce(replaced, lab.lab);
			this.#lab.setRunSpec(withReplacement(this.#lab.getRunSpec(), { machines, ...lab }));
			await Promise.all(replaced.map((node) => node.end()));
			for (const node of replaced) {
				const machine = machines.find(({ spec }) => spec.name === node.name);
				const { alias } = lab.lab.nodes.find(({ name }) => name === node.name) ?? {};
				if (machine) node.replace(machine, alias ?? '');
			}
			// Other labs may start from what is saved where all nodes are made anew.
			const save = async () => {
				if (!this.#lab.nodes.every(({ startup }) => startup === 'passed')) return;
				const live = this.#lab.nodes.flatMap(({ started }) => started ?? []);
				const isUntouched = replaced.every(({ wasVisited }) => !wasVisited);
				if (live.length === this.#lab.nodes.length && isUntouched) await this.#lab.saver.saveLab(live, lab.saveStarted);
			};
			// Whoever gave the orders to save waits for this, and cleans up after them.
			await this.#lab.bringBack(replaced, emit, save).finally(() => this.#lab.saver.finish());
		});
	}

	/** Tells the run that keeps this lab. Whoever asks for the change gets the events of it, and the run itself none. */
	#announce(replaced: readonly RunningNode[], lab: Lab): void {
		const { emit, learn } = this.#lab.context;
		const [before, now] = [passwordsOf(this.#lab.getRunSpec().lab), passwordsOf(lab)];
		const newPasswords = now.some(({ password }) => !before.some((known) => known.password === password));
		if (newPasswords) learn(now);
		emit({ type: 'nodes-replaced', nodes: replaced.map(({ name }) => name), planSha256: lab.planSha256, newPasswords });
	}

	/**
	 * Has somebody step through a node's startup scripts, over a stream. Nothing else changes the lab meanwhile: who comes
	 * later is refused from now on, and does not wait silently for somebody who may think for days.
	 */
	async debug(name: string, script: string | undefined, stream: Duplex): Promise<void> {
		const node = this.#lab.find(name);
		this.requireReady();
		this.#requireNobodyJudges();
		this.#debugged = name;
		try {
			await this.#semaphore.take(async () => {
				const parts = { runSpec: this.#lab.getRunSpec(), nodes: this.#lab.nodes, saver: this.#lab.saver };
				const lab = { ...this.#lab.context, ...parts, onStart: (started: StartedMachine) => this.#lab.begin(node, started) };
				await serveDebugger(lab, node, script, stream);
			});
		} finally {
			this.#debugged = undefined;
		}
	}

	/** Starts a machine again that has rebooted. Nobody waits for that, so what keeps it from coming back is reported as an event. */
	async followReboot(node: RunningNode, rebooted: StartedMachine): Promise<void> {
		const send = (message: string) => this.#lab.context.emit({ type: 'notice', node: node.name, message });
		if (this.#debugged !== undefined && this.#debugged !== node.name) send(`it is started again once ${this.#debugged} is no longer debugged`);
		try {
			// By then it may be another machine: somebody has put the lab back, or ended the node.
			await this.#semaphore.take(async () => void (node.started === rebooted && (await this.#restart(node, this.#lab.context.emit))));
		} catch (error) {
			send(`it rebooted and is not back: ${toFailure(error).message}`);
			this.#lab.lose(node);
		}
	}
}
