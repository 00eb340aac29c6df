/**
 * The command line. Each command is defined in a file in commands/; ../commands has its implementation, which is imported
 * when it runs. Results go to stdout, everything else to stderr. ../base/errors has the exit statuses.
 */
import yargs, { type Argv } from 'yargs';
import { hideBin } from 'yargs/helpers';
import { type Failure, usageFailure } from '../base/errors.js';
import { guardedTerminal, processTerminal, type Terminal } from '../commands/terminal.js';
import { toolVersion } from '../base/package-root.js';
import { closest } from '../plan/keys.js';
import type { Command } from './command.js';
import { tellFailure } from './failure.js';
import { bundleDefinition } from './commands/bundle.js';
import { checkDefinition } from './commands/check.js';
import { consoleDefinition } from './commands/console.js';
import { copyDefinition } from './commands/cp.js';
import { debugDefinition } from './commands/debug.js';
import { doctorDefinition } from './commands/doctor.js';
import { evidenceDefinitions } from './commands/evidence.js';
import { graphDefinition } from './commands/graph.js';
import { downDefinition } from './commands/down.js';
import { execDefinition } from './commands/exec.js';
import { fleetDefinition } from './commands/fleet.js';
import { forwardDefinition } from './commands/forward.js';
import { imageDefinition } from './commands/image.js';
import { isoDefinition } from './commands/iso.js';
import { linkDefinition } from './commands/link.js';
import { logsDefinition } from './commands/logs.js';
import { mergeDefinition } from './commands/merge.js';
import { mcpDefinition } from './commands/mcp.js';
import { nodePowerDefinitions } from './commands/node-power.js';
import { openDefinition } from './commands/open.js';
import { pruneDefinition } from './commands/prune.js';
import { reloadDefinition } from './commands/reload.js';
import { reportDefinition } from './commands/report.js';
import { resetDefinition } from './commands/reset.js';
import { runDefinition } from './commands/run.js';
import { seedDefinition } from './commands/seed.js';
import { sshConfigDefinition } from './commands/ssh-config.js';
import { sshDefinition } from './commands/ssh.js';
import { statusDefinition } from './commands/status.js';
import { testDefinition } from './commands/test.js';
import { traceDefinition } from './commands/trace.js';
import { upDefinition } from './commands/up.js';
import { watchDefinition } from './commands/watch.js';

const commands: readonly Command[] = [
	runDefinition,
	watchDefinition,
	fleetDefinition,
	checkDefinition,
	graphDefinition,
	imageDefinition,
	isoDefinition,
	seedDefinition,
	upDefinition,
	downDefinition,
	statusDefinition,
	reloadDefinition,
	resetDefinition,
	sshDefinition,
	execDefinition,
	copyDefinition,
	sshConfigDefinition,
	consoleDefinition,
	logsDefinition,
	forwardDefinition,
	testDefinition,
	linkDefinition,
	...nodePowerDefinitions,
	debugDefinition,
	traceDefinition,
	reportDefinition,
	mergeDefinition,
	...evidenceDefinitions,
	bundleDefinition,
	openDefinition,
	mcpDefinition,
	doctorDefinition,
	pruneDefinition,
];

const maximumHelpWidth = 110;

function buildParser(terminal: Terminal): Argv {
	const parser = yargs(hideBin(process.argv))
		.scriptName('rehearse')
		.usage('$0 <command>\n\nRehearses an OpenFactory lab on this machine, in QEMU.')
		.epilogue('Every flag can be given in the environment too: --accel tcg as REHEARSE_ACCEL=tcg.')
		// Arguments behind -- belong to another program and stay unchanged. Arguments that look like numbers stay strings.
		.parserConfiguration({ 'populate--': true, 'parse-positional-numbers': false })
		.detectLocale(false)
		.version(toolVersion())
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
			throw message === null && error ? error : misused(message ?? 'invalid command line');
		});
	return commands.reduce((extended, { add }) => add(extended, terminal), parser);
}

function misused(message: string): Failure {
	const unknown = /^Unknown command: (\S+)$/.exec(message)?.[1];
	const meant = unknown === undefined ? undefined : closest(unknown, commands.map(({ name }) => name));
	const help = '`rehearse --help` lists the commands, `rehearse COMMAND --help` the flags of one';
	return usageFailure(message, { hint: meant === undefined ? help : `did you mean \`rehearse ${meant}\`?` });
}

const terminal = guardedTerminal(processTerminal(), process.env);
try {
	await buildParser(terminal).parseAsync();
} catch (error) {
	process.exitCode = tellFailure(terminal.stderr, error);
}
