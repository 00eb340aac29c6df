import { brokenFailure, ExitCode } from '../../base/errors.js';
import { formatMs } from '../../base/format.js';
import { patiently } from '../../base/patience.js';
import { poll } from '../../base/waiting.js';
import { findEndedLabs, forgetEnded } from '../../runs/ended-labs.js';
import { findLiveLabs, isKept, type LiveLab } from '../../runs/live-labs.js';
import type { Terminal } from '../terminal.js';
import { askLab, resolveLab, type LiveOptions } from './resolve-lab.js';

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
	const ended = (await findEndedLabs(runs)).filter((lab) => all || (name === undefined ? labs.length === 0 : lab.name === name));
	for (const lab of ended) {
		await forgetEnded(lab);
		if (labs.some((one) => one.name === lab.name)) continue;
		terminal.stdout.write(`${lab.name} had ended by itself${lab.log === undefined ? '' : `: what its process wrote is in ${lab.log}`}\n`);
	}
	if (!all && ended.length > 0 && !labs.some((lab) => lab.name === name)) return ExitCode.passed;
	const meant = all ? labs : [await resolveLab({ runs, lab: name })];
	await Promise.all(meant.map(endLab));
	for (const lab of meant) terminal.stdout.write(`${lab.name} is down\n`);
	if (meant.length === 0 && ended.length === 0) terminal.stdout.write('no lab is up\n');
	return ExitCode.passed;
}

async function endLab(lab: LiveLab): Promise<void> {
	try {
		await askLab(lab, { op: 'down' }, { deadlineMs: patiently(answerMs) });
	} catch {
		// A lab that cannot answer, or not yet, gets a signal instead.
		if (isKept(lab)) process.kill(lab.pid, 'SIGTERM');
	}
	const isGone = async () => !isKept(lab);
	const { accepted } = await poll(isGone, Boolean, { intervalMs: 50, deadlineMs: patiently(goneMs) });
	if (accepted) return;
	throw brokenFailure('not-down', `${lab.name} has not ended in ${formatMs(patiently(goneMs))}`, { hint: `kill -9 ${lab.pid}` });
}
