import { ExitCode } from '../../base/errors.js';
import { defineCommand, runsDirectory } from '../command.js';
import { userFlag, whichLabFlag } from '../flags.js';

/** `rehearse cp`. */
export const copyDefinition = defineCommand({
	usage: 'cp <from> <to>',
	describe: 'copy files with scp(1); NODE:PATH is a path in a node',
	positionals: {
		from: { type: 'string', demandOption: true, describe: 'what to copy' },
		to: { type: 'string', demandOption: true, describe: 'where to' },
	} as const,
	flags: {
		recursive: { type: 'boolean', alias: 'r', default: false, describe: 'copy directories with their contents' },
		...userFlag,
		...whichLabFlag,
	} as const,
	async run({ from, to, recursive, user, lab }) {
		const { copyCommand } = await import('../../commands/live/open-ssh.js');
		return (await copyCommand({ runs: await runsDirectory(), lab, paths: [from, to], recursive, user })) as ExitCode;
	},
});
