import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { replaceFile } from '../base/files.js';
import type { MachineRunSpec } from '../protocol/run-spec.js';

/** The OpenSSH configuration file of a run. */
export const sshConfigFile = (runDirectory: string): string => path.join(runDirectory, 'ssh_config');

/** The private SSH key of a run. The public key is beside it, with `.pub`. */
export const identityFile = (runDirectory: string): string => path.join(runDirectory, 'identity');

/**
 * How long OpenSSH waits for a node's SSH server, in seconds: a firewall that drops what it does not let in sends no
 * answer.
 */
const connectSeconds = 30;

/**
 * Writes what OpenSSH needs to reach the lab from outside its namespace: a configuration with an entry for each node, the
 * host keys, and a key of this run. A node accepts the key after the request `authorize`. The proxy command connects with
 * bash inside the namespace, so the host needs neither a route to the lab nor another program.
 * @param supervisorPid process id, on the host, of a process in the lab's namespaces
 */
export async function writeSshConfig(
	directory: string,
	machines: readonly MachineRunSpec[],
	supervisorPid: number,
): Promise<string> {
	await writeFile(knownHostsFile(directory), machines.map(knownHost).join(''));
	const proxy =
		`nsenter --target ${supervisorPid} --user --net --preserve-credentials ` +
		// ssh ends its proxy with a signal. The process that reads from the node must end with it. Where nothing is connected,
		// bash would go on.
		`bash -c 'trap : HUP TERM; exec 3<>/dev/tcp/%h/%p || exit; cat <&3 & exec >&3; cat; kill $!'`;
	const identity = identityFile(directory);
	// Loaded here, while the machines start: the SSH library loads slowly, and nothing before needed it.
	const { generateHostKey } = await import('../ssh/login.js');
	const { privateKey, publicKey } = generateHostKey('rehearse');
	await writeFile(identity, privateKey, { mode: 0o600 });
	await writeFile(`${identity}.pub`, `${publicKey}\n`);
	const file = sshConfigFile(directory);
	await writeFile(file, machines.map((machine) => entryOf(machine, directory, proxy)).join('\n'));
	return file;
}

/** Rewrites what OpenSSH knows of machines that were made anew. The run's key and the entries of the others stay. */
export async function updateSshConfig(directory: string, machines: readonly MachineRunSpec[]): Promise<void> {
	const [file, knownHosts] = [sshConfigFile(directory), knownHostsFile(directory)];
	const anew = (name: string | undefined) => machines.find(({ spec }) => spec.name === name);
	const entries = (await readFile(file, 'utf8')).split(/\n(?=Host )/).map((entry) => {
		const machine = anew(/^Host (.*)$/m.exec(entry)?.[1]);
		return machine ? entryOf(machine, directory, /^  ProxyCommand (.*)$/m.exec(entry)?.[1] ?? '') : entry;
	});
	const keys = (await readFile(knownHosts, 'utf8')).split(/(?<=\n)/).map((line) => {
		const machine = anew(line.split(' ')[0]);
		return machine ? knownHost(machine) : line;
	});
	await replaceFile(knownHosts, keys.join(''));
	await replaceFile(file, entries.join('\n'));
}

const knownHostsFile = (directory: string): string => path.join(directory, 'known_hosts');

const knownHost = ({ spec, hostKey }: MachineRunSpec): string => `${spec.name} ${hostKey}\n`;

/** The entry of a machine. @param proxy the command that connects with it */
const entryOf = ({ spec, address, username, sshPort }: MachineRunSpec, directory: string, proxy: string): string =>
	[
		`Host ${spec.name}`,
		`  HostName ${address}`,
		...(sshPort === undefined ? [] : [`  Port ${sshPort}`]),
		`  HostKeyAlias ${spec.name}`,
		`  User ${username}`,
		`  UserKnownHostsFile "${knownHostsFile(directory)}"`,
		'  StrictHostKeyChecking yes',
		`  IdentityFile "${identityFile(directory)}"`,
		'  IdentitiesOnly yes',
		`  ConnectTimeout ${connectSeconds}`,
		`  ProxyCommand ${proxy}`,
		'',
	].join('\n');
