/** Access to nodes with the OpenSSH programs: `rehearse ssh`, `exec`, `cp`, `ssh-config` and `logs`. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { ExitCode, toFailure, usageFailure } from '../../base/errors.js';
import { oneLine } from '../../base/format.js';
import { quote } from '../../base/shell.js';
import type { LoginOutcome } from '../../lab/events.js';
import { requireNodes } from '../../lab/lab.js';
import { runInForeground } from '../../process/foreground.js';
import type { Argv } from '../../process/run.js';
import type { LiveLab } from '../../runs/live-labs.js';
import { identityFile, sshConfigFile } from '../../runs/ssh-config.js';
import type { Terminal } from '../terminal.js';
import { askLab, resolveLab, type LiveOptions } from './resolve-lab.js';

export interface NodeAccessOptions extends LiveOptions {
	readonly node: string;
	/** The user to log in as; by default the declared user of the recipe. */
	readonly user: string | undefined;
}

/** `rehearse ssh NODE [ARGUMENT…]`: runs ssh(1). The exit status is that of the remote command, or 255. */
export async function sshCommand(options: NodeAccessOptions & { readonly args: readonly string[] }): Promise<number> {
	const lab = await resolveLab(options);
	await authorize(lab, options.node, options.user);
	// The arguments are those of ssh's own command line: options before the host, the rest behind it.
	return explained(lab, options.node, await runInForeground(['ssh', ...configOf(lab), ...asUser(options.user), options.node, ...options.args]));
}

/**
 * `rehearse exec NODE -- COMMAND…`: runs a command in a node, with its arguments unchanged. Streams and exit status are
 * those of the command.
 */
export async function execCommand(options: NodeAccessOptions & { readonly argv: readonly string[]; readonly terminal: boolean }): Promise<number> {
	if (options.argv.length === 0) throw usageFailure('no command is given', { hint: 'rehearse exec NODE -- COMMAND [ARGUMENT…]' });
	const lab = await resolveLab(options);
	await authorize(lab, options.node, options.user);
	return explained(lab, options.node, await runInForeground(remoteCommand(lab, options, options.argv.map(quote).join(' '), options.terminal)));
}

/** `rehearse cp FROM TO`: runs scp(1). `NODE:PATH` is a path in a node. */
export async function copyCommand(
	options: LiveOptions & { readonly paths: readonly string[]; readonly user: string | undefined; readonly recursive: boolean },
): Promise<number> {
	const lab = await resolveLab(options);
	const named = options.paths.flatMap((argument) => {
		const node = nodeIn(argument, lab.nodes);
		return node === undefined ? [] : [[node, /^([^@/:]*)@/.exec(argument)?.[1]] as const];
	});
	if (named.length === 0) {
		throw usageFailure('neither path is in a node', { hint: `NODE:PATH is one; the nodes are ${lab.nodes.join(', ')}` });
	}
	for (const [node, user] of named) await authorize(lab, node, user ?? options.user);
	const user = options.user === undefined ? [] : ['-o', `User=${options.user}`];
	return runInForeground(['scp', '-q', ...configOf(lab), ...user, ...(options.recursive ? ['-r'] : []), '--', ...options.paths]);
}

/**
 * The node that a path names, as scp(1) reads it: the text before the first colon, without a slash; undefined for a local
 * path.
 */
export function nodeIn(argument: string, nodes: readonly string[]): string | undefined {
	const [, host] = /^(?:[^@/:]*@)?([^/:]+):/.exec(argument) ?? [];
	return host !== undefined && nodes.includes(host) ? host : undefined;
}

/** `rehearse ssh-config`: prints a configuration of the running lab for ~/.ssh/config, scp, rsync, Ansible or an editor. */
export async function sshConfigCommand(
	options: LiveOptions & { readonly user: string | undefined; readonly terminal: Pick<Terminal, 'stdout' | 'stderr'> },
): Promise<ExitCode> {
	const lab = await resolveLab(options);
	for (const node of lab.nodes) {
		await authorize(lab, node, options.user).catch((error: unknown) =>
			options.terminal.stderr.write(`${node} does not accept the key: ${toFailure(error).message}\n`),
		);
	}
	const config = await readFile(sshConfigFile(lab.runDirectory), 'utf8');
	options.terminal.stdout.write(options.user === undefined ? config : config.replace(/^  User .*$/gm, `  User ${options.user}`));
	return ExitCode.passed;
}

/** The logs of a node. */
export type LogName = 'console' | 'cloud-init' | 'journal' | 'startup';

/** `rehearse logs NODE`: shows the console, which needs no network, or a log that the node itself has written. */
export async function logsCommand(
	options: NodeAccessOptions & { readonly log: LogName; readonly follow: boolean; readonly lines: number },
): Promise<number> {
	const lab = await resolveLab(options);
	const { node, log, follow, lines } = options;
	requireNodes([node], lab.nodes);
	if (log === 'console') {
		const file = path.join(lab.runDirectory, 'consoles', `${node}.log`);
		return runInForeground(['tail', '-n', String(lines), ...(follow ? ['-F'] : []), file]);
	}
	await authorize(lab, node, 'root');
	return runInForeground(remoteCommand(lab, { node, user: 'root' }, logCommand(log, lines, follow), false));
}

/** The command that shows a log in the guest. It consists of numbers and constants only. */
export function logCommand(log: Exclude<LogName, 'console'>, lines: number, follow: boolean): string {
	const tail = (files: string) => `tail -n ${lines}${follow ? ' -F' : ''} ${files}`;
	switch (log) {
		case 'cloud-init':
			return `exec ${tail('/var/log/cloud-init.log /var/log/cloud-init-output.log')}`;
		case 'journal':
			return `exec journalctl --boot --no-pager --lines=${lines}${follow ? ' --follow' : ''}`;
		case 'startup':
			return `${tail('/run/rehearse/*.output')} | perl -e '${withoutTraces}'`;
	}
}

/**
 * A program for perl(1), which every guest has, without a quote in it. Traces are among the output, behind record
 * separators. It hands on whole lines as they come: sed(1) does so letter by letter.
 */
const withoutTraces = [
	'while (sysread STDIN, $text, 65536, length $text) {',
	'$end = rindex($text, "\\n") + 1 or next;',
	'$lines = substr $text, 0, $end, "";',
	'$lines =~ s/\\x1e.*\\n//g if index($lines, "\\x1e") >= 0;',
	'while (length $lines) { $count = syswrite STDOUT, $lines or exit; substr $lines, 0, $count, "" }',
	'}',
	'$text =~ s/\\x1e.*//s; print $text',
].join(' ');

/** Has a node let this run's key in. @throws Failure `usage` for a node or a user that is not there */
async function authorize(lab: LiveLab, node: string, user: string | undefined): Promise<void> {
	const publicKey = (await readFile(`${identityFile(lab.runDirectory)}.pub`, 'utf8').catch(() => '')).trim();
	if (publicKey === '') throw usageFailure('the lab is still coming up', { hint: '`rehearse status` shows how far it has come' });
	await askLab(lab, { op: 'authorize', node, publicKey, ...(user === undefined ? {} : { user }) });
}

/** What ssh(1) exits with when it is the connection that fails. */
const connectionFailed = 255;

/** Prints why a node lets nobody in, where the node's status has that. Resolves to the exit status that it is given. */
async function explained(lab: LiveLab, node: string, status: number): Promise<number> {
	if (status !== connectionFailed) return status;
	const outcome = (await askLab(lab, { op: 'login', node }).catch(() => undefined)) as LoginOutcome | undefined;
	if (outcome?.message !== undefined) {
		process.stderr.write(`${node}: ${oneLine(outcome.message)}\n\`rehearse console ${node}\` needs no SSH\n`);
	}
	return status;
}

const configOf = (lab: LiveLab): readonly string[] => ['-F', sshConfigFile(lab.runDirectory)];

const asUser = (user: string | undefined): readonly string[] => (user === undefined ? [] : ['-l', user]);

function remoteCommand(lab: LiveLab, { node, user }: Pick<NodeAccessOptions, 'node' | 'user'>, command: string, terminal: boolean): Argv {
	const quietly = ['-o', 'BatchMode=yes', '-o', 'LogLevel=ERROR'];
	return ['ssh', ...configOf(lab), ...quietly, ...asUser(user), terminal ? '-t' : '-T', node, '--', command];
}
