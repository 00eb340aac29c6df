import { usageFailure } from '../../base/errors.js';
import { defineCommand } from '../command.js';
import { filled, jsonFlag, labArgument } from '../flags.js';

/** `rehearse seed [LAB] --out DIR` */
export const seedDefinition = defineCommand({
	usage: 'seed [lab]',
	describe: "write every node's seed: a NoCloud disk that provisions a Debian 13 cloud image",
	positionals: labArgument,
	flags: {
		out: {
			type: 'string',
			describe: 'directory to write to: NODE.iso, and the same as files in NODE.seed (required)',
		},
		...jsonFlag,
	} as const,
	async run({ lab, out, json }, terminal) {
		const directory = filled('out', out);
		if (directory === undefined) {
			throw usageFailure('seed needs a directory to write to', { hint: 'rehearse seed --out DIR' });
		}
		const { seedCommand } = await import('../../commands/seed.js');
		return seedCommand({ lab, directory, json, terminal });
	},
});
