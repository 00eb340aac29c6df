import { brokenFailure } from '../base/errors.js';
import type { CleanupStack } from '../base/cleanup.js';
import type { Emit, Status } from '../lab/events.js';
import type { StartupScript } from '../lab/lab.js';
import type { AgentMessage } from '../machine/agent-message.js';
import { cloudInitComplaints } from '../machine/cloud-init.js';
import { startMachine, type RunningMachine } from '../machine/machine.js';
import { findLine } from '../machine/trace.js';
import { run } from '../process/run.js';
import { stage } from './stage.js';
import type { SupervisedMachine, SupervisedRun } from './supervised.js';

export interface NodeContext {
	readonly emit: Emit;
	readonly signal: AbortSignal;
	readonly cleanup: CleanupStack;
}

/** A node whose startup scripts have run. */
export interface NodeOutcome {
	readonly machine: RunningMachine;
	readonly startup: Status;
}

/** Boots one node, has it provisioned, and runs its startup scripts. Rejects when the machine broke. */
export async function bringUpNode(
	supervised: SupervisedMachine,
	lab: SupervisedRun,
	context: NodeContext,
): Promise<NodeOutcome> {
	const { name } = supervised.spec;
	const { emit } = context;
	const node = lab.lab.nodes.find((candidate) => candidate.name === name);
	const scripts = new ScriptReporter(name, node?.startupScripts ?? [], emit);
	const machine = await stage(emit, 'boot', () => boot(supervised, lab, context, scripts), undefined, name);
	const startup = await stage(emit, 'startup', () => runStartup(machine, lab, context, scripts), (status) => status, name);
	return { machine, startup };
}

async function boot(
	{ spec, rootFile, diskMiB, consoleFile }: SupervisedMachine,
	{ accelerator, deadlines }: SupervisedRun,
	{ signal, cleanup }: NodeContext,
	scripts: ScriptReporter,
): Promise<RunningMachine> {
	await run(
		['qemu-img', 'create', '-q', '-f', 'qcow2', '-b', rootFile, '-F', 'raw', spec.overlayFile, `${diskMiB}M`],
		{ signal },
	);
	const machine = await startMachine(spec, {
		accelerator,
		consoleFile,
		cleanup,
		onMessage: (message) => scripts.take(message),
		signal,
	});
	const { cloudInit, failedUnits } = await machine.waitFor('provisioned', {
		deadlineMs: deadlines.provisioningMs,
		signal,
		what: 'the end of cloud-init was',
	});
	const complaints = cloudInitComplaints(cloudInit);
	if (complaints.length > 0) {
		throw brokenFailure('cloud-init', `${spec.name}: cloud-init did not end well`, {
			node: spec.name,
			detail: complaints.join('\n'),
		});
	}
	if (failedUnits !== '') {
		throw brokenFailure('units-failed', `${spec.name}: units failed while it booted`, {
			node: spec.name,
			detail: failedUnits,
		});
	}
	return machine;
}

async function runStartup(
	machine: RunningMachine,
	{ lab, deadlines }: SupervisedRun,
	{ emit, signal }: NodeContext,
	scripts: ScriptReporter,
): Promise<Status> {
	const count = lab.nodes.find(({ name }) => name === machine.name)?.startupScripts.length ?? 0;
	machine.tell(`start ${(Date.now() / 1000).toFixed(3)}`);
	const { failedUnits } = await machine.waitFor('started', {
		// systemd ends a script at its deadline; the machine gets as long again to say so.
		deadlineMs: deadlines.scriptMs * (count + 1),
		signal,
		what: 'the end of its startup scripts was',
	});
	if (failedUnits !== '') {
		emit({ type: 'notice', node: machine.name, message: `units have failed since startup:\n${failedUnits}` });
	}
	return scripts.status;
}

/** Turns what the agent says of scripts into events, and remembers whether all passed. */
class ScriptReporter {
	readonly #node: string;
	readonly #scripts: readonly StartupScript[];
	readonly #emit: Emit;
	#failed = false;

	constructor(node: string, scripts: readonly StartupScript[], emit: Emit) {
		this.#node = node;
		this.#scripts = scripts;
		this.#emit = emit;
	}

	get status(): Status {
		return this.#failed ? 'failed' : 'passed';
	}

	take(message: AgentMessage): void {
		if (message.kind === 'script-started') {
			this.#emit({ type: 'script-started', node: this.#node, script: message.script });
		} else if (message.kind === 'script-finished') {
			const { kind: _kind, ...outcome } = message;
			if (outcome.status !== 'passed') this.#failed = true;
			const text = this.#scripts.find(({ name }) => name === outcome.script)?.text ?? '';
			this.#emit({ type: 'script-finished', node: this.#node, ...outcome, ...findLine(outcome, text) });
		}
	}
}
