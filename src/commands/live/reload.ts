import { ExitCode, usageFailure } from '../../base/errors.js';
import type { RunEvent } from '../../lab/events.js';
import { emptyRun, foldEvent } from '../../outcome/fold.js';
import { allScripts } from '../../outcome/state.js';
import type { CurrentLab } from '../../protocol/requests.js';
import { planReload, reloadSentences } from '../../rehearse/reload-plan.js';
import { reloadLab } from '../../rehearse/reload.js';
import type { Paths } from '../../runs/paths.js';
import { loadLab } from '../load-lab.js';
import { stopOnSignals } from '../stop.js';
import type { Terminal } from '../terminal.js';
import { startView } from '../view.js';
import { askLab, resolveLab } from './resolve-lab.js';
import { stillOf } from './up.js';

export interface ReloadOptions {
	readonly paths: Paths;
	/** Name of the lab; by default the only one that is up. */
	readonly lab: string | undefined;
	/** Nodes that may be replaced. An empty list means all. */
	readonly nodes: readonly string[];
	/** Whether only to print what would be done. */
	readonly dryRun: boolean;
	readonly mirror: string | undefined;
	/** Startup scripts may take so long, in seconds, where the plan has no time. */
	readonly scriptTimeoutSeconds: number | undefined;
	readonly json: boolean;
	readonly terminal: Terminal;
}

/**
 * `rehearse reload`: applies an edited plan to a running lab. It prints what it will do, and leaves the other nodes alone.
 * The exit status is 1 when a startup script failed.
 */
export async function reloadCommand({ paths, nodes, dryRun, mirror, json, terminal, ...options }: ReloadOptions): Promise<ExitCode> {
	const live = await resolveLab({ runs: paths.runs, lab: options.lab });
	if (live.imported !== undefined) {
		throw usageFailure(`${live.name} was imported from a bundle, so its images cannot be built here`, {
			hint: `\`rehearse run ${live.planPath}\` rehearses its plan on this machine`,
		});
	}
	const current = (await askLab(live, { op: 'plan' })) as CurrentLab;
	const edited = stillOf(await loadLab(live.planPath, terminal, options), live.nodes);
	const plan = planReload(current.lab, edited, nodes, current.ended);
	const sentences = reloadSentences(plan);
	const { stdout } = terminal;
	if (json) stdout.write(`${JSON.stringify({ schema: 1, lab: live.name, dry_run: dryRun, ...plan })}\n`);
	else stdout.write(`${sentences.length === 0 ? 'the plan has not changed' : sentences.join('\n')}\n`);
	if (dryRun || sentences.length === 0) return ExitCode.passed;
	const stopping = stopOnSignals();
	const view = await startView(terminal);
	let state = foldEvent(emptyRun(), announcement(edited.nodes));
	try {
		const emit = (body: Parameters<Parameters<typeof reloadLab>[4]['emit']>[0]) => {
			const event: RunEvent = { at: Date.now(), ...body };
			state = foldEvent(state, event);
			view.onEvent(event);
		};
		await reloadLab(live, current, edited, plan, { paths, mirror, emit, signal: stopping.signal });
	} finally {
		await view.stop();
		stopping.done();
	}
	const failed = allScripts(state).some(({ outcome }) => outcome !== undefined && outcome.status !== 'passed');
	if (!json) stdout.write(failed ? 'the plan is applied; a startup script failed\n' : 'the plan is applied\n');
	return failed ? ExitCode.labFailed : ExitCode.passed;
}

/** The fold needs it: it assigns the events of scripts to their nodes. */
const announcement = (nodes: readonly { readonly name: string; readonly startupScripts: readonly { readonly name: string }[] }[]): RunEvent => ({
	at: Date.now(),
	type: 'run-started',
	...{ runId: '', lab: '', planSha256: '', runDirectory: '', warnings: [], tests: [] },
	nodes: nodes.map(({ name, startupScripts }) => ({ name, scripts: startupScripts.map((script) => script.name) })),
});
