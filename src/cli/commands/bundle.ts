import { defineCommand } from '../command.js';
import { filled, jsonFlag } from '../flags.js';

/** `rehearse bundle [RUN]` */
export const bundleDefinition = defineCommand({
	usage: 'bundle [run]',
	describe: 'pack a run into one file, to open it on another machine',
	positionals: {
		run: { type: 'string', describe: 'run directory, or the name of one (default: the newest run that did not pass)' },
	} as const,
	flags: {
		out: { type: 'string', describe: 'the file to write (default: RUN.tar.gz)' },
		'with-checkpoints': {
			type: 'boolean',
			default: false,
			describe: 'pack the machines as well: those that `run --save-failed` has saved, or those of a running lab as they are now',
		},
		redact: { type: 'boolean', default: false, describe: 'overwrite passwords, hashed passwords and private keys' },
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
