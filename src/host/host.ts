/** The host as the probes of `doctor` see it. No method changes anything. */
import { constants } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { freeBytes } from '../base/disk-usage.js';
import { isThere } from '../base/files.js';
import { packageRoot } from '../base/package-root.js';
import { pasteable } from '../base/shell.js';
import { findProgram } from '../process/find-program.js';
import { run } from '../process/run.js';

export interface Host {
	readonly user: { readonly username: string; readonly uid: number };
	readonly nodeVersion: string;
	/** Runs a command as `process/run` does. */
	readonly run: typeof run;
	/** The path of a program, looked up as execvp(3) does. */
	findProgram(program: string): Promise<string | undefined>;
	exists(file: string): Promise<boolean>;
	/** The text of a file, trimmed; `undefined` when it cannot be read. */
	readText(file: string): Promise<string | undefined>;
	/** Opens a device for reading and writing and closes it; gives the error's code, such as `EACCES`. */
	tryDevice(file: string): Promise<string | undefined>;
	/** A device's permission bits and the name of its group; nothing where it is not there. */
	describeDevice(file: string): Promise<{ readonly mode: number; readonly group?: string } | undefined>;
	/** Bytes that this user may still write where the directory is, or will be; nothing where he may not. */
	freeDisk(directory: string): Promise<number | undefined>;
	/** Bytes of memory to be had without swapping, limits of control groups included. */
	freeMemory(): number;
	/** The command that runs `bin/setup system`, as this user must. */
	readonly setUp: string;
}

/** `sudo`, where this user needs it. */
export const asRoot = (uid: number, command: string): string => (uid === 0 ? command : `sudo ${command}`);

/** The user of this process; one that is in no passwd database, as in some containers, is known by number. */
function findUser(): Host['user'] {
	try {
		const { username, uid } = os.userInfo();
		return { username, uid };
	} catch {
		const uid = process.getuid?.() ?? 0;
		return { username: String(uid), uid };
	}
}

/** The name of a group in a text of the form of group(5). */
const findGroup = (text: string, gid: number): string | undefined =>
	text.split('\n').map((line) => line.split(':')).find(([, , id]) => id === String(gid))?.[0];

/** The host that this process runs on. */
export function thisHost(): Host {
	const user = findUser();
	return {
		user,
		nodeVersion: process.versions.node,
		run,
		findProgram,
		exists: (file) => isThere(file),
		readText: (file) =>
			readFile(file, 'utf8').then(
				(text) => text.trim(),
				() => undefined,
			),
		tryDevice: async (file) => {
			try {
				// No O_CREAT: a device that is missing must stay so.
				await (await open(file, constants.O_RDWR)).close();
				return undefined;
			} catch (error) {
				return (error as NodeJS.ErrnoException).code ?? String(error);
			}
		},
		describeDevice: async (file) => {
			const stats = await stat(file).catch(() => undefined);
			if (!stats) return undefined;
			const group = findGroup(await readFile('/etc/group', 'utf8').catch(() => ''), stats.gid);
			return { mode: stats.mode & 0o777, ...(group === undefined ? {} : { group }) };
		},
		freeDisk: async (directory) => {
			for (let nearest = path.resolve(directory); ; nearest = path.dirname(nearest)) {
				if (nearest !== path.dirname(nearest) && !(await isThere(nearest))) continue;
				const isOurs = (await stat(nearest)).isDirectory() && (await isThere(nearest, constants.W_OK));
				return isOurs ? freeBytes(nearest) : undefined;
			}
		},
		freeMemory: () => process.availableMemory(),
		setUp: asRoot(user.uid, pasteable([path.join(packageRoot(), 'bin', 'setup'), 'system'])),
	};
}
