/** The fingerprint inputs of a node's checkpoints, by names that people understand. */
import { randomUUID } from 'node:crypto';
import { contentKey } from '../base/hash.js';
import type { Fingerprint } from '../checkpoint/manifest.js';
import { uplink } from '../lab/addressing.js';
import type { LabNetwork } from '../lab/lab.js';
import { machineFingerprint, type HostFingerprint } from '../machine/fingerprint.js';
import { bridgeMac, dhcpArgv } from '../network/plan.js';
import { isStartupFile, type SeedFiles } from '../seed/content.js';
import type { PreparedMachine } from './machines.js';

export interface NodeInputs {
	readonly machine: PreparedMachine;
	/**
	 * Modification time of the image's root file, in milliseconds since the epoch. An image that was built again has other
	 * contents by the same name.
	 */
	readonly imageBuiltAt: number;
	readonly seed: SeedFiles;
	/** Size of the seed disk in bytes. A restored machine needs a disk of the same size. */
	readonly seedBytes: number;
	readonly host: HostFingerprint;
	/** The lab's network, in which its gateway answers. */
	readonly network: LabNetwork;
}

/** The fingerprint of a provisioned machine. It does not include the startup scripts. */
export function provisionedFingerprint({ machine, imageBuiltAt, seed, seedBytes, host }: NodeInputs): Fingerprint {
	const { node, image, hostKey, runSpec } = machine;
	const provisioning = Object.entries(seed).filter(([name]) => !isStartupFile(name));
	return {
		packages: image.packages.join(' '),
		image: `${image.key} ${imageBuiltAt}`,
		memory: `${node.memoryMiB} MiB`,
		...(node.vcpus === undefined ? {} : { processors: `${node.vcpus}` }),
		disk: `${node.diskMiB} MiB`,
		users: contentKey(node.users),
		services: node.services.join(' '),
		DNS: node.dns.join(' '),
		addresses: [node.uplinkAddress, node.mac, uplink.gateway, bridgeMac].join(' '),
		// The machine keeps the settings of its DHCP lease.
		network: contentKey(dhcpArgv({ nodes: [node] }, '')),
		'host key': hostKey.publicKey,
		'seed size': `${seedBytes}`,
		// Everything else in the seed: the guest's own files, and the way in which the tool writes a seed.
		seed: contentKey(provisioning),
		...machineFingerprint(runSpec.spec, host),
	};
}

/** The fingerprint input that marks a machine to which people had access after its startup scripts. */
const modified = 'what was done to it';

/** Whether people had access to one of these machines. What they did may have affected all the others that ran beside it. */
export const wereModified = (machines: readonly { readonly fingerprint: Fingerprint }[]): boolean =>
	machines.some(({ fingerprint }) => modified in fingerprint);

/**
 * The fingerprint of a machine whose startup scripts have run.
 * @param goesOn whether people have had access to the machine since then. Such a fingerprint never equals another one
 */
export const startedFingerprint = (
	provisioned: Fingerprint,
	{ machine: { node }, network }: Pick<NodeInputs, 'machine' | 'network'>,
	goesOn = false,
): Fingerprint => ({
	...provisioned,
	// Nobody sees it before the startup scripts have added a lab address.
	'lab network': contentKey(network),
	'startup scripts': contentKey(node.startupScripts.map(({ name, text, bytes, after }) => ({ name, text, ...(bytes === undefined ? {} : { bytes }), after }))),
	...(goesOn && { [modified]: randomUUID() }),
});
