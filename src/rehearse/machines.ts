import path from 'node:path';
import { brokenFailure, usageFailure } from '../base/errors.js';
import type { Image } from '../image/store.js';
import type { Lab, LabNode, User } from '../lab/lab.js';
import { tapName } from '../network/plan.js';
import { consoleLogPath } from '../report/run-files.js';
import { buildSeedFiles, readGuestFiles, type HostKey } from '../seed/content.js';
import { writeSeedDisk } from '../seed/disk.js';
import { generateHostKey } from '../ssh/session.js';
import type { RunDirectory } from './run-directory.js';
import type { SupervisedMachine } from './supervised.js';

/** A machine that is about to be supervised, with what its seed needs. */
export interface PreparedMachine {
	readonly node: LabNode;
	readonly hostKey: HostKey;
	readonly supervised: SupervisedMachine;
}

/** Gives every node its files, sockets, address and host key. */
export function prepareMachines(
	lab: Lab,
	images: ReadonlyMap<string, Image>,
	directory: RunDirectory,
): readonly PreparedMachine[] {
	return lab.nodes.map((node, index) => {
		const image = images.get(node.name);
		if (!image) throw brokenFailure('internal', `${node.name} has no image`, { node: node.name });
		const user = loginUser(node);
		const hostKey = generateHostKey(node.name);
		return {
			node,
			hostKey,
			supervised: {
				spec: {
					name: node.name,
					memoryMiB: node.memoryMiB,
					mac: node.mac,
					tap: tapName(index),
					kernelFile: image.kernelFile,
					initrdFile: image.initrdFile,
					overlayFile: path.join(directory.disks, `${node.name}.qcow2`),
					seedFile: path.join(directory.path, 'seeds', `${node.name}.iso`),
					// Numbered, not named: a socket's path is short, a node's name need not be.
					qmpSocket: path.join(directory.sockets, `${index}.qmp`),
					agentSocket: path.join(directory.sockets, `${index}.agent`),
				},
				rootFile: image.rootFile,
				diskMiB: node.diskMiB,
				consoleFile: consoleLogPath(directory.path, node.name),
				address: node.uplinkAddress,
				username: user.username,
				password: user.password,
				hostKey: hostKey.publicKey,
			},
		};
	});
}

/** The user that the tool gets in as: the first with a password and sudo. */
function loginUser(node: LabNode): User & { password: string } {
	const user = node.users.find(({ password, groups }) => password !== undefined && groups.includes('sudo'));
	if (user?.password !== undefined) return { ...user, password: user.password };
	throw usageFailure(`${node.name} has no user with a password in the group sudo, as whom the scenario could run`, {
		node: node.name,
		hint: 'give its recipe a user with a password and the group sudo',
	});
}

/** Writes every machine's seed disk. */
export async function writeSeeds(
	machines: readonly PreparedMachine[],
	scriptDeadlineSeconds: number,
	signal?: AbortSignal,
): Promise<void> {
	const guestFiles = await readGuestFiles();
	await Promise.all(
		machines.map(({ node, hostKey, supervised }) =>
			writeSeedDisk(
				buildSeedFiles({ node, hostKey, guestFiles, scriptDeadlineSeconds }),
				supervised.spec.seedFile,
				signal,
			),
		),
	);
}
