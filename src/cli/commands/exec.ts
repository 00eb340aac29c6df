import { ExitCode } from '../../base/errors.js';
import { argumentsBehind, defineCommand, runsDirectory } from '../command.js';
import { nodeArgument, userFlag, whichLabFlag } from '../flags.js';

/** `rehearse exec`. */
export const execDefinition = defineCommand({
	usage: 'exec <node> [command..]',
	describe: 'run a command in a node; put it behind --',
	takesRest: true,
	positionals: { ...nodeArgument, command: { type: 'string', array: true, default: [] as string[], describe: 'with its arguments' } } as const,
	flags: { ...userFlag, ...whichLabFlag } as const,
	async run({ node, command, user, lab, ...rest }) {
		const { execCommand } = await import('../../commands/live/open-ssh.js');
		const terminal = process.stdin.isTTY && process.stdout.isTTY;
		return (await execCommand({ runs: await runsDirectory(), lab, node, user, argv: [...command, ...argumentsBehind(rest)], terminal })) as ExitCode;
	},
});
