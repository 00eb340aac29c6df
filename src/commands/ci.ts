/** What the CI service that this runs in gets of a run: annotations, a summary of the job. */
import { appendFile } from 'node:fs/promises';
import { toFailure } from '../base/errors.js';
import type { RunState } from '../outcome/state.js';
import { annotationsOf } from '../report/annotations.js';
import { githubCommands } from '../report/github.js';
import { markdownSummary } from '../report/markdown.js';
import { findPlaces } from '../report/places.js';
import type { Terminal } from './terminal.js';

/** Writes commands and a summary for GitHub Actions; nothing elsewhere. What cannot be written costs no run. */
export async function annotateWorkflow(state: RunState, { workflow, stderr }: Pick<Terminal, 'workflow' | 'stderr'>): Promise<void> {
	if (!workflow) return;
	workflow.command(githubCommands(annotationsOf(state, await findPlaces(state, workflow.workspace))));
	if (workflow.summaryFile === undefined) return;
	await appendFile(workflow.summaryFile, await jobSummary(state)).catch((error: unknown) => {
		stderr.write(`the job summary cannot be written: ${toFailure(error).message}\n`);
	});
}

/** The summary of a job in Markdown, with a drawing of the lab. */
export async function jobSummary(state: RunState): Promise<string> {
	const { topologyMermaid } = await import('../page/mermaid.js');
	return markdownSummary(state, state.topology && topologyMermaid(state.topology));
}
