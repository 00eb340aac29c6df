/** The namespaces that processes are in, and who is still in them later: a process, or a mount that keeps one. */
import { open, readdir, readFile, readlink, type FileHandle } from 'node:fs/promises';

const kinds = ['net', 'mnt', 'pid', 'user'] as const;

/** Namespaces that are watched until `forget`: while they are, the kernel gives their numbers to no others. */
export interface WatchedNamespaces {
	/** Who is in them, or keeps them, a sentence each. */
	occupants(): Promise<readonly string[]>;
	forget(): Promise<void>;
}

/** Watches the namespaces of some processes that are not this process's own. */
export async function watchNamespaces(pids: readonly number[]): Promise<WatchedNamespaces> {
	const own = new Set(await namespaces('self'));
	// By what the kernel calls them, such as `net:[4026532008]` (namespaces(7)).
	const watched = new Map<string, FileHandle>();
	for (const pid of pids) {
		for (const kind of kinds) {
			// The process may end meanwhile.
			const handle = await open(`/proc/${pid}/ns/${kind}`).catch(() => undefined);
			const name = handle && (await readlink(`/proc/self/fd/${handle.fd}`));
			if (!handle || !name) continue;
			if (own.has(name) || watched.has(name)) await handle.close();
			else watched.set(name, handle);
		}
	}
	return {
		occupants: () => occupantsOf(watched),
		forget: async () => {
			for (const handle of watched.values()) await handle.close();
			watched.clear();
		},
	};
}

async function occupantsOf(watched: ReadonlyMap<string, unknown>): Promise<readonly string[]> {
	const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
	const inside = pids.map(async (pid) => {
		const kept = (await namespaces(pid)).filter((one) => watched.has(one));
		return kept.length === 0 ? [] : [`process ${pid} is still in ${kept.join(', ')}: ${(await commandLine(pid)).slice(0, 200)}`];
	});
	const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => [...watched.keys()].some((one) => line.includes(one)));
	return [...(await Promise.all(inside)).flat(), ...mounts.map((line) => `a mount keeps a namespace: ${line}`)];
}

/** A process may end while it is looked at. */
async function namespaces(pid: number | string): Promise<readonly string[]> {
	const links = await Promise.all(kinds.map((kind) => readlink(`/proc/${pid}/ns/${kind}`).catch(() => undefined)));
	return links.filter((link) => link !== undefined);
}

const commandLine = async (pid: string): Promise<string> => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ');
