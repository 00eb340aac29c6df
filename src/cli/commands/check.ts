import { defineCommand } from '../command.js';
import { jsonFlag, labArgument } from '../flags.js';

/** `rehearse check [LAB]` */
export const checkDefinition = defineCommand({
	usage: 'check [lab]',
	describe: 'read and lint a plan; no side effects',
	positionals: labArgument,
	flags: {
		format: { choices: ['text', 'json'], default: 'text', describe: 'how findings are printed' },
		json: { ...jsonFlag.json, describe: 'the same as --format json' },
		schema: { type: 'boolean', default: false, describe: 'print the JSON Schema of plans instead' },
	} as const,
	async run({ lab, format, json, schema }, { stdout, stdoutColor: color }) {
		const { checkCommand } = await import('../../commands/check.js');
		return checkCommand({
			lab,
			format: json ? 'json' : format,
			schema,
			stdout: (text) => stdout.write(text),
			color,
		});
	},
});
