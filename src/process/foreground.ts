import { execa } from 'execa';
import os from 'node:os';
import { programMissing, type Argv } from './run.js';

/** What a terminal sends to everybody in its foreground. */
const keyboardSignals = ['SIGINT', 'SIGQUIT', 'SIGTSTP'] as const;

/**
 * Runs a program in the place of this one: with its streams and its terminal. Resolves to its exit status, as a shell
 * tells it (128 and the signal's number for one that a signal ended). @throws Failure `program-missing`
 */
export async function runInForeground([program, ...args]: Argv): Promise<number> {
	// They reach the program too, and it decides what becomes of them.
	const ignore = () => undefined;
	for (const name of keyboardSignals) process.on(name, ignore);
	try {
		const result = await execa(program, args, { stdio: 'inherit', reject: false });
		if ((result as { code?: string }).code === 'ENOENT') throw programMissing(program);
		return result.exitCode ?? 128 + (result.signal ? os.constants.signals[result.signal as NodeJS.Signals] : 0);
	} finally {
		for (const name of keyboardSignals) process.off(name, ignore);
	}
}
