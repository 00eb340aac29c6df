/** What a node depends on, for tests that vary it. */
import type { LabNode } from '../../../src/lab/lab.js';
import { tcg } from '../../../src/machine/accelerator.js';
import { prepareMachines } from '../../../src/prepare/machines.js';
import type { NodeInputs } from '../../../src/prepare/node-fingerprint.js';
import { buildSeedFiles } from '../../../src/seed/content.js';
import { labNode, labOf } from '../base/labs.js';

/** What may be other than usual. */
export interface Inputs {
	readonly node?: Partial<LabNode>;
	readonly imagePackages?: readonly string[];
	readonly imageKey?: string;
	readonly imageBuiltAt?: number;
	readonly hostKey?: string;
	readonly agent?: string;
	readonly scriptDeadlineSeconds?: number;
	readonly seedBytes?: number;
	readonly runDirectory?: string;
	readonly imagesDirectory?: string;
	readonly kernel?: string;
	readonly host?: Partial<NodeInputs['host']>;
	readonly gateway?: string;
}

/** A startup script of that text. */
export const script = (text: string) => ({ name: 'setup', text, after: 'network-online.target' });

/** What a node depends on, with some inputs other than usual. */
export function inputs(changed: Inputs = {}): NodeInputs {
	const node = labNode('redis', 0, { packages: ['redis-server'], startupScripts: [script('true\n')], ...changed.node });
	const images = changed.imagesDirectory ?? '/cache/images/a';
	const image = {
		key: changed.imageKey ?? 'a',
		packages: changed.imagePackages ?? ['redis-server', 'systemd'],
		rootFile: `${images}/root.img`,
		kernelFile: `${images}/vmlinuz`,
		initrdFile: `${images}/initrd`,
	};
	const hostKey = { privateKey: 'private', publicKey: changed.hostKey ?? 'ssh-ed25519 AAAA redis' };
	const run = changed.runDirectory ?? '/runs/1';
	const [machine] = prepareMachines(labOf(node), new Map([[node.name, image]]), new Map([[node.name, hostKey]]), {
		path: run,
		disks: `${run}/disks`,
		sockets: `${run}/sockets`,
	});
	if (!machine) throw new Error('no machine');
	const seed = buildSeedFiles({
		node,
		hostKey,
		guestFiles: { agent: changed.agent ?? '#!/bin/bash\n' },
		scriptDeadlineSeconds: () => changed.scriptDeadlineSeconds ?? 60,
		isTraced: () => true,
	});
	const host = { qemuVersion: 'QEMU emulator version 10.0.2', accelerator: tcg, processor: 'A', processorInputs: {}, ...changed.host };
	return { machine, imageBuiltAt: changed.imageBuiltAt ?? 1, seed, seedBytes: changed.seedBytes ?? 2 ** 21, host, network: { subnet: '10.80.0.0/24', gateway: changed.gateway ?? '10.80.0.1/24' } };
}
