/** The namespaces that processes are in, and who is still in them later: a process, or a mount that keeps one. */
import { readdir, readFile, readlink } from 'node:fs/promises';

const kinds = ['net', 'mnt', 'pid', 'user'] as const;

/** Identifies a namespace as the kernel does, such as `net:[4026532008]` (namespaces(7)). */
type Namespace = string;

/** The namespaces of some processes that are not this process's own. */
export async function namespacesOf(pids: readonly number[]): Promise<ReadonlySet<Namespace>> {
	const own = new Set(await namespaces('self'));
	const theirs = await Promise.all(pids.map(namespaces));
	return new Set(theirs.flat().filter((one) => !own.has(one)));
}

/** What keeps some namespaces, a sentence each. */
export async function keepersOf(gone: ReadonlySet<Namespace>): Promise<readonly string[]> {
	const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
	const inside = pids.map(async (pid) => {
		const kept = (await namespaces(pid)).filter((one) => gone.has(one));
		return kept.length === 0 ? [] : [`process ${pid} is still in ${kept.join(', ')}: ${(await commandLine(pid)).slice(0, 200)}`];
	});
	const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => [...gone].some((one) => line.includes(one)));
	return [...(await Promise.all(inside)).flat(), ...mounts.map((line) => `a mount keeps a namespace: ${line}`)];
}

/** A process may end while it is looked at. */
async function namespaces(pid: number | string): Promise<readonly Namespace[]> {
	const links = await Promise.all(kinds.map((kind) => readlink(`/proc/${pid}/ns/${kind}`).catch(() => undefined)));
	return links.filter((link) => link !== undefined);
}

const commandLine = async (pid: string): Promise<string> => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
