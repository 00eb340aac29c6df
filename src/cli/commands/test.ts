import { defineCommand, runsDirectory } from '../command.js';
import { jsonFlag, secondsOf, whichLabFlag } from '../flags.js';

/** `rehearse test`. */
export const testDefinition = defineCommand({
	usage: 'test [tests..]',
	describe: 'run the scenario, or some of its tests, against a lab that is up; the exit status is the verdict',
	positionals: { tests: { type: 'string', array: true, default: [] as string[], describe: 'names of tests (default: all of them)' } } as const,
	flags: {
		wait: { type: 'number', default: 0, describe: 'try a failed assertion again for this many seconds' },
		...whichLabFlag,
		...jsonFlag,
	} as const,
	async run({ tests, wait, lab, json }, terminal) {
		const patienceMs = secondsOf('wait', wait) * 1000;
		const { testCommand } = await import('../../commands/live/test.js');
		return testCommand({ runs: await runsDirectory(), lab, tests, patienceMs, json, terminal });
	},
});
