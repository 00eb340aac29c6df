import { ExitCode } from '../../base/errors.js';
import { defineCommand } from '../command.js';
import { completionScripts } from '../completion-scripts.js';

/** `rehearse completion SHELL` */
export const completionDefinition = defineCommand({
	usage: 'completion <shell>',
	describe: 'print what makes a shell complete commands, flags, labs, nodes and runs',
	positionals: { shell: { choices: ['bash', 'zsh', 'fish'], demandOption: true, describe: 'for which shell' } } as const,
	flags: {},
	run({ shell }, { stdout }) {
		stdout.write(completionScripts[shell]);
		return Promise.resolve(ExitCode.passed);
	},
});
