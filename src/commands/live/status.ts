import { ExitCode, toFailure } from '../../base/errors.js';
import { patiently } from '../../base/patience.js';
import type { LabStatus } from '../../protocol/requests.js';
import { statusText } from '../../report/lab-status.js';
import { findEndedLabs } from '../../runs/ended-labs.js';
import { findLiveLabs, isCalled, noSuchLab, type LiveLab } from '../../runs/live-labs.js';
import type { Terminal } from '../terminal.js';
import { askLab, type LiveOptions } from './resolve-lab.js';

export interface StatusOptions extends LiveOptions {
	readonly json: boolean;
	readonly terminal: Pick<Terminal, 'stdout' | 'stdoutColor'>;
}

/** How long a lab may take to answer, in milliseconds. */
const answerMs = 5000;

/**
 * `rehearse status`: shows the labs that run on this machine, with every node. The exit status is 0, also where none runs.
 * @throws Failure `usage` where a lab is named and none is called so
 */
export async function statusCommand({ runs, lab: name, json, terminal }: StatusOptions): Promise<ExitCode> {
	const all = await findLiveLabs(runs);
	const live = all.filter((lab) => name === undefined || isCalled(lab, name));
	const labs = await Promise.all(live.map(describe));
	const ended = (await findEndedLabs(runs)).filter((lab) => (name === undefined || lab.name === name) && !labs.some(({ lab: one }) => one === lab.name));
	if (name !== undefined && labs.length + ended.length === 0) throw noSuchLab(all, name);
	const text = json
		? `${JSON.stringify({ schema: 1, labs, ...(ended.length > 0 ? { ended } : {}) }, undefined, '\t')}\n`
		: statusText(labs, { color: terminal.stdoutColor }, ended);
	terminal.stdout.write(text);
	return ExitCode.passed;
}

async function describe(lab: LiveLab) {
	const { name, runDirectory, pid, startedAt } = lab;
	const common = { lab: name, runDirectory, pid, ageMs: Date.now() - startedAt };
	try {
		const { isReady, nodes, ports, tests } = (await askLab(lab, { op: 'status' }, { deadlineMs: patiently(answerMs) })) as LabStatus;
		return { ...common, isReady, nodes, ports, tests };
	} catch (error) {
		// Before its supervisor runs, and during its teardown, a lab does not answer.
		const isSilent = toFailure(error).code === 'control-deadline';
		return { ...common, isReady: false, nodes: [], ports: [], tests: [], ...(isSilent ? { silent: true } : {}) };
	}
}
