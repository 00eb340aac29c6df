import { usageFailure } from '../../base/errors.js';
import { defineCommand } from '../command.js';
import { buildTimeFlag, filled, jsonFlag, labArgument, millisecondsOf, mirrorFlag } from '../flags.js';

/** `rehearse iso [LAB] --out DIR` */
export const isoDefinition = defineCommand({
	usage: 'iso [lab]',
	describe: 'build a bootable ISO of every node from its recipe, for BIOS and UEFI',
	positionals: labArgument,
	flags: {
		out: {
			type: 'string',
			describe: 'directory to write to: NODE/NODE.iso, and its checksums and manifest (required)',
		},
		node: {
			type: 'string',
			array: true,
			nargs: 1,
			default: [] as string[],
			describe: 'the ISO of this node only (repeatable)',
		},
		kernel: {
			choices: ['cloud', 'generic'],
			default: 'cloud',
			describe: 'cloud is small and for virtual machines; generic has the drivers of real computers and of USB',
		},
		recommends: {
			type: 'boolean',
			default: false,
			describe: 'install what Debian recommends beside the packages too',
		},
		pin: {
			type: 'string',
			describe: 'the versions of this dpkg-manifest and no others, or those of a directory that this command wrote to',
		},
		...buildTimeFlag,
		...mirrorFlag,
		...jsonFlag,
	} as const,
	async run(flags, terminal) {
		const directory = filled('out', flags.out);
		if (directory === undefined) {
			throw usageFailure('iso writes to a directory', { hint: 'name it: rehearse iso --out DIR' });
		}
		const timeLimitMs = millisecondsOf('timeout', flags.timeout);
		const [{ isoCommand }, { userPaths }] = await Promise.all([import('../../commands/iso.js'), import('../../runs/paths.js')]);
		const { lab, node: nodes, kernel, recommends, json } = flags;
		const pin = filled('pin', flags.pin);
		const mirror = filled('mirror', flags.mirror);
		return isoCommand({ lab, paths: userPaths(), directory, nodes, kernel, recommends, pin, mirror, timeLimitMs, json, terminal });
	},
});
