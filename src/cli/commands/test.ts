import { defineCommand, runsDirectory } from '../command.js';
import { jsonFlag, whichLabFlag } from '../flags.js';

/** The maximum of --wait, in seconds: setTimeout() counts milliseconds in 31 bits. */
const maximumWaitSeconds = 86_400;

/** `rehearse test`. */
export const testDefinition = defineCommand({
	usage: 'test [tests..]',
	describe: 'run the scenario, or some of its tests, against a lab that is up; the exit status is the verdict',
	positionals: { tests: { type: 'string', array: true, default: [] as string[], describe: 'names of tests (default: all of them)' } } as const,
	flags: {
		wait: { type: 'number', default: 0, requiresArg: true, describe: 'try a failed assertion again for this many seconds' },
		...whichLabFlag,
		...jsonFlag,
	} as const,
	async run({ tests, wait, lab, json }, terminal) {
		const { testCommand } = await import('../../commands/live/test.js');
		const patienceMs = Math.min(Math.max(0, wait || 0), maximumWaitSeconds) * 1000;
		return testCommand({ runs: await runsDirectory(), lab, tests, patienceMs, json, terminal });
	},
});
