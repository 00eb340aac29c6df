import { ExitCode } from '../../base/errors.js';
import { defineCommand, runsDirectory } from '../command.js';
import { countOf, nodeArgument, whichLabFlag } from '../flags.js';

/** `rehearse logs`. */
export const logsDefinition = defineCommand({
	usage: 'logs <node> [log]',
	describe: "show a node's console, or what the node itself has written",
	positionals: {
		...nodeArgument,
		log: { choices: ['console', 'cloud-init', 'startup', 'journal'], default: 'console', describe: 'which log; only the console needs no network' },
	} as const,
	flags: {
		follow: { type: 'boolean', alias: 'f', default: false, describe: 'continue with new lines as they are written' },
		lines: { type: 'number', alias: 'n', default: 200, describe: 'how many of the last lines to show' },
		...whichLabFlag,
	} as const,
	async run({ node, log, follow, lines, lab }) {
		const count = countOf('lines', lines);
		const { logsCommand } = await import('../../commands/live/open-ssh.js');
		return (await logsCommand({ runs: await runsDirectory(), lab, node, user: undefined, log, follow, lines: count })) as ExitCode;
	},
});
