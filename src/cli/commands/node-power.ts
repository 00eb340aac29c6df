/** `rehearse pause`, `resume`, `kill` and `restart`: each sends one request about one node. */
import type { LabRequest } from '../../protocol/requests.js';
import { defineCommand, runsDirectory, type Command } from '../command.js';
import { nodeArgument, whichLabFlag } from '../flags.js';

/** Defines a command that sends one request about a node. */
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

/** The commands that pause or end a node's machine, and those that undo it. */
export const nodePowerDefinitions: readonly Command[] = [
	nodeCommand('pause', "pause a node's machine", 'is paused'),
	nodeCommand('resume', 'resume a paused machine', 'runs again'),
	nodeCommand('kill', "end a node's machine as a power failure does", 'has ended'),
	nodeCommand('restart', 'restart a node from its own disk; its startup scripts do not run again', 'is up again'),
];
