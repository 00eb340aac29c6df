import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { HostKey, LabNode } from '../lab/lab.js';

/**
 * The SSH host key of each node of a lab: made once, and the same from then on, so that a node is the same machine in
 * every run.
 */
export async function provideHostKeys(
	directory: string,
	lab: string,
	nodes: readonly Pick<LabNode, 'name'>[],
): Promise<ReadonlyMap<string, HostKey>> {
	const ofLab = path.join(directory, lab);
	await mkdir(ofLab, { recursive: true, mode: 0o700 });
	const entries = nodes.map(async ({ name }) => [name, await provideHostKey(path.join(ofLab, `${name}.json`), name)] as const);
	return new Map(await Promise.all(entries));
}

async function provideHostKey(file: string, node: string): Promise<HostKey> {
	const known = await readHostKey(file);
	if (known) return known;
	// The SSH library takes its time to load, and keys are made once.
	const { generateHostKey } = await import('../ssh/login.js');
	const staging = `${file}.${process.pid}`;
	await writeFile(staging, JSON.stringify(generateHostKey(node)), { mode: 0o600 });
	try {
		// Unlike a rename this leaves in place what another run has put there in this moment.
		await link(staging, file);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
		if (!(await readHostKey(file))) await rm(file, { force: true });
	} finally {
		await rm(staging, { force: true });
	}
	return provideHostKey(file, node);
}

/** The key in a file; nothing when there is none, or a damaged one. */
async function readHostKey(file: string): Promise<HostKey | undefined> {
	try {
		const { privateKey, publicKey } = JSON.parse(await readFile(file, 'utf8')) as Partial<HostKey>;
		return privateKey && publicKey ? { privateKey, publicKey } : undefined;
	} catch {
		return undefined;
	}
}
