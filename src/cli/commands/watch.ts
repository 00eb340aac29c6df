import { defineCommand } from '../command.js';
import {
	acceleratorFlag,
	bytesOf,
	checkpointLimitFlag,
	filled,
	labArgument,
	millisecondsOf,
	mirrorFlag,
	scriptTimeoutFlag,
	scriptTimeoutOf,
	secretsFlag,
} from '../flags.js';

/** `rehearse watch [LAB]` */
export const watchDefinition = defineCommand({
	usage: 'watch [lab]',
	describe: 'rehearse a lab whenever its plan or a script is saved, and show what changed; Ctrl-C ends it',
	positionals: labArgument,
	flags: {
		...acceleratorFlag,
		...checkpointLimitFlag,
		...scriptTimeoutFlag,
		timeout: { type: 'number', default: 3600, requiresArg: true, describe: 'limit for each run, in seconds' },
		html: { type: 'string', requiresArg: true, describe: 'write a page to this file that loads itself again and marks what changed' },
		...secretsFlag,
		...mirrorFlag,
		json: { type: 'boolean', default: false, describe: 'print a result object with `changes` for each run, one a line' },
	} as const,
	async run(flags, terminal) {
		const timeLimitMs = millisecondsOf('timeout', flags.timeout);
		const mirror = filled('mirror', flags.mirror);
		const limitBytes = bytesOf('checkpoint-limit', flags['checkpoint-limit']);
		const [{ watchCommand }, { userPaths }] = await Promise.all([
			import('../../commands/watch.js'),
			import('../../runs/paths.js'),
		]);
		const { lab, accel: accelerator, json, 'show-secrets': showSecrets } = flags;
		const html = filled('html', flags.html);
		const scriptTimeoutSeconds = scriptTimeoutOf(flags['script-timeout']);
		return watchCommand({ scriptTimeoutSeconds, lab, paths: userPaths(), accelerator, limitBytes, mirror, timeLimitMs, json, html, showSecrets, terminal });
	},
});
