import { isAlive } from '../../base/alive.js';
import { brokenFailure, ExitCode } from '../../base/errors.js';
import { poll } from '../../base/waiting.js';
import { chooseLiveLab, findLiveLabs, type LiveLab } from '../../runs/live-labs.js';
import type { Terminal } from '../terminal.js';
import { askLab, type LiveOptions } from './resolve-lab.js';

export interface DownOptions extends LiveOptions {
	/** End every lab that runs. */
	readonly all: boolean;
	readonly terminal: Pick<Terminal, 'stdout'>;
}

/** How long a lab may take to answer, and then to be gone, in milliseconds. */
const answerMs = 5000;
const goneMs = 40_000;

/** `rehearse down`: ends a lab, or a rehearsal that goes on. Resolves when nothing of it is left. */
export async function downCommand({ runs, lab: name, all, terminal }: DownOptions): Promise<ExitCode> {
	const labs = await findLiveLabs(runs);
	const meant = all ? labs : [chooseLiveLab(labs, name)];
	await Promise.all(meant.map(endLab));
	for (const lab of meant) terminal.stdout.write(`${lab.name} is down\n`);
	if (meant.length === 0) terminal.stdout.write('no lab is up\n');
	return ExitCode.passed;
}

async function endLab(lab: LiveLab): Promise<void> {
	try {
		await askLab(lab, { op: 'down' }, { deadlineMs: answerMs });
	} catch {
		// One that cannot answer, or not yet, is told the way that everybody understands.
		if (isAlive(lab.pid)) process.kill(lab.pid, 'SIGTERM');
	}
	const isGone = async () => !isAlive(lab.pid);
	const { accepted } = await poll(isGone, Boolean, { intervalMs: 50, deadlineMs: goneMs });
	if (accepted) return;
	throw brokenFailure('not-down', `${lab.name} has not ended in ${goneMs / 1000} s`, { hint: `kill -9 ${lab.pid}` });
}
