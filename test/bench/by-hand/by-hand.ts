/** Rehearsing the bundled lab by hand, from outside: what is got ready, and the clock. */
import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { linesOf } from '../../../src/base/lines.js';
import { uplink } from '../../../src/lab/addressing.js';
import type { Lab } from '../../../src/lab/lab.js';
import { runCommand } from '../tool.js';
import { ProcessWatch, type Usage } from '../usage.js';
import { bundledLab, readBundledLab, type Cache, type Workshop } from '../workshop.js';
import type { ByHandRun, ByHandStep } from './inside.js';
import { waitCommand, type ByHandMachine } from './lab-by-hand.js';

/** What `rehearse image --json` and `rehearse seed --json` print, as far as it is needed. */
interface Images {
	readonly images: readonly { readonly directory: string; readonly nodes: readonly string[] }[];
}
interface Seeds {
	readonly seeds: readonly { readonly node: string; readonly disk: string; readonly mac: string; readonly host_key: string }[];
}

/** How a rehearsal by hand went. */
export interface ByHandOutcome {
	/** From the command to the verdict. */
	readonly ms: number;
	/** From the command to the last node whose startup scripts had ended. */
	readonly readyMs: number;
	readonly usage: Usage;
}

/** Has the tool build the images and write the seeds; then everything is there that a person would have there. */
export async function prepareByHand(workshop: Workshop, cache: Cache, directory: string): Promise<ByHandRun> {
	const lab = await readBundledLab();
	const ask = async (...args: string[]): Promise<unknown> =>
		JSON.parse((await runCommand(workshop, [...args, '--json'], { cache })).stdout);
	const { images } = (await ask('image', bundledLab)) as Images;
	const { seeds } = (await ask('seed', bundledLab, '--out', path.join(directory, 'seeds'))) as Seeds;
	await mkdir(path.join(directory, 'disks'), { recursive: true });
	return {
		machines: lab.nodes.map((node, index) => machineOf(node, index, images, seeds, directory)),
		network: {
			uplinkGateway: `${uplink.gateway}/${uplink.prefixLength}`,
			uplinkNetwork: uplink.network,
			labGateway: lab.network.gateway,
		},
		scenarios: lab.scenarios,
		waitCommand,
		directory,
	};
}

function machineOf(
	node: Lab['nodes'][number],
	index: number,
	images: Images['images'],
	seeds: Seeds['seeds'],
	directory: string,
): ByHandMachine {
	const image = images.find(({ nodes }) => nodes.includes(node.name));
	const seed = seeds.find((candidate) => candidate.node === node.name);
	const user = node.users.find(({ password, groups }) => password !== undefined && groups.includes('sudo'));
	if (!image || !seed || user?.password === undefined) throw new Error(`${node.name} lacks an image, a seed or a user`);
	return {
		name: node.name,
		memoryMiB: node.memoryMiB,
		diskMiB: node.diskMiB,
		mac: seed.mac,
		tap: `tap${index}`,
		rootFile: path.join(image.directory, 'root.img'),
		kernelFile: path.join(image.directory, 'vmlinuz'),
		initrdFile: path.join(image.directory, 'initrd'),
		overlayFile: path.join(directory, 'disks', `${node.name}.qcow2`),
		seedFile: seed.disk,
		consoleFile: path.join(directory, `${node.name}.console.log`),
		address: node.uplinkAddress,
		username: user.username,
		password: user.password,
		hostKey: seed.host_key,
	};
}

/** The arguments of unshare(1) for namespaces of a rehearsal's own, with whose first process everything in them ends; the program follows. */
export const inNamespaces = ['--user', '--map-root-user', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', '--'] as const;

/** Rehearses by hand. Rejects unless every assertion passes. */
export async function rehearseByHand(byHand: ByHandRun): Promise<ByHandOutcome> {
	const began = performance.now();
	const child = spawn(
		'unshare',
		[...inNamespaces, process.execPath, path.join(import.meta.dirname, 'inside.js')],
		{ stdio: ['pipe', 'pipe', 'inherit'] },
	);
	const closed = new Promise<void>((resolve, reject) => {
		child.once('error', reject);
		child.once('close', () => resolve());
	});
	closed.catch(() => undefined);
	const watch = child.pid === undefined ? undefined : new ProcessWatch(child.pid);
	// Left open: when this process ends before its time, so does what it started.
	child.stdin.on('error', () => undefined).write(`${JSON.stringify(byHand)}\n`);
	let readyMs = 0;
	let ms = 0;
	let fault: string | undefined = 'it ended without a verdict';
	for await (const line of linesOf(child.stdout)) {
		const step = JSON.parse(line) as ByHandStep;
		const at = performance.now() - began;
		if (step.step === 'ready') readyMs = at;
		if (step.step === 'broken') fault = step.message;
		if (step.step === 'verdict') {
			ms = at;
			fault = step.failed.length > 0 ? step.failed.join('\n') : undefined;
		}
	}
	await closed;
	const usage = await watch?.stop();
	await rm(path.join(byHand.directory, 'disks'), { recursive: true, force: true });
	await mkdir(path.join(byHand.directory, 'disks'));
	if (fault !== undefined || usage === undefined) throw new Error(`by hand: ${fault ?? 'it did not start'}`);
	return { ms, readyMs, usage };
}
