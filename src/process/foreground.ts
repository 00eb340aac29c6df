import { execa } from 'execa';
import os from 'node:os';
import { programMissing, type Argv } from './run.js';

/** The signals that a terminal sends to all processes in its foreground. */
const keyboardSignals = ['SIGINT', 'SIGQUIT', 'SIGTSTP'] as const;

/**
 * Runs a program with this process's streams and terminal. Resolves to its exit status as a shell reports it: 128 plus the
 * signal's number when a signal ended it.
 * @throws Failure `program-missing`
 */
export async function runInForeground([program, ...args]: Argv): Promise<number> {
	// The program receives them too, and decides what to do.
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
