import { defineCommand } from '../command.js';
import { filled, labArgument } from '../flags.js';

/** `rehearse graph [LAB]` */
export const graphDefinition = defineCommand({
	usage: 'graph [lab]',
	describe: 'draw a lab from its plan, as SVG or Mermaid; boots nothing',
	positionals: labArgument,
	flags: {
		format: { choices: ['svg', 'mermaid'], default: 'svg', describe: 'what is printed' },
		out: { type: 'string', describe: 'write it to this file instead' },
	} as const,
	async run({ lab, format, out }, terminal) {
		const { graphCommand } = await import('../../commands/graph.js');
		return graphCommand({ lab, format, out: filled('out', out), terminal });
	},
});
