import { defineCommand, runsDirectory } from '../command.js';
import { jsonFlag, whichLabFlag } from '../flags.js';

/** `rehearse forward`. */
export const forwardDefinition = defineCommand({
	usage: 'forward [ports..]',
	describe: "forward ports of this host's loopback to a lab's ports, until Ctrl-C",
	positionals: {
		ports: {
			type: 'string',
			array: true,
			default: [] as string[],
			describe: 'NODE:PORT or LOCAL:NODE:PORT (default: all that connections and assertions name)',
		},
	} as const,
	flags: {
		address: { type: 'string', default: '127.0.0.1', describe: 'the address of this host to listen on' },
		...whichLabFlag,
		...jsonFlag,
	} as const,
	async run({ ports, address, lab, json }, terminal) {
		const { forwardCommand } = await import('../../commands/live/forward.js');
		return forwardCommand({ runs: await runsDirectory(), lab, ports, address, json, terminal });
	},
});
