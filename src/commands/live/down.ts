import { ExitCode, usageFailure } from '../../base/errors.js';
import { findEndedLabs, forgetEnded } from '../../runs/ended-labs.js';
import { endLab } from '../../runs/end-lab.js';
import { findLiveLabs } from '../../runs/live-labs.js';
import type { Terminal } from '../terminal.js';
import { resolveLab, type LiveOptions } from './resolve-lab.js';

export interface DownOptions extends LiveOptions {
	/** Whether to end all running labs. */
	readonly all: boolean;
	readonly terminal: Pick<Terminal, 'stdout'>;
}

/** `rehearse down`: ends a lab or a running rehearsal. Resolves when nothing of it is left. @throws Failure `usage` for a lab beside `--all` */
export async function downCommand({ runs, lab: name, all, terminal }: DownOptions): Promise<ExitCode> {
	if (all && name !== undefined) throw usageFailure(`--all ends every lab, and not ${name} alone`, { hint: 'give either the name or --all' });
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
