import { defineCommand } from '../command.js';
import { filled, jsonFlag } from '../flags.js';

/** `rehearse bundle [RUN]` */
export const bundleDefinition = defineCommand({
	usage: 'bundle [run]',
	describe: 'put a run into one file, to be opened on another machine',
	positionals: {
		run: { type: 'string', describe: 'run directory, or the name of one (default: the newest run that did not pass)' },
	} as const,
	flags: {
		out: { type: 'string', requiresArg: true, describe: 'the file to write (default: RUN.tar.gz)' },
		'with-checkpoints': {
			type: 'boolean',
			default: false,
			describe: 'take the machines themselves along: those that `run --save-failed` has saved, or those of a lab that is up, as they are now',
		},
		redact: { type: 'boolean', default: false, describe: 'leave passwords, hashed passwords and private keys out' },
		...jsonFlag,
	} as const,
	async run({ run, out, redact, json, ...flags }, terminal) {
		const file = filled('out', out);
		const [{ bundleCommand }, { userPaths }] = await Promise.all([
			import('../../commands/bundle.js'),
			import('../../runs/paths.js'),
		]);
		return bundleCommand({ run, paths: userPaths(), withCheckpoints: flags['with-checkpoints'], out: file, redact, json, terminal });
	},
});
