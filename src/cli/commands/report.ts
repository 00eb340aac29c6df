import { defineCommand } from '../command.js';
import { jsonFlag } from '../flags.js';

/** `rehearse report [RUN]` */
export const reportDefinition = defineCommand({
	usage: 'report [run]',
	describe: "make a run's report again from its event log",
	positionals: {
		run: { type: 'string', describe: 'run directory, or the name of one (default: the last run)' },
	} as const,
	flags: {
		format: {
			choices: ['summary', 'json', 'junit', 'plain', 'markdown', 'code-quality', 'github'],
			default: 'summary',
			describe: 'plain: a line for each event; code-quality: of GitLab; github: annotations, as commands of the runner',
		},
		html: { type: 'string', requiresArg: false, describe: 'write the page to this file, by default report.html in the run directory, and print its path' },
		json: { ...jsonFlag.json, describe: 'the same as --format json' },
	} as const,
	async run({ run, format, html, json }, terminal) {
		const [{ reportCommand }, { userPaths }] = await Promise.all([
			import('../../commands/report.js'),
			import('../../runs/paths.js'),
		]);
		return reportCommand({ run, runs: userPaths().runs, format: json ? 'json' : format, html, terminal });
	},
});
