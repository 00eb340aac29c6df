import { ExitCode } from '../../base/errors.js';
import { defineCommand, runsDirectory } from '../command.js';
import { filled } from '../flags.js';

/** `rehearse mcp`. */
export const mcpDefinition = defineCommand({
	usage: 'mcp',
	describe: 'serve the Model Context Protocol on standard input and output, for an agent',
	positionals: {},
	flags: {
		root: { type: 'string', default: '.', describe: 'the directory below which plans are read; no others are' },
	} as const,
	async run({ root }, { stderr }) {
		const [{ serveMcp }, { stopOnSignals, throwUnlessInterrupted }] = await Promise.all([import('../../mcp/server.js'), import('../../commands/stop.js')]);
		const stopping = stopOnSignals();
		try {
			await serveMcp({ root: filled('root', root) ?? '.', runs: await runsDirectory(), signal: stopping.signal, stderr });
		} finally {
			stopping.done();
			process.stdin.destroy();
		}
		// Its end is nothing that failed: clients end their servers by closing the pipe, or by a signal.
		throwUnlessInterrupted(stopping);
		return ExitCode.passed;
	},
});
