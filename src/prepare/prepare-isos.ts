/** Prepares a lab whose machines boot their ISOs: the ISOs instead of images, and neither seeds nor checkpoints. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { withCleanup } from '../base/cleanup.js';
import { usageFailure } from '../base/errors.js';
import { readQemuVersion } from '../host/accelerator-choice.js';
import { requiredForIso } from '../host/iso.js';
import type { Image } from '../image/store.js';
import { provideIsos, type StoredIso } from '../iso/store.js';
import type { Lab, LabNode } from '../lab/lab.js';
import { stage } from '../lab/stage.js';
import type { ConsoleLogin, Firmware } from '../machine/spec.js';
import { run } from '../process/run.js';
import type { MachineRunSpec } from '../protocol/run-spec.js';
import type { Paths } from '../runs/paths.js';
import type { RunDirectory } from '../runs/run-directory.js';
import { isLetIn, loginOf, loginUser, machineOf } from './machines.js';
import { firstOf, measureHost, type PrepareContext, type PreparedLab, type PrepareOptions } from './prepare.js';
import { sourcesFrom } from './sources.js';

/** How the machines of a lab boot their ISOs. */
export interface IsoBoot {
	readonly firmware: Firmware;
	/** Whether each has a disk that keeps what its guest writes. */
	readonly persistence: boolean;
}

/** Writes the ISOs that are missing, proves the accelerator, and specifies a machine for each. */
export async function prepareIsos(
	lab: Lab,
	directory: Pick<RunDirectory, 'path' | 'disks' | 'sockets'>,
	{ firmware, persistence }: IsoBoot,
	{ paths, mirror, accelerator: choice }: Pick<PrepareOptions, 'mirror' | 'accelerator'> & { readonly paths: Pick<Paths, 'cache' | 'isoBases' | 'isos'> },
	{ emit, signal }: PrepareContext,
): Promise<PreparedLab> {
	const ways = new Map(lab.nodes.map((node) => [node.name, consoleLogin(node)]));
	await requiredForIso({ isBooted: firmware === 'uefi' });
	const options = { kernel: 'cloud', recommends: false, pinOf: () => undefined, bases: paths.isoBases, directory: paths.isos, findSources: sourcesFrom(mirror, { built: 'the base layers of ISOs', emit, signal }), emit, signal } as const;
	const [isos, qemuVersion] = await Promise.all([stage(emit, 'isos', () => provideIsos(lab.nodes, options)), readQemuVersion(signal)]);
	const images = new Map(isos.map((iso) => [iso.node, imageOf(iso)]));
	const measured = await measureHost(lab, firstOf(images), { qemuVersion, choice, cacheDirectory: paths.cache, wanted: () => true, emit, signal });
	const machines = await Promise.all(
		lab.nodes.map(async (node, index): Promise<MachineRunSpec> => {
			const [iso, image] = [isos[index], images.get(node.name)];
			if (!iso || !image) throw new Error(`${node.name} has no ISO`);
			const machine = machineOf(node, index, image, directory);
			const persistenceFile = persistence ? path.join(directory.disks, `${node.name}.persistence`) : undefined;
			if (persistenceFile !== undefined) await writePersistence(persistenceFile, node.diskMiB, signal);
			return {
				...machine,
				...loginOf(node),
				spec: { ...machine.spec, live: { ...ways.get(node.name), firmware, hasGuestAgent: hasGuestAgent(node), ...(persistenceFile === undefined ? {} : { persistenceFile }) } },
				// What it makes for itself is read from its console.
				hostKey: '',
				origin: { from: 'iso', sha256: iso.sha256, firmware, ...(persistence ? { persistence: true as const } : {}) },
			};
		}),
	);
	return { plan: { machines }, images, qemuVersion, ...measured };
}

/** The medium takes the place of other machines' root file system. */
const imageOf = ({ key, file, base }: StoredIso): Image => ({ key, packages: [], rootFile: file, kernelFile: base.kernel, initrdFile: base.initrd });

/** As OpenFactory's runner has it in a guest. */
const hasGuestAgent = ({ packages }: LabNode): boolean => packages.includes('qemu-guest-agent');

/**
 * Whom an ISO's console lets in to become root.
 * @throws Failure `usage` where the recipe has nobody, and no guest agent either
 */
export function consoleLogin(node: LabNode): { readonly login?: ConsoleLogin } {
	const { name, users } = node;
	const able = users.filter((user) => isLetIn(user) && user.password !== undefined && (user.username === 'root' || user.groups.includes('sudo')));
	// The one who gets in by SSH too, if there is such a one: the console is slow.
	const { username, password } = able.find((user) => user.username === loginUser(node).username) ?? able[0] ?? {};
	if (username !== undefined && password !== undefined) return { login: { username, password } };
	if (hasGuestAgent(node)) return {};
	throw usageFailure(`${name}: nobody can become root on its ISO, so nothing of it can be judged`, {
		node: name,
		hint: 'give the recipe a user with a password in the group sudo, or the package qemu-guest-agent',
	});
}

/** A file system that keeps everything (persistence.conf(5)), of which nothing is written that is zero. */
async function writePersistence(file: string, diskMiB: number, signal: AbortSignal): Promise<void> {
	await withCleanup(async (cleanup) => {
		let tree: string | undefined;
		cleanup.defer('persistence.conf', () => (tree ? rm(tree, { recursive: true, force: true }) : undefined));
		await mkdir(path.dirname(file), { recursive: true });
		tree = await mkdtemp(`${file}.`);
		await writeFile(path.join(tree, 'persistence.conf'), '/ union\n');
		await run(['mke2fs', '-q', '-t', 'ext4', '-L', 'persistence', '-E', 'root_owner=0:0,lazy_itable_init=1', '-d', tree, file, `${diskMiB}M`], { signal });
	});
}
