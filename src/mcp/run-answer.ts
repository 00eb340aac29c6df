/** The answer of every tool that begins something or waits for it. */
import { z } from 'zod';
import { truncated } from '../base/format.js';
import type { Context } from './context.js';
import { linksTo } from './context.js';
import { fitResult } from './fit.js';
import type { JobView } from './job.js';
import { errorSchema, list, runResultSchema } from './result-schema.js';
import type { Answer } from './tool.js';

/** For tools that wait. */
export const waitSeconds = z
	.number()
	.min(0)
	.max(50)
	.default(25)
	.describe('how long to wait for the end, in seconds; then the answer has how far it is, and wait_run waits on');

/** What is known of something that was begun, without the result of a run. */
export const begunSchema = z.object({
	run: z.string().describe('id, for wait_run, cancel_run, explain_failure and the others'),
	kind: z.enum(['run', 'lab', 'test', 'change']),
	state: z
		.enum(['running', 'passed', 'failed', 'error', 'not run', 'up', 'down', 'done', 'cancelled'])
		.describe('failed: the lab failed; error: the rehearsal could not be done; up, down: of a lab; done: of a change'),
	lab: z.string(),
	plan: z.string().describe('path below the root'),
	elapsed_ms: z.number(),
	progress: list(z.string()).describe('the last lines of progress'),
	error: errorSchema.optional(),
	next: z.string().describe('what to call next'),
});

/** The same with the result, once there is one. */
export const runAnswerSchema = begunSchema.extend({
	result: runResultSchema.optional(),
	result_is_cut: z.boolean().optional().describe('what passed, or more, is left out of the result; its resource has all'),
});

/** Makes the answer from what is known of a job. */
export function runAnswer(context: Context, view: JobView): Answer<z.input<typeof runAnswerSchema>> {
	const { value, links } = begunAnswer(context, view);
	const fitted = view.result && fitResult(view.result);
	return { value: { ...value, ...(fitted ? { result: fitted.result } : {}), ...(fitted?.isCut ? { result_is_cut: true } : {}) }, ...(links ? { links } : {}) };
}

/** The same without the result. */
export function begunAnswer(context: Context, view: JobView): Answer<z.input<typeof begunSchema>> {
	const { run, kind, state, lab, plan, elapsedMs, progress, error, directory } = view;
	return {
		value: {
			...{ run, kind, state, lab, plan: context.root.shown(plan), elapsed_ms: elapsedMs },
			progress: progress.map((line) => truncated(line, 160)),
			...(error ? { error: { ...withoutUndefined(error), exit_code: error.exitCode } } : {}),
			next: nextStep(view),
		},
		links: directory === undefined || state === 'running' ? [] : linksTo(run),
	};
}

function withoutUndefined({ code, message, hint, node, detail }: NonNullable<JobView['error']>) {
	return {
		code,
		message: truncated(message, 800),
		...(hint === undefined ? {} : { hint: truncated(hint, 300) }),
		...(node === undefined ? {} : { node }),
		...(detail === undefined ? {} : { detail: truncated(detail, 800) }),
	};
}

function nextStep({ kind, state, result }: JobView): string {
	switch (state) {
		case 'running':
			return 'wait_run waits on; cancel_run ends it';
		case 'passed':
			return kind === 'run' ? 'export_plan writes the evidence, if the run was cold and whole' : 'nothing: every test passed';
		case 'failed':
			return kind === 'run' ? 'explain_failure reports where and why; edit that file, then run_lab again' : 'lab_status and exec_node show more of the lab';
		case 'up':
			return result ? 'a startup script failed, and the lab is up to be looked into: explain_failure, exec_node, read_log' : 'exec_node, test_lab and change_lab work with the lab; change_lab with `down` ends it';
		case 'error':
			return kind === 'run' || kind === 'lab' ? 'explain_failure, or `error` here, has what kept it from its end' : '`error` has the reason';
		case 'not run':
			return 'the run ended before its end; run_lab begins a new one';
		case 'down':
			return 'start_lab brings it up again';
		case 'done':
			return 'lab_status shows the lab as it is now';
		case 'cancelled':
			return kind === 'change' ? 'nobody waits for it any more, and the lab may still end what it had begun: lab_status shows how it is' : 'nothing of it is left';
	}
}
