/** `rehearse pause`, `resume`, `kill` and `restart`: one request each, about one node. */
import type { LabRequest } from '../../protocol/requests.js';
import { defineCommand, runsDirectory, type Command } from '../command.js';
import { nodeArgument, whichLabFlag } from '../flags.js';

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

/** Pausing and ending a node's machine, and the ways back. */
export const nodePowerDefinitions: readonly Command[] = [
	nodeCommand('pause', "pause a node's machine", 'is paused'),
	nodeCommand('resume', 'have a paused machine go on', 'runs again'),
	nodeCommand('kill', "end a node's machine as a power failure does", 'is dead'),
	nodeCommand('restart', 'restart a node from its own disk; its startup scripts do not run again', 'is up again'),
];
