import { ExitCode } from '../../base/errors.js';
import { argumentsBehind, defineCommand, runsDirectory } from '../command.js';
import { nodeArgument, userFlag, whichLabFlag } from '../flags.js';

/** `rehearse ssh`. */
export const sshDefinition = defineCommand({
	usage: 'ssh <node> [args..]',
	describe: 'log in to a node with ssh(1); its own options and a command go behind --',
	takesRest: true,
	positionals: {
		...nodeArgument,
		args: { type: 'string', array: true, default: [] as string[], describe: 'arguments of ssh(1)' },
	} as const,
	flags: { ...userFlag, ...whichLabFlag } as const,
	async run({ node, args, user, lab, ...rest }) {
		const { sshCommand } = await import('../../commands/live/open-ssh.js');
		return (await sshCommand({ runs: await runsDirectory(), lab, node, user, args: [...args, ...argumentsBehind(rest)] })) as ExitCode;
	},
});
