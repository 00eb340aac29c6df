import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ExitCode, reasonOf, usageFailure } from '../base/errors.js';
import { makeDirectory, makeWritableDirectory } from '../base/files.js';
import type { LabNode, StartupScript } from '../lab/lab.js';
import { layOutColumns, painter } from '../report/text.js';
import { buildSeedFiles, readGuestFiles, type GuestFiles } from '../seed/content.js';
import { writeSeedDisk } from '../seed/disk.js';
import { generateHostKey } from '../ssh/login.js';
import { loadLab } from './load-lab.js';
import { stopOnSignals } from './stop.js';
import type { Terminal } from './terminal.js';

export interface SeedOptions {
	/** Name of a bundled lab, or path of a plan. */
	readonly lab: string;
	/** Created when it is missing. */
	readonly directory: string;
	readonly json: boolean;
	readonly terminal: Terminal;
}

/** The seed of a node. */
interface WrittenSeed {
	readonly node: string;
	/** Absolute path of the seed disk. */
	readonly disk: string;
	/** Absolute path of a directory with the same files. It is emptied first. */
	readonly files: string;
	/** The MAC address that the machine must have: the seed only configures this network card. */
	readonly mac: string;
	/** The public SSH host key of the machine. */
	readonly host_key: string;
}

/** How long a startup script may take at least, in seconds: nobody knows how fast the machine is that these seeds are for. */
const minimumDeadlineSeconds = 1800;

/** `rehearse seed`: writes every node's seed as a disk and as plain files, and replaces earlier ones. It needs no images. */
export async function seedCommand({ directory, json, terminal, ...options }: SeedOptions): Promise<ExitCode> {
	const lab = await loadLab(options.lab, terminal);
	const guestFiles = await readGuestFiles();
	const out = path.resolve(directory);
	const stopping = stopOnSignals();
	try {
		await makeWritableDirectory(out).catch((error: Error) => {
			throw usageFailure(`--out ${out} cannot be written to: ${reasonOf(error)}`);
		});
		const seeds: WrittenSeed[] = [];
		for (const node of lab.nodes) seeds.push(await writeSeed(node, guestFiles, out, stopping.signal));
		terminal.stdout.write(
			json ? `${JSON.stringify({ schema: 1, lab: lab.name, seeds }, undefined, '\t')}\n` : renderSeeds(seeds, terminal),
		);
	} finally {
		stopping.done();
	}
	return ExitCode.passed;
}

async function writeSeed(node: LabNode, guestFiles: GuestFiles, out: string, signal: AbortSignal): Promise<WrittenSeed> {
	const hostKey = generateHostKey(node.name);
	const scriptDeadlineSeconds = ({ timeoutSeconds = 0 }: StartupScript) => Math.max(timeoutSeconds, minimumDeadlineSeconds);
	const seed = buildSeedFiles({ node, hostKey, guestFiles, scriptDeadlineSeconds, isTraced: () => false });
	const disk = path.join(out, `${node.name}.iso`);
	await writeSeedDisk(seed, disk, signal);
	const files = path.join(out, `${node.name}.seed`);
	await rm(files, { recursive: true, force: true });
	// The host's private key and the hashed password must stay private.
	await chmod(disk, 0o600);
	await mkdir(files, { mode: 0o700 });
	for (const [name, content] of Object.entries(seed)) {
		const file = path.join(files, name);
		await makeDirectory(path.dirname(file));
		await writeFile(file, content);
	}
	return { node: node.name, disk, files, mac: node.mac, host_key: hostKey.publicKey };
}

function renderSeeds(seeds: readonly WrittenSeed[], { stdoutColor }: Terminal): string {
	const rows = seeds.map(({ node, disk, mac }) => [{ text: node }, { text: disk }, { text: `MAC ${mac}` }]);
	return [
		...layOutColumns(rows, painter(stdoutColor)),
		'',
		'The same files are beside each disk, in NODE.seed. Attach a disk to a machine with that MAC address whose',
		'system has cloud-init, such as a Debian 13 cloud image.',
		'',
	].join('\n');
}
