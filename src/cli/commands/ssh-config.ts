import { defineCommand, runsDirectory } from '../command.js';
import { userFlag, whichLabFlag } from '../flags.js';

/** `rehearse ssh-config`. */
export const sshConfigDefinition = defineCommand({
	usage: 'ssh-config',
	describe: 'print what ~/.ssh/config, scp, rsync, Ansible or an editor needs to reach the nodes',
	positionals: {},
	flags: { ...userFlag, ...whichLabFlag } as const,
	async run({ user, lab }, terminal) {
		const { sshConfigCommand } = await import('../../commands/live/open-ssh.js');
		return sshConfigCommand({ runs: await runsDirectory(), lab, user, terminal });
	},
});
