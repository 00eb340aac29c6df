/** Tools that begin rehearsals, wait for them and end them. */
import { z } from 'zod';
import { usageFailure } from '../../base/errors.js';
import { requireNodes } from '../../lab/lab.js';
import { maskValue } from '../../lab/mask.js';
import { hasErrors } from '../../plan/check.js';
import { readAndCheck } from '../../report/check-result.js';
import { newRunId } from '../../runs/run-id.js';
import { resultOf } from '../../outcome/result.js';
import { elapsedMs } from '../../outcome/state.js';
import { maskOfRun, type Context } from '../context.js';
import { fitList } from '../fit.js';
import { planInput } from '../inputs.js';
import type { Job, JobState, JobView } from '../job.js';
import { waitFor } from '../jobs.js';
import type { KnownRun } from '../known-runs.js';
import { ProgramJob, type ProgramJobOptions } from '../program-job.js';
import { list, verdictSchema } from '../result-schema.js';
import { begunAnswer, begunSchema, runAnswer, runAnswerSchema, waitSeconds } from '../run-answer.js';
import { additive, defineTool, readOnly, type Tool } from '../tool.js';
import { sentences } from '../wording.js';

/** What a job is made from: a plan as a client names it, and what follows from its kind. */
interface Beginning extends Pick<ProgramJobOptions, 'kind' | 'flags' | 'nodes' | 'keepUp'> {
	readonly plan: string;
	/** Nodes that have to be in the plan. */
	readonly named: readonly string[];
}

/** Checks the plan, and starts the program. @throws Failure `usage` for a plan with errors, or without a node that is named */
export async function begin(context: Context, { plan, named, ...beginning }: Beginning): Promise<Job> {
	const { root, runs, jobs, masks } = context;
	const { source, findings, mask } = await readAndCheck(await root.findPlan(plan));
	const { document } = source;
	if (!document || hasErrors(findings)) {
		const errors = findings.filter(({ severity }) => severity === 'error');
		throw usageFailure(`${plan} has errors; nothing was started`, {
			detail: errors.slice(0, 5).map(({ path, message }) => mask(`${path}: ${message}`)).join('\n'),
			hint: 'check_plan has all of them, with what to do about each',
		});
	}
	requireNodes(named, document.nodes.map(({ name }) => name));
	const { kind } = beginning;
	const running = kind === 'lab' ? (await runs.live()).find((lab) => lab.isUp && lab.name === document.name) : undefined;
	if (running) throw usageFailure(`${running.name} is up already`, { hint: 'lab_status shows it; change_lab with `down` ends it' });
	const id = newRunId(document.name);
	masks.set(id, mask);
	const job = jobs.begin(
		() => new ProgramJob({ ...beginning, id, lab: document.name, plan: source.path, mask, log: runs.follow(runs.directoryOf(id)), findLive: () => runs.live() }),
	);
	await job.start();
	return job;
}

/** `run_lab`. */
export const runTool = (context: Context): Tool =>
	defineTool({
		name: 'run_lab',
		title: 'Rehearse a lab',
		description: sentences(
			'Rehearses a lab from the plan to the verdict: boots its machines, or restores saved ones, runs the startup scripts and the scenario.',
			'Answers with the result, or after wait_seconds with how far it is. The first run of a lab takes minutes, later ones less.',
		),
		input: z.strictObject({
			plan: planInput,
			cold: z.boolean().default(false).describe('boot every machine, as in production; only such a run can be exported'),
			only: z.array(z.string().max(200)).max(200).default([]).describe('run the startup scripts of these nodes only; the others are as theirs had left them'),
			changed: z.boolean().default(false).describe('run the startup scripts of nodes that changed since all had passed, and of nodes that use them; the others are as theirs had left them'),
			scenario_only: z.boolean().default(false).describe('run no startup script, only the scenario'),
			twice: z.boolean().default(false).describe('then run every startup script a second time: it must change nothing'),
			reboot: z.boolean().default(false).describe('then restart every machine: it must come back as it was'),
			time_limit_seconds: z.number().min(1).max(86_400).default(3600),
			wait_seconds: waitSeconds,
		}),
		output: runAnswerSchema,
		hints: additive,
		async answer({ plan, cold, only, changed, scenario_only: scenarioOnly, twice, reboot, time_limit_seconds: limit, wait_seconds: seconds }, signal) {
			const restoring = [...(scenarioOnly ? ['`scenario_only` runs no startup script'] : []), ...(only.length > 0 ? ['`only` runs those of some nodes'] : []), ...(changed ? ['`changed` runs those of nodes that have changed'] : [])];
			if (restoring.length > 1) throw usageFailure(`${restoring.join(', ')}: give only one of them`);
			if (cold && restoring[0] !== undefined) throw usageFailure(`\`cold\` boots every machine, ${restoring[0].split(' ')[0]} needs saved ones: give only one of them`);
			const flags = [
				`--timeout=${limit}`,
				...(cold ? ['--cold'] : []),
				...(scenarioOnly ? ['--from=started'] : []),
				...(changed ? ['--changed'] : []),
				...only.map((node) => `--only=${node}`),
				...(twice ? ['--twice'] : []),
				...(reboot ? ['--reboot'] : []),
			];
			const job = await begin(context, { plan, named: only, kind: 'run', flags, nodes: [], keepUp: false });
			return runAnswer(context, await waitFor(() => job.view(), seconds, signal));
		},
	});

/** What is known of a run that this server has not begun. */
async function viewOf(context: Context, id: string): Promise<JobView> {
	const { runs } = context;
	const run = await runs.find(id);
	const mask = await maskOfRun(context, run);
	const live = (await runs.live()).find(({ runDirectory }) => runDirectory === run.directory);
	const { state, log } = run;
	const jobState = stateOf(run, live !== undefined);
	const hasResult = jobState !== 'running' && !state.detached;
	return {
		...{ run: id, kind: state.detached ? 'lab' : 'run', state: jobState, lab: state.lab, plan: state.planPath },
		elapsedMs: msOf(run),
		progress: log.recent.map(mask),
		...(hasResult ? { result: maskValue(resultOf(state), mask) } : {}),
		directory: run.directory,
	};
}

/** How long a run took, or has taken so far where it goes on, in milliseconds. */
const msOf = ({ state, isHeld }: KnownRun): number =>
	state.finishedMs === undefined && isHeld ? Date.now() - (state.startedAt ?? Date.now()) : elapsedMs(state);

function stateOf({ state, isHeld }: KnownRun, isLive: boolean): JobState {
	if (state.detached) return isLive ? 'up' : 'down';
	return isHeld ? 'running' : resultOf(state).verdict;
}

const viewer = async (context: Context, id: string): Promise<() => Promise<JobView>> => {
	const job = context.jobs.get(id);
	if (job) return () => job.view();
	await context.runs.find(id);
	return () => viewOf(context, id);
};

const idInput = z.string().min(1).max(250).describe('id that run_lab, start_lab, test_lab or change_lab answered with');

/** `wait_run`. */
export const waitTool = (context: Context): Tool =>
	defineTool({
		name: 'wait_run',
		title: 'Wait for a run',
		description: sentences(
			'Waits for what run_lab, start_lab, test_lab or change_lab has begun, and answers with the result or with how far it is.',
			'Giving up the wait ends nothing.',
		),
		input: z.strictObject({ run: idInput, wait_seconds: waitSeconds }),
		output: runAnswerSchema,
		hints: readOnly,
		answer: async ({ run, wait_seconds: seconds }, signal) => runAnswer(context, await waitFor(await viewer(context, run), seconds, signal)),
	});

/** `cancel_run`. */
export const cancelTool = (context: Context): Tool =>
	defineTool({
		name: 'cancel_run',
		title: 'End a run',
		description: 'Ends what this server has begun: a rehearsal, a scenario, or a lab that is up. Answers when nothing of it is left. Of a change it ends the waiting: what the lab has begun of it cannot be taken back.',
		input: z.strictObject({ run: idInput }),
		output: begunSchema,
		hints: { ...additive, idempotentHint: true },
		async answer({ run }) {
			const job = context.jobs.get(run);
			if (!job) {
				await context.runs.find(run);
				throw usageFailure(`${run} was not begun by this server`, { hint: 'change_lab with `down` ends a lab that is up; a rehearsal ends by itself, or where it was started' });
			}
			await job.cancel();
			return begunAnswer(context, await job.view());
		},
	});

const listed = z.object({
	run: z.string(),
	kind: z.enum(['run', 'lab']),
	lab: z.string(),
	plan: z.string(),
	state: z.enum([...verdictSchema.options, 'running', 'up', 'down']),
	started_at: z.string(),
	ms: z.number(),
	begun_here: z.boolean().describe('whether this server has begun it'),
});

/** `list_runs`. */
export const listTool = (context: Context): Tool =>
	defineTool({
		name: 'list_runs',
		title: 'List runs',
		description: 'The newest runs and labs of plans below the root, newest first, whoever started them.',
		input: z.strictObject({ limit: z.number().int().min(1).max(50).default(10) }),
		output: z.object({ root: z.string(), runs: list(listed) }),
		hints: readOnly,
		async answer({ limit }) {
			const { runs, root, jobs } = context;
			const live = new Set((await runs.live()).map(({ runDirectory }) => runDirectory));
			const found = (await runs.newest(limit)).map((run) => {
				const { id, state, directory } = run;
				return {
					...{ run: id, kind: state.detached ? ('lab' as const) : ('run' as const), lab: state.lab, plan: root.shown(state.planPath) },
					state: stateOf(run, live.has(directory)) as z.infer<typeof listed>['state'],
					started_at: new Date(state.startedAt ?? 0).toISOString(),
					ms: msOf(run),
					begun_here: jobs.get(id) !== undefined,
				};
			});
			return { value: { root: root.path, runs: fitList(found).fitting } };
		},
	});
