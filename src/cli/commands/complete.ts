import { ExitCode } from '../../base/errors.js';
import { argumentsBehind, defineCommand, runsDirectory, type Command } from '../command.js';

/** `rehearse complete -- WORDS…`: what a shell may offer for the last of them, a line each, with a tab before what it is. */
export const completeDefinition = (commands: readonly Command[]): Command =>
	defineCommand({
		usage: 'complete',
		// Nobody types it: it is not in the list of commands.
		describe: '',
		takesRest: true,
		positionals: {},
		flags: {},
		async run(values, { stdout }) {
			const [{ candidatesFor }, { lookUp }] = await Promise.all([import('../complete.js'), import('../../commands/complete.js')]);
			const runs = await runsDirectory();
			const found = await candidatesFor(argumentsBehind(values), commands, (kind, words) => lookUp(kind, words, runs));
			for (const { word, what } of found) stdout.write(`${word}\t${what}\n`);
			return ExitCode.passed;
		},
	});
