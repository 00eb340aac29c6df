import { brokenFailure } from '../base/errors.js';
import { processorTimeMs } from '../base/proc.js';
import type { Semaphore } from '../base/semaphore.js';
import { systemClock, untilAborted } from '../base/waiting.js';
import { wasExported, wasStarted, type Emit, type ScriptOutcome, type Status } from '../lab/events.js';
import type { StartupScript } from '../lab/lab.js';
import { stage } from '../lab/stage.js';
import type { AgentMessage } from '../machine/agent-message.js';
import type { RunningMachine } from '../machine/machine.js';
import { bootNode, restoreNode, wakeNode, type StartContext, type StartedMachine } from './start-machine.js';
import type { Saver } from './saver.js';
import { scriptDeadlineMs, type MachineRunSpec, type RunSpec } from '../protocol/run-spec.js';
import { readScript } from '../trace/read.js';
import { reasonNotToTrace } from '../trace/traceable.js';

export interface NodeContext extends Omit<StartContext, 'onMessage'> {
	/** Opens when every machine is there: those that were restored go on together. */
	readonly barrier: Barrier;
	readonly saver: Saver;
	/** More boots at once than the host has processors would only wait for each other. */
	readonly boots: Semaphore;
	/** Resolves when all nodes that it connects to are provisioned: the time until then is not its startup scripts'. */
	readonly neededAreUp: Promise<unknown>;
	/** Called when it is provisioned itself. */
	readonly onReady: () => void;
}

/** A node whose startup scripts have run. */
export interface NodeOutcome {
	readonly started: StartedMachine;
	readonly startup: Status;
	/** Processor time that they took, in milliseconds; nothing where they did not run. */
	readonly startupCpuMs?: number;
	/** No unit has failed by the end of the startup scripts. */
	readonly isHealthy: boolean;
}

/** Lets nobody through before all have come. */
export class Barrier {
	readonly opened: Promise<void>;
	readonly #missing: Set<string>;
	#open: () => void = () => undefined;

	constructor(nodes: readonly string[]) {
		this.#missing = new Set(nodes);
		this.opened = new Promise((resolve) => (this.#open = resolve));
	}

	/** A node is there, or will never be; that it is said twice, as of one that came and broke then, counts once. */
	come(node: string): void {
		this.#missing.delete(node);
		if (this.#missing.size === 0) this.#open();
	}
}

/** Restores or boots one node, and runs its startup scripts. Rejects when the machine broke. */
export async function bringUpNode(runSpec: MachineRunSpec, nodeContext: NodeContext): Promise<NodeOutcome> {
	const { name } = runSpec.spec;
	const { emit, lab, signal } = nodeContext;
	const node = lab.lab.nodes.find((candidate) => candidate.name === name);
	const scripts = new ScriptReporter(name, node?.startupScripts ?? [], whyUntraced(lab.trace), emit);
	const context: StartContext = { ...nodeContext, onMessage: (message) => scripts.take(message) };
	const started = await startNode(runSpec, context, nodeContext);
	nodeContext.onReady();
	if (started.isRestored && wasStarted(runSpec)) {
		return { started, startup: 'passed', isHealthy: true };
	}
	if (started.isRestored && wasExported(runSpec)) {
		const { status, scripts: outcomes } = runSpec.startup ?? { status: 'error', scripts: [] };
		for (const outcome of outcomes) emit({ type: 'script-finished', ...outcome });
		return { started, startup: status, isHealthy: false };
	}
	await untilAborted(Promise.race([nodeContext.neededAreUp, started.machine.broken]), signal);
	const run = () => runStartup(started.machine, lab, { emit, signal, scripts });
	return { started, ...(await stage(emit, 'startup', run, ({ startup }) => startup, name)) };
}

/** Restores or boots one node; its startup scripts are about to run then, or have run where it was restored so. */
export async function startNode(
	runSpec: MachineRunSpec,
	context: StartContext,
	{ barrier, saver, signal, boots }: Pick<NodeContext, 'barrier' | 'saver' | 'signal' | 'boots'>,
): Promise<StartedMachine> {
	const boot = async () => {
		const booted = await boots.take(() => bootNode(runSpec, context));
		await saver.saveNode(booted, runSpec.save);
		return booted;
	};
	const restored = await restoreNode(runSpec, context);
	const started = restored ?? (await boot());
	barrier.come(runSpec.spec.name);
	if (!restored) return started;
	await untilAborted(Promise.race([barrier.opened, restored.machine.broken]), signal);
	return (await wakeNode(restored, runSpec, context)) ? restored : boot();
}

interface StartupContext {
	readonly emit: Emit;
	readonly signal: AbortSignal;
	readonly scripts: ScriptReporter;
}

async function runStartup(
	machine: RunningMachine,
	{ lab, deadlines, slowdown, pace }: RunSpec,
	{ emit, signal, scripts }: StartupContext,
): Promise<Omit<NodeOutcome, 'started'>> {
	const own = lab.nodes.find(({ name }) => name === machine.name)?.startupScripts ?? [];
	const allowedMs = own.reduce((sum, script) => sum + scriptDeadlineMs(script, deadlines, slowdown), 0);
	await systemClock.sleep(pace?.[machine.name] ?? 0, signal);
	const before = processorTimeMs(machine.pid);
	machine.send('start');
	const { failedUnits } = await machine.waitFor('started', {
		// systemd ends a script at its deadline; the machine gets as long again to say so.
		deadlineMs: allowedMs + deadlines.scriptMs,
		signal,
		what: 'the end of its startup scripts was',
	});
	if (failedUnits !== '') {
		emit({ type: 'notice', node: machine.name, message: `units have failed since startup:\n${failedUnits}` });
	}
	// The status is that of what was heard of; silence is no success.
	const { missing } = scripts;
	if (missing.length > 0) {
		throw brokenFailure('scripts-not-run', `${machine.name}: nothing was heard of the end of ${missing.join(', ')}`, {
			node: machine.name,
			detail: machine.consoleTail(),
		});
	}
	const startupCpuMs = processorTimeMs(machine.pid) - before;
	return { startup: scripts.status, startupCpuMs, isHealthy: failedUnits === '' };
}

/** How a script of a node ended, by what the agent says and the script's text. */
export function outcomeOf(
	message: Extract<AgentMessage, { readonly kind: 'script-finished' | 'script-repeated' }>,
	node: string,
	text: string,
	whyUntraced: string | undefined,
): ScriptOutcome {
	const { script, status, exitCode, ms } = message;
	const read = readScript(message, text, whyUntraced);
	return { node, script, status, ...(exitCode === undefined ? {} : { exitCode }), ms, ...read };
}

/** Why a script was not traced, if it was not. */
export type WhyUntraced = (script: Pick<StartupScript, 'name' | 'text'>) => string | undefined;

/** Why scripts are not traced that nobody debugs. */
export const whyUntraced =
	(isTracing: boolean): WhyUntraced =>
	({ text }) =>
		isTracing ? reasonNotToTrace(text) : 'tracing was turned off';

/** How much is taken of what a guest says of its scripts: each is begun and ended once, and again when somebody debugs it. */
const maximumMessages = 10_000;

/** Turns what the agent says of scripts into events, and remembers how each ended the last time. */
export class ScriptReporter {
	readonly #node: string;
	readonly #scripts: readonly StartupScript[];
	readonly #emit: Emit;
	readonly #finished = new Map<string, ScriptOutcome['status']>();
	readonly #whyUntraced: WhyUntraced;
	#taken = 0;

	constructor(node: string, scripts: readonly StartupScript[], whyUntraced: WhyUntraced, emit: Emit) {
		this.#whyUntraced = whyUntraced;
		this.#node = node;
		this.#scripts = scripts;
		this.#emit = emit;
	}

	get status(): Status {
		return [...this.#finished.values()].every((status) => status === 'passed') ? 'passed' : 'failed';
	}

	/** Names of the scripts whose end was not told. */
	get missing(): string[] {
		return this.#scripts.map(({ name }) => name).filter((name) => !this.#finished.has(name));
	}

	take(message: AgentMessage): void {
		if (message.kind !== 'script-started' && message.kind !== 'script-finished') return;
		// A guest may make up names, and say the same for ever.
		if (!this.#scripts.some(({ name }) => name === message.script) || ++this.#taken > maximumMessages) return;
		if (message.kind === 'script-started') {
			this.#emit({ type: 'script-started', node: this.#node, script: message.script });
		} else {
			const { script, status } = message;
			this.#finished.set(script, status);
			const { text } = this.#scripts.find(({ name }) => name === script) ?? { text: '' };
			this.#emit({ type: 'script-finished', ...outcomeOf(message, this.#node, text, this.#whyUntraced({ name: script, text })) });
		}
	}
}
