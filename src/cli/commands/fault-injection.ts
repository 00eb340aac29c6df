/** The scenario of a lab that is up, and what one does to its nodes. */
import type { LabRequest } from '../../protocol/requests.js';
import { defineCommand, runsDirectory, type Command } from '../command.js';
import { jsonFlag, whichLabFlag } from '../flags.js';

const nodeArgument = { node: { type: 'string', demandOption: true, describe: 'a node of the lab' } } as const;

/** No longer than a day: setTimeout() counts in 31 bits. */
const maximumWaitSeconds = 86_400;

const testDefinition = defineCommand({
	usage: 'test [tests..]',
	describe: 'run the scenario, or some of its tests, against a lab that is up; the exit status is the verdict',
	positionals: { tests: { type: 'string', array: true, default: [] as string[], describe: 'names of tests (default: all of them)' } } as const,
	flags: {
		wait: { type: 'number', default: 0, requiresArg: true, describe: 'try an assertion again for so many seconds' },
		...whichLabFlag,
		...jsonFlag,
	} as const,
	async run({ tests, wait, lab, json }, terminal) {
		const { testCommand } = await import('../../commands/live/test.js');
		const patienceMs = Math.min(Math.max(0, wait || 0), maximumWaitSeconds) * 1000;
		return testCommand({ runs: await runsDirectory(), lab, tests, patienceMs, json, terminal });
	},
});

const linkDefinition = defineCommand({
	usage: 'link <node> <state> [amount]',
	describe: "change a node's link: up, down, delay MS (on the way to it) or loss PCT",
	positionals: {
		...nodeArgument,
		state: { choices: ['up', 'down', 'delay', 'loss'], demandOption: true, describe: 'what it becomes' },
		amount: { type: 'number', describe: 'milliseconds or per cent' },
	} as const,
	flags: whichLabFlag,
	async run({ node, state, amount, lab }, terminal) {
		const { parseLink, injectFault } = await import('../../commands/live/fault-injection.js');
		const link = parseLink(state, amount);
		return injectFault({ runs: await runsDirectory(), lab, request: { op: 'link', node, link }, done: `the link of ${node} is changed`, terminal });
	},
});

/** A command that does one thing to a node. */
const nodeCommand = (op: Extract<LabRequest, { node: string }>['op'] & ('pause' | 'resume' | 'kill' | 'restart'), describe: string, done: string) =>
	defineCommand({
		usage: `${op} <node>`,
		describe,
		positionals: nodeArgument,
		flags: whichLabFlag,
		async run({ node, lab }, terminal) {
			const { injectFault } = await import('../../commands/live/fault-injection.js');
			return injectFault({ runs: await runsDirectory(), lab, request: { op, node }, done: `${node} ${done}`, terminal });
		},
	});

/** The commands of this file. */
export const faultDefinitions: readonly Command[] = [
	testDefinition,
	linkDefinition,
	nodeCommand('pause', "pause a node's machine", 'is paused'),
	nodeCommand('resume', 'have a paused machine go on', 'runs again'),
	nodeCommand('kill', "end a node's machine as a power failure does", 'is dead'),
	nodeCommand('restart', 'restart a node from its own disk; its startup scripts do not run again', 'is up again'),
];
