import { brokenFailure } from '../base/errors.js';
import { formatMs } from '../base/format.js';
import { patiently } from '../base/patience.js';
import { poll } from '../base/waiting.js';
import { ask } from '../control/client.js';
import type { LabRequest } from '../protocol/requests.js';
import { isKept, type LiveLab } from './live-labs.js';

/** How long a lab may take to answer, and then to end, in milliseconds. */
const answerMs = 5000;
const goneMs = 40_000;

/** Ends a lab or a running rehearsal. Resolves when its process is gone. @throws Failure `not-down` when it is not after a while */
export async function endLab(lab: LiveLab): Promise<void> {
	try {
		const request: LabRequest = { op: 'down' };
		await ask(lab.controlSocket, request, { deadlineMs: patiently(answerMs) });
	} catch {
		// A lab that cannot answer, or not yet, gets a signal instead.
		if (isKept(lab)) process.kill(lab.pid, 'SIGTERM');
	}
	const isGone = async () => !isKept(lab);
	const { accepted } = await poll(isGone, Boolean, { intervalMs: 50, deadlineMs: patiently(goneMs) });
	if (accepted) return;
	throw brokenFailure('not-down', `${lab.name} has not ended in ${formatMs(patiently(goneMs))}`, { hint: `kill -9 ${lab.pid}` });
}
