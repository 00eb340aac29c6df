/**
 * The command line. Each command is defined in a file in commands/; ../commands has its implementation, which is imported
 * when it runs. Results go to stdout, everything else to stderr. ../base/errors has the exit statuses.
 */
import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { guardedTerminal, processTerminal, type Terminal } from '../commands/terminal.js';
import { toolVersion } from '../base/package-root.js';
import { printFailure } from './failure.js';
import { commands } from './commands.js';
import { misused, namedCommand } from './misuse.js';
import { withPlainValues } from './written-values.js';

const maximumHelpWidth = 110;

function buildParser(words: readonly string[], terminal: Terminal, version: string): Argv {
	const parser = yargs(withPlainValues(words, namedCommand(words, commands)))
		.scriptName('rehearse')
		.usage('$0 <command>\n\nRehearses an OpenFactory lab on this machine, in QEMU.')
		.epilogue('Every flag can be given in the environment too: --accel tcg as REHEARSE_ACCEL=tcg.\n`rehearse help topics` lists the reference: the plan, runs, limits and more.')
		// Arguments behind -- belong to another program and stay unchanged. Arguments that look like numbers stay strings.
		.parserConfiguration({ 'populate--': true, 'parse-positional-numbers': false })
		.detectLocale(false)
		.version(version)
		.help()
		.alias('help', 'h')
		.wrap(Math.min(maximumHelpWidth, terminal.width))
		.demandCommand(1, 'a command is needed')
		.strictCommands()
		.strict()
		.exitProcess(false)
		.fail((message: string | null, error: Error | undefined) => {
			// An error that a command throws comes without a message. yargs' own complaints about the command line come
			// with one.
			throw message === null && error ? error : misused(message ?? 'invalid command line', words, commands);
		});
	return commands.reduce((extended, { add }) => add(extended, terminal), parser);
}

const terminal = guardedTerminal(processTerminal(), process.env);
try {
	// Only who asks for the version waits for QEMU's.
	const isVersionWanted = process.argv.includes('--version');
	const version = isVersionWanted ? await (await import('../commands/version.js')).versionText() : toolVersion();
	await buildParser(hideBin(process.argv), terminal, version).parseAsync();
} catch (error) {
	process.exitCode = printFailure(terminal.stderr, error);
}
