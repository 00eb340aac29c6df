import { defineCommand } from '../command.js';
import { jsonFlag } from '../flags.js';

/** `rehearse init [DIR]` */
export const initDefinition = defineCommand({
	usage: 'init [directory]',
	describe: 'write a small lab that passes, to begin with: two nodes, their scripts, a scenario; overwrites nothing',
	positionals: { directory: { type: 'string', default: '.', describe: 'where to; it is made if it is missing' } } as const,
	flags: {
		name: { type: 'string', describe: 'name of the lab (default: from the name of the directory)' },
		nodes: { type: 'string', array: true, nargs: 2, describe: 'names of the node that serves and of the one that uses it (web client)' },
		subnet: { type: 'string', describe: 'network of the lab (10.80.0.0/24)' },
		base: { choices: ['debian-trixie', 'debian-bookworm'], describe: 'base image (debian-trixie)' },
		format: { choices: ['yaml', 'json'], describe: 'format of the plan (yaml)' },
		yes: { type: 'boolean', default: false, alias: 'y', describe: 'ask nothing on a terminal either' },
		...jsonFlag,
	} as const,
	async run({ directory, name, nodes, subnet, base, format, yes, json }, terminal) {
		const { initCommand } = await import('../../commands/init.js');
		return initCommand({ directory: directory || '.', name, nodes, subnet, base, format, yes, json, terminal });
	},
});
