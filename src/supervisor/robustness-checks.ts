import { allOf, systemClock, type Clock } from '../base/waiting.js';
import type { Emit, RobustnessCheck, ScriptOutcome } from '../lab/events.js';
import type { LabNode, StartupScript } from '../lab/lab.js';
import type { Difference, StateSnapshot } from '../lab/state-snapshot.js';
import { differencesBetween, forgottenAmong, lossesAmong } from '../machine/differences.js';
import { locateDifference } from '../machine/locate-difference.js';

/**
 * What a run checks, where it is asked to, once its scenario has passed: that the startup scripts may run again, and that the lab
 * comes back from a restart. Each ends with the scenario; problems of the lab are reported as events.
 */

/** A lab that runs, as far as a robustness check is concerned. Each call rejects when the rehearsal itself breaks. */
export interface CheckableLab {
	/** What a node's machine is like now. */
	snapshot(node: string): Promise<StateSnapshot>;
	/** Runs a startup script of a node another time. */
	repeatScript(node: string, script: StartupScript): Promise<ScriptOutcome>;
	/** Shuts all machines down and starts each from its own disk. Resolves to how each came back. */
	restartAll(): Promise<ReadonlyMap<string, Restarted>>;
	/** Resolves to whether every assertion passed. */
	runScenario(emit: Emit): Promise<boolean>;
}

/** How a machine came back. */
export interface Restarted {
	/** In milliseconds from power-on. */
	readonly ms: number;
	/** Only of a live medium, which begins with nothing but what it was made with: its startup scripts have run again. */
	readonly scripts?: readonly ScriptOutcome[];
}

export interface RobustnessOptions {
	readonly lab: CheckableLab;
	readonly nodes: readonly Pick<LabNode, 'name' | 'startupScripts'>[];
	readonly emit: Emit;
	/** How long a unit, a port or an address may take to be as it was, in milliseconds. */
	readonly settleMs: number;
	readonly signal?: AbortSignal | undefined;
	readonly clock?: Clock;
}

/** Between two looks at a machine that has not settled, in milliseconds. */
const settleIntervalMs = 1000;

/** Runs every startup script a second time, nodes side by side. Resolves to whether all are idempotent. */
export async function checkTwice(options: RobustnessOptions): Promise<boolean> {
	const { lab, nodes, emit } = options;
	const proved = await allOf(nodes.map((node) => repeatOnNode(node, options)));
	const scenarioPassed = await lab.runScenario(markedBy('twice', emit));
	return proved.every(Boolean) && scenarioPassed;
}

async function repeatOnNode({ name, startupScripts }: RobustnessOptions['nodes'][number], options: RobustnessOptions): Promise<boolean> {
	const { lab, emit } = options;
	let before = await lab.snapshot(name);
	let isIdempotent = true;
	for (const script of startupScripts) {
		const outcome = await lab.repeatScript(name, script);
		const { after, found } = await settled(name, before, differencesBetween, isPassing, options);
		const differences = found.map((difference) => locateDifference(difference, script.text));
		emit({ type: 'script-repeated', ...outcome, differences });
		isIdempotent &&= outcome.status === 'passed' && found.length === 0;
		before = after;
	}
	return isIdempotent;
}

/** What may pass by itself, as a service that was restarted takes its time to listen. */
const isPassing = ({ kind }: Difference): boolean => kind === 'unit' || kind === 'port' || kind === 'address';

/** Restarts every machine. Resolves to whether all came back with what they had, and the scenario passes. */
export async function checkReboot(options: RobustnessOptions): Promise<boolean> {
	const { lab, nodes, emit } = options;
	const before = await allOf(nodes.map(({ name }) => lab.snapshot(name)));
	const restarts = await lab.restartAll();
	const scenarioPassed = await lab.runScenario(markedBy('reboot', emit));
	const losses = await allOf(
		nodes.map(async ({ name }, index) => {
			const lossesBetween = (one: StateSnapshot, other: StateSnapshot) => lossesAmong(differencesBetween(one, other));
			const snapshot = before[index];
			const settling = snapshot && (await settled(name, snapshot, lossesBetween, () => true, options));
			const missing = settling?.found ?? [];
			const { ms = 0, scripts } = restarts.get(name) ?? {};
			const forgotten = scripts && snapshot && settling ? { scripts, forgotten: forgottenAmong(differencesBetween(snapshot, settling.after)) } : {};
			emit({ type: 'machine-restarted', node: name, ms, missing, ...forgotten });
			return missing.length + (scripts ?? []).filter(({ status }) => status !== 'passed').length;
		}),
	);
	return losses.every((count) => count === 0) && scenarioPassed;
}

/** Takes state snapshots of a node until what passes by itself has passed, or the patience has. */
async function settled(
	node: string,
	before: StateSnapshot,
	compare: (before: StateSnapshot, after: StateSnapshot) => readonly Difference[],
	passes: (difference: Difference) => boolean,
	{ lab, settleMs, signal, clock = systemClock }: RobustnessOptions,
): Promise<{ readonly after: StateSnapshot; readonly found: readonly Difference[] }> {
	const began = clock.now();
	for (;;) {
		const after = await lab.snapshot(node);
		const found = compare(before, after);
		if (!found.some(passes) || clock.now() - began >= settleMs) return { after, found };
		await clock.sleep(settleIntervalMs, signal);
	}
}

/** Marks assertions as those of a robustness check. */
const markedBy =
	(after: RobustnessCheck, emit: Emit): Emit =>
	(event) =>
		emit(event.type === 'assertion-finished' || event.type === 'assertion-waiting' ? { ...event, after } : event);
