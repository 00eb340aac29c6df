import { isAlive } from '../../base/alive.js';
import { brokenFailure, ExitCode } from '../../base/errors.js';
import { poll } from '../../base/waiting.js';
import { chooseLiveLab, findLiveLabs, type LiveLab } from '../../runs/live-labs.js';
import type { Terminal } from '../terminal.js';
import { askLab, type LiveOptions } from './resolve-lab.js';

export interface DownOptions extends LiveOptions {
	/** Whether to end all running labs. */
	readonly all: boolean;
	readonly terminal: Pick<Terminal, 'stdout'>;
}

/** How long a lab may take to answer, and then to end, in milliseconds. */
const answerMs = 5000;
const goneMs = 40_000;

/** `rehearse down`: ends a lab or a running rehearsal. Resolves when nothing of it is left. */
export async function downCommand({ runs, lab: name, all, terminal }: DownOptions): Promise<ExitCode> {
	const labs = await findLiveLabs(runs);
	const chosen = all ? labs : [chooseLiveLab(labs, name)];
	await Promise.all(chosen.map(endLab));
	for (const lab of chosen) terminal.stdout.write(`${lab.name} is down\n`);
	if (chosen.length === 0) terminal.stdout.write('no lab is up\n');
	return ExitCode.passed;
}

async function endLab(lab: LiveLab): Promise<void> {
	try {
		await askLab(lab, { op: 'down' }, { deadlineMs: answerMs });
	} catch {
		// A lab that cannot answer, or not yet, gets a signal instead.
		if (isAlive(lab.pid)) process.kill(lab.pid, 'SIGTERM');
	}
	const isGone = async () => !isAlive(lab.pid);
	const { accepted } = await poll(isGone, Boolean, { intervalMs: 50, deadlineMs: goneMs });
	if (accepted) return;
	throw brokenFailure('not-down', `${lab.name} did not end within ${goneMs / 1000} s`, { hint: `kill -9 ${lab.pid}` });
}
