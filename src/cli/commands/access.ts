/** Into the nodes of a lab that is up. */
import type { ExitCode } from '../../base/errors.js';
import { defineCommand, runsDirectory, wordsBehind, type Command } from '../command.js';
import { jsonFlag, whichLabFlag } from '../flags.js';

const nodeArgument = { node: { type: 'string', demandOption: true, describe: 'a node of the lab' } } as const;
const userFlag = { user: { type: 'string', requiresArg: true, describe: 'whom to be in the node (default: the declared user)' } } as const;

const sshDefinition = defineCommand({
	usage: 'ssh <node> [words..]',
	describe: 'log in to a node with ssh(1); its own options and a command go behind --',
	positionals: { ...nodeArgument, words: { type: 'string', array: true, default: [] as string[], describe: 'for ssh(1)' } } as const,
	flags: { ...userFlag, ...whichLabFlag } as const,
	async run({ node, words, user, lab, ...rest }) {
		const { sshCommand } = await import('../../commands/live/open-ssh.js');
		return (await sshCommand({ runs: await runsDirectory(), lab, node, user, words: [...words, ...wordsBehind(rest)] })) as ExitCode;
	},
});

const execDefinition = defineCommand({
	usage: 'exec <node> [command..]',
	describe: 'run a command in a node; put it behind --',
	positionals: { ...nodeArgument, command: { type: 'string', array: true, default: [] as string[], describe: 'with its arguments' } } as const,
	flags: { ...userFlag, ...whichLabFlag } as const,
	async run({ node, command, user, lab, ...rest }) {
		const { execCommand } = await import('../../commands/live/open-ssh.js');
		const terminal = process.stdin.isTTY && process.stdout.isTTY;
		return (await execCommand({ runs: await runsDirectory(), lab, node, user, argv: [...command, ...wordsBehind(rest)], terminal })) as ExitCode;
	},
});

const copyDefinition = defineCommand({
	usage: 'cp <from> <to>',
	describe: 'copy files with scp(1); NODE:PATH is a path in a node',
	positionals: {
		from: { type: 'string', demandOption: true, describe: 'what to copy' },
		to: { type: 'string', demandOption: true, describe: 'where to' },
	} as const,
	flags: {
		recursive: { type: 'boolean', alias: 'r', default: false, describe: 'directories with all that is in them' },
		...userFlag,
		...whichLabFlag,
	} as const,
	async run({ from, to, recursive, user, lab }) {
		const { copyCommand } = await import('../../commands/live/open-ssh.js');
		return (await copyCommand({ runs: await runsDirectory(), lab, paths: [from, to], recursive, user })) as ExitCode;
	},
});

const sshConfigDefinition = defineCommand({
	usage: 'ssh-config',
	describe: 'print what ~/.ssh/config, scp, rsync, Ansible or an editor needs to reach the nodes',
	positionals: {},
	flags: { ...userFlag, ...whichLabFlag } as const,
	async run({ user, lab }, terminal) {
		const { sshConfigCommand } = await import('../../commands/live/open-ssh.js');
		return sshConfigCommand({ runs: await runsDirectory(), lab, user, terminal });
	},
});

const consoleDefinition = defineCommand({
	usage: 'console <node>',
	describe: 'a root shell that needs no network; Ctrl-] leaves it',
	positionals: nodeArgument,
	flags: whichLabFlag,
	async run({ node, lab }) {
		const { consoleCommand } = await import('../../commands/live/console.js');
		const { stdin, stdout, stderr } = process;
		return consoleCommand({ runs: await runsDirectory(), lab, node, streams: { stdin, stdout, stderr } });
	},
});

const logsDefinition = defineCommand({
	usage: 'logs <node> [log]',
	describe: "show a node's console, or what the node itself has written",
	positionals: {
		...nodeArgument,
		log: { choices: ['console', 'cloud-init', 'startup', 'journal'], default: 'console', describe: 'which log; only the console needs no network' },
	} as const,
	flags: {
		follow: { type: 'boolean', alias: 'f', default: false, describe: 'go on showing what is added' },
		lines: { type: 'number', alias: 'n', default: 200, requiresArg: true, describe: 'how many of the last lines' },
		...whichLabFlag,
	} as const,
	async run({ node, log, follow, lines, lab }) {
		const { logsCommand } = await import('../../commands/live/open-ssh.js');
		const count = Math.max(1, Math.trunc(lines) || 1);
		return (await logsCommand({ runs: await runsDirectory(), lab, node, user: undefined, log, follow, lines: count })) as ExitCode;
	},
});

const forwardDefinition = defineCommand({
	usage: 'forward [ports..]',
	describe: "a lab's ports on this host's loopback, until Ctrl-C",
	positionals: {
		ports: {
			type: 'string',
			array: true,
			default: [] as string[],
			describe: 'NODE:PORT or LOCAL:NODE:PORT (default: all that connections and assertions name)',
		},
	} as const,
	flags: {
		address: { type: 'string', default: '127.0.0.1', requiresArg: true, describe: 'the address of this host to listen on' },
		...whichLabFlag,
		...jsonFlag,
	} as const,
	async run({ ports, address, lab, json }, terminal) {
		const { forwardCommand } = await import('../../commands/live/forward.js');
		return forwardCommand({ runs: await runsDirectory(), lab, ports, address, json, terminal });
	},
});

/** The commands of this file. */
export const nodeDefinitions: readonly Command[] = [
	...[sshDefinition, execDefinition, copyDefinition, sshConfigDefinition],
	...[consoleDefinition, logsDefinition, forwardDefinition],
];
