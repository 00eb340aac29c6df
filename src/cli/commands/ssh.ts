import { ExitCode } from '../../base/errors.js';
import { defineCommand, runsDirectory, wordsBehind } from '../command.js';
import { nodeArgument, userFlag, whichLabFlag } from '../flags.js';

/** `rehearse ssh`. */
export const sshDefinition = defineCommand({
	usage: 'ssh <node> [words..]',
	describe: 'log in to a node with ssh(1); its own options and a command go behind --',
	positionals: {
		...nodeArgument,
		words: { type: 'string', array: true, default: [] as string[], describe: 'arguments of ssh(1)' },
	} as const,
	flags: { ...userFlag, ...whichLabFlag } as const,
	async run({ node, words, user, lab, ...rest }) {
		const { sshCommand } = await import('../../commands/live/open-ssh.js');
		return (await sshCommand({ runs: await runsDirectory(), lab, node, user, words: [...words, ...wordsBehind(rest)] })) as ExitCode;
	},
});
