import path from 'node:path';
import { brokenFailure } from '../base/errors.js';
import type { Image } from '../image/store.js';
import type { HostKey, Lab, LabNode, StartupScript, User } from '../lab/lab.js';
import { memoryDirectory } from '../machine/memory.js';
import { overlayName } from '../machine/qcow2.js';
import { reasonNotToTrace } from '../trace/traceable.js';
import { tapName } from '../network/plan.js';
import type { MachineRunSpec } from '../protocol/run-spec.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { consoleLogPath } from '../runs/run-files.js';
import { buildSeedFiles, readGuestFiles, type SeedFiles, type SeedInput } from '../seed/content.js';
import { writeSeedDisk } from '../seed/disk.js';

/** A machine to run, with what its seed needs. */
export interface PreparedMachine {
	readonly node: LabNode;
	readonly image: Image;
	readonly hostKey: HostKey;
	readonly runSpec: MachineRunSpec;
}

/** Assigns every node that has an image its files, sockets, address and host key. */
export function prepareMachines(
	lab: Lab,
	images: ReadonlyMap<string, Image>,
	hostKeys: ReadonlyMap<string, HostKey>,
	directory: Pick<RunDirectory, 'path' | 'disks' | 'sockets'>,
): readonly PreparedMachine[] {
	return lab.nodes.flatMap((node, index) => {
		const image = images.get(node.name);
		return image ? [prepareMachine(node, index, image, hostKeys, directory)] : [];
	});
}

/** The machine of a node whose image is still being built. @param index the node's position in its lab */
export const pendingMachine = (
	node: LabNode,
	index: number,
	hostKeys: ReadonlyMap<string, HostKey>,
	directory: Pick<RunDirectory, 'path' | 'disks' | 'sockets'>,
): MachineRunSpec => ({ ...prepareMachine(node, index, noImage, hostKeys, directory).runSpec, isPending: true });

/** Stands for an image that is not there yet. */
const noImage: Image = { key: '', packages: [], rootFile: '', kernelFile: '', initrdFile: '' };

function prepareMachine(
	node: LabNode,
	index: number,
	image: Image,
	hostKeys: ReadonlyMap<string, HostKey>,
	directory: Pick<RunDirectory, 'path' | 'disks' | 'sockets'>,
): PreparedMachine {
	const hostKey = hostKeys.get(node.name);
	if (!hostKey) throw brokenFailure('internal', `${node.name} has no host key`, { node: node.name });
	const runSpec = { ...machineOf(node, index, image, directory), ...loginOf(node), hostKey: hostKey.publicKey };
	return { node, image, hostKey, runSpec };
}

/** Specifies the machine of a node, without its login. @param index the node's position in its lab */
export function machineOf(
	node: LabNode,
	index: number,
	image: Image,
	{ path: run, disks, sockets }: Pick<RunDirectory, 'path' | 'disks' | 'sockets'>,
): Omit<MachineRunSpec, 'username' | 'password' | 'hostKey'> {
	return {
		spec: {
			name: node.name,
			memoryMiB: node.memoryMiB,
			...(node.vcpus === undefined ? {} : { vcpus: node.vcpus }),
			mac: node.mac,
			tap: tapName(index),
			kernelFile: image.kernelFile,
			initrdFile: image.initrdFile,
			overlayFile: path.join(disks, overlayName(node.name, 0)),
			layers: [],
			rootFile: image.rootFile,
			seedFile: path.join(run, 'seeds', `${node.name}.iso`),
			memory: { file: path.join(memoryDirectory(sockets), `${index}`), isShared: true },
			// Numbers, not names: a socket's path must be short, and a node's name may be long.
			qmpSocket: path.join(sockets, `${index}.qmp`),
			agentSocket: path.join(sockets, `${index}.agent`),
			controlChannelSocket: path.join(sockets, `${index}.control`),
			commandSocket: path.join(sockets, `${index}.commands`),
			debugSocket: path.join(sockets, `${index}.debug`),
			shellSocket: path.join(sockets, `${index}.shell`),
		},
		diskMiB: node.diskMiB,
		consoleFile: consoleLogPath(run, node.name),
		address: node.uplinkAddress,
		origin: { from: 'power-on' },
	};
}

/** Who gets in by SSH, and where. */
export const loginOf = (node: LabNode): Pick<MachineRunSpec, 'username' | 'password' | 'sshPort'> => ({
	...loginUser(node),
	...(node.ssh === undefined ? {} : { sshPort: node.ssh.port }),
});

/** Shells that let nobody in: accounts of services. */
const closedShell = /\/(?:nologin|false|true|sync|shutdown|halt)$/;

/**
 * The user that people get in as, of those whose shell lets somebody in: the first with a password and sudo, or else with a
 * password, root after others, or else any; root where there is none.
 */
export function loginUser({ users: declared, ssh }: Pick<LabNode, 'users' | 'ssh'>): Pick<MachineRunSpec, 'username' | 'password'> {
	const users = declared.filter(({ shell }) => !closedShell.test(shell));
	const withPassword = users.filter(({ password }) => password !== undefined);
	const user: User | undefined = withPassword.find(({ groups }) => groups.includes('sudo')) ?? withPassword.find(({ username }) => username !== 'root') ?? withPassword[0] ?? users[0];
	if (!user) return { username: 'root' };
	// Where the recipe forbids passwords nobody is expected to get in with one.
	const isPasswordAsked = user.password !== undefined && ssh?.passwords !== false;
	return { username: user.username, ...(isPasswordAsked ? { password: user.password } : {}) };
}

/** Builds the files of every machine's seed, by node. */
export async function seedFilesOf(
	machines: readonly PreparedMachine[],
	{ scriptDeadlineSeconds, trace }: Pick<SeedInput, 'scriptDeadlineSeconds'> & { readonly trace: boolean },
): Promise<ReadonlyMap<string, SeedFiles>> {
	const guestFiles = await readGuestFiles();
	const isTraced = ({ text }: StartupScript) => trace && reasonNotToTrace(text) === undefined;
	const filesOf = ({ node, hostKey }: PreparedMachine) =>
		buildSeedFiles({ node, hostKey, guestFiles, scriptDeadlineSeconds, isTraced });
	return new Map(machines.map((machine) => [machine.node.name, filesOf(machine)]));
}

/** Writes every machine's seed disk. @param fileOf where it is written */
export async function writeSeeds(
	machines: readonly PreparedMachine[],
	seeds: ReadonlyMap<string, SeedFiles>,
	fileOf: (machine: PreparedMachine) => string,
	signal?: AbortSignal,
): Promise<void> {
	await Promise.all(
		machines.map((machine) =>
			writeSeedDisk(seeds.get(machine.node.name) ?? {}, fileOf(machine), signal, machine.runSpec.spec.overlayFile),
		),
	);
}
