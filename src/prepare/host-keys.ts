import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { stagingName } from '../base/files.js';
import type { HostKey, LabNode } from '../lab/lab.js';

/**
 * Provides the SSH host key of each node. It makes a key once and keeps it, so that a node is the same machine in every
 * run. The key goes by the node's name alone: a plan that is copied or renamed keeps its checkpoints.
 * @param directory where all host keys are
 */
export async function provideHostKeys(
	directory: string,
	nodes: readonly Pick<LabNode, 'name'>[],
): Promise<ReadonlyMap<string, HostKey>> {
	await mkdir(directory, { recursive: true, mode: 0o700 });
	const entries = nodes.map(async ({ name }) => [name, await provideHostKey(path.join(directory, `${name}.json`), name)] as const);
	return new Map(await Promise.all(entries));
}

async function provideHostKey(file: string, node: string): Promise<HostKey> {
	const known = await readHostKey(file);
	if (known) return known;
	// The SSH library loads slowly, and keys are only made once.
	const { generateHostKey } = await import('../ssh/login.js');
	const staging = stagingName(file);
	await writeFile(staging, JSON.stringify(generateHostKey(node)), { mode: 0o600 });
	try {
		// link(2), unlike a rename, does not replace a key that another run has written meanwhile.
		await link(staging, file);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
		if (!(await readHostKey(file))) await rm(file, { force: true });
	} finally {
		await rm(staging, { force: true });
	}
	return provideHostKey(file, node);
}

/** Reads the key in a file; undefined when it is missing or damaged. */
async function readHostKey(file: string): Promise<HostKey | undefined> {
	try {
		const { privateKey, publicKey } = JSON.parse(await readFile(file, 'utf8')) as Partial<HostKey>;
		return privateKey && publicKey ? { privateKey, publicKey } : undefined;
	} catch {
		return undefined;
	}
}
