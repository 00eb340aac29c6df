/** What a run keeps of itself once it is over: its result, the page to look at, and logs without passwords. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { noMask, type Mask } from '../base/secrets.js';
import { resultJson, resultOf } from '../outcome/result.js';
import type { RunState } from '../outcome/state.js';
import { consolesDirectory, journalsDirectory } from '../runs/run-files.js';

/**
 * Writes them into the run's directory. What cannot be written costs no run; never rejects.
 * @param mask for bytes (LabMasks)
 */
export async function keepReports(state: RunState, runDirectory: string, mask: Mask): Promise<void> {
	await writeFile(path.join(runDirectory, 'result.json'), resultJson(resultOf(state))).catch(() => undefined);
	if (mask !== noMask) {
		for (const directory of [consolesDirectory(runDirectory), journalsDirectory(runDirectory)]) await maskFiles(directory, mask).catch(() => undefined);
	}
	// Loaded now: a run has no need of it before its end.
	const { writeReportPage } = await import('../page/write.js');
	await writeReportPage({ ...state, runDirectory }).catch(() => undefined);
}

/** Console and journal are written by programs that know no passwords; what a script has printed is in them as it is. */
async function maskFiles(directory: string, mask: Mask): Promise<void> {
	for (const name of await readdir(directory)) {
		const file = path.join(directory, name);
		// A single byte that is no text, such as the first half of a letter that a log ends with, would keep UTF-8 from being read.
		const text = await readFile(file, 'latin1');
		const masked = mask(text);
		if (masked !== text) await writeFile(file, masked, 'latin1');
	}
}
