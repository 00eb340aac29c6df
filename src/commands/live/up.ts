/**
 * `rehearse up`: starts a lab and detaches it. The lab daemon runs it. This process shows the progress of the start, and
 * ends.
 */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { ExitCode, usageFailure } from '../../base/errors.js';
import { type Lab, planNodesOf, requireNodes } from '../../lab/lab.js';
import { acquireLock } from '../../process/lock.js';
import { findEndedLabs, forgetEnded } from '../../runs/ended-labs.js';
import { findLiveLabs } from '../../runs/live-labs.js';
import { ensureDirectory } from '../../runs/paths.js';
import { exitCodeOf, resultOf } from '../../outcome/result.js';
import type { RunState } from '../../outcome/state.js';
import { summary } from '../../report/summary.js';
import { readyText } from '../../report/lab-status.js';
import { loadPlan, type LoadedPlan } from '../load-lab.js';
import type { StartOptions } from '../start-options.js';
import { bringUp } from './bring-up.js';
import type { DetachedLab } from './detached.js';

export interface UpOptions extends StartOptions {
	/** The name of the run's directory; by default a new one. */
	readonly runId: string | undefined;
	/** Names of the wanted nodes. An empty list means all. */
	readonly nodes: readonly string[];
	/** Whether the machines are restored behind their startup scripts where possible, or run their scripts. */
	readonly from: 'started' | 'provisioned';
	readonly cold: boolean;
	/** Whether startup scripts are traced. */
	readonly trace: boolean;
}

/**
 * Starts a lab. The exit status is 0 when the lab is ready and its startup scripts have passed. The lab is kept running
 * when scripts failed.
 */
export async function upCommand(options: UpOptions): Promise<ExitCode> {
	const { terminal, paths, json } = options;
	let loaded = await loadNodes(options);
	const { name } = loaded.lab;
	await ensureDirectory(paths, 'state');
	let hasWaited = false;
	// Without the lock, two at once would each find that the lab is not up.
	const lock = await acquireLock(path.join(paths.locks, name), {
		timeoutMs: options.timeLimitMs,
		onWait: () => {
			hasWaited = true;
			terminal.stderr.write(`waiting for another \`rehearse up\` of ${name}\n`);
		},
	});
	try {
		// The plan may have been edited meanwhile. What came through a pipe is not there again.
		if (hasWaited && (await isRegular(loaded.lab.planPath))) loaded = await loadNodes(options);
		const { lab } = loaded;
		if (lab.name !== name) throw usageFailure(`the plan of ${name} is called ${lab.name} now`, { hint: 'bring it up again' });
		const running = (await findLiveLabs(paths.runs)).find(({ name, isUp }) => isUp && name === lab.name);
		if (running) {
			throw usageFailure(`${lab.name} is up already`, { hint: '`rehearse status` shows it, `rehearse down` ends it' });
		}
		// Whoever brings it up again knows.
		for (const ended of await findEndedLabs(paths.runs)) if (ended.name === lab.name) await forgetEnded(ended);
		const { state, isUp } = await bringUp(describe(loaded, options), terminal);
		const { stdout, stdoutColor: color, width } = terminal;
		if (json) stdout.write(`${JSON.stringify({ ...resultOf(state), up: isUp }, undefined, '\t')}\n`);
		else stdout.write(isUp ? readyText(state, { color, width }) : summary(state, { color, width }));
		if (!isUp) return exitCodeOf(resultOf(state)) as ExitCode;
		return hasStarted(state) ? ExitCode.passed : ExitCode.labFailed;
	} finally {
		await lock.release();
	}
}

/** Whether a file is none that is read only once; one that is gone is none either, for whoever reads it to say. */
const isRegular = (file: string): Promise<boolean> => stat(file).then((found) => found.isFile(), () => true);

/** Loads the plan, reduced to the wanted nodes. */
async function loadNodes(options: UpOptions): Promise<LoadedPlan> {
	const { lab, planText } = await loadPlan(options.lab, options.terminal, options);
	return { lab: onlyNodes(lab, options.nodes), planText };
}

const describe = ({ lab, planText }: LoadedPlan, options: UpOptions): DetachedLab => ({
	lab,
	planText,
	labArgument: options.lab,
	paths: options.paths,
	runId: options.runId,
	accelerator: options.accelerator,
	checkpoints: {
		cold: options.cold,
		started: options.from === 'started' && !options.cold ? lab.nodes.map(({ name }) => name) : [],
		limitBytes: options.limitBytes,
	},
	course: { trace: options.trace, showSecrets: options.showSecrets },
	mirror: options.mirror,
	timeLimitMs: options.timeLimitMs,
});

/** Reduces a lab to some of its nodes; which others its plan has stays known. @throws Failure `usage` for an unknown node */
export function onlyNodes(lab: Lab, names: readonly string[]): Lab {
	if (names.length === 0) return lab;
	requireNodes(names, lab.nodes.map(({ name }) => name));
	const ofThese = (name: string) => names.includes(name);
	const nodes = lab.nodes.filter(({ name }) => ofThese(name));
	return {
		...lab,
		nodes,
		...(nodes.length < lab.nodes.length ? { planNodes: planNodesOf(lab) } : {}),
		connections: lab.connections.filter(({ from, to }) => ofThese(from) && ofThese(to)),
		scenarios: lab.scenarios.map((scenario) => ({
			...scenario,
			// A test is left out when one of its assertions needs a missing node.
			tests: scenario.tests.filter(({ assertions }) => assertions.every(({ onVm }) => ofThese(onVm))),
		})),
	};
}

/** An edited lab, reduced to what is left in it of the nodes that were brought up. */
export const stillOf = (edited: Lab, names: readonly string[]): Lab => onlyNodes(edited, names.filter((name) => edited.nodes.some((node) => node.name === name)));

const hasStarted = ({ nodes }: RunState): boolean =>
	nodes.every(({ scripts }) => scripts.every(({ outcome }) => outcome === undefined || outcome.status === 'passed'));
