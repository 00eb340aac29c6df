/** What the state of a provisioned machine depends on, each part by a name that a person can be told. */
import { randomUUID } from 'node:crypto';
import { contentKey } from '../base/hash.js';
import type { Fingerprint } from '../checkpoint/manifest.js';
import { uplink } from '../lab/addressing.js';
import { machineFingerprint, type HostFingerprint } from '../machine/fingerprint.js';
import { bridgeMac, dhcpArgv } from '../network/plan.js';
import { isStartupFile, type SeedFiles } from '../seed/content.js';
import type { PreparedMachine } from './machines.js';

export interface NodeInputs {
	readonly machine: PreparedMachine;
	/** The time of the image's root file: an image that was built again has other contents by the same name. */
	readonly imageBuiltAt: number;
	readonly seed: SeedFiles;
	/** Size of the seed disk in bytes; a machine knows its disk's size. */
	readonly seedBytes: number;
	readonly host: HostFingerprint;
}

/** Everything that a machine's state depends on once it is provisioned. The startup scripts are not among it. */
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
		// What it was told in its lease, which it keeps.
		network: contentKey(dhcpArgv({ nodes: [node] }, '')),
		'host key': hostKey.publicKey,
		'seed size': `${seedBytes}`,
		// What none of the others tells: the guest's own files, the tool's way to write a seed.
		seed: contentKey(provisioning),
		...machineFingerprint(runSpec.spec, host),
	};
}

/** The fingerprint input of a machine that people have had since its startup scripts ran. */
const modified = 'what was done to it';

/** Whether people have had one of these machines. What they did may be in every other that was started beside it. */
export const wereModified = (machines: readonly { readonly fingerprint: Fingerprint }[]): boolean =>
	machines.some(({ fingerprint }) => modified in fingerprint);

/**
 * The same once its startup scripts have run.
 * @param goesOn whether people have had the machine since: then it is like no other, and never like itself again
 */
export const startedFingerprint = (
	provisioned: Fingerprint,
	{ machine: { node } }: Pick<NodeInputs, 'machine'>,
	goesOn = false,
): Fingerprint => ({
	...provisioned,
	'startup scripts': contentKey(node.startupScripts.map(({ name, text, after }) => ({ name, text, after }))),
	...(goesOn && { [modified]: randomUUID() }),
});
