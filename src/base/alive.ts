/**
 * Whether the process is still there that a file belongs to. A number alone does not show that: after a reboot, or once
 * numbers have gone round, it is somebody else's; in another container, or on another host with the same home, it means
 * another process. So a file names its process by a token: number, time of its start, boot, space of process ids, host.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { stat, utimes } from 'node:fs/promises';
import os from 'node:os';
import type { CleanupStack } from './cleanup.js';
import { contentKey } from './hash.js';

/** A token as it is written in files and in their names. */
export const processToken = /\d+-\d+-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}/;

const tokenParts = /^(\d+)-(\d+)-([0-9a-f]{8})-([0-9a-f]{8})-([0-9a-f]{8})$/;

/** The state of a token's process; `unknown` where this process cannot see that one. */
export type Life = 'alive' | 'dead' | 'unknown';

/** The host of a token that no host has a name for. */
const nameless = '0'.repeat(8);

/** How long a process that cannot be seen from here is taken to live since it last touched its file, in milliseconds. */
export const unseenMs = 60 * 60_000;

/** The token of a process that can be seen from here; of one that cannot, a token of none that lives. */
export function tokenOf(pid: number = process.pid): string {
	const { boot, space, host } = whereWeAre();
	return [pid, startOf(pid) ?? 0, boot, space, host].join('-');
}

/** The number of the process that a token is of, in its own space. */
export const pidOf = (token: string): number => Number.parseInt(token, 10);

/** Whether the process of a token lives. */
export function lifeOf(token: string): Life {
	const [, pid, start, boot, space, host] = tokenParts.exec(token) ?? [];
	if (pid === undefined) return 'unknown';
	const here = whereWeAre();
	// Another boot of this host has ended all its processes; that of another host has not.
	if (boot !== here.boot) return host === here.host && host !== nameless ? 'dead' : 'unknown';
	if (space !== here.space) return 'unknown';
	return startOf(Number(pid)) === Number(start) ? 'alive' : 'dead';
}

/** Whether a file or directory is still somebody's: of a process that cannot be seen from here, while it was touched not long ago. */
export async function isHeld(token: string, file: string): Promise<boolean> {
	const life = lifeOf(token);
	if (life !== 'unknown') return life === 'alive';
	const touched = await stat(file).then(({ mtimeMs }) => mtimeMs, () => 0);
	return Date.now() - touched < unseenMs;
}

/**
 * Shows those who cannot see this process, as from another container that shares a cache, that a file or a directory is
 * still in use, until the clean-up runs. Where it is gone, or has another name by then, nothing is done.
 */
export function keepTouched(file: string, cleanup: CleanupStack, everyMs: number = unseenMs / 6): void {
	const touch = () => {
		const now = new Date();
		utimes(file, now, now).catch(() => undefined);
	};
	const timer = setInterval(touch, everyMs).unref();
	cleanup.defer(`sign of life at ${file}`, () => clearInterval(timer));
}

/** When a process began, in ticks since the boot (proc_pid_stat(5)); nothing for one that is gone, or a zombie. */
function startOf(pid: number): number | undefined {
	try {
		// Its name, in parentheses, may have anything in it.
		const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
		return /^[ZX]$/.test(fields[0] ?? '') ? undefined : Number(fields[19]);
	} catch {
		return undefined;
	}
}

function whereWeAre(): { readonly boot: string; readonly space: string; readonly host: string } {
	const boot = contentKey(readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(), 8);
	const space = contentKey(readlinkSync('/proc/self/ns/pid'), 8);
	// Containers of one image have no machine-id of their own; host names alone are too often the same.
	const machine = readMachineId();
	return { boot, space, host: machine === '' ? nameless : contentKey([machine, os.hostname()], 8) };
}

function readMachineId(): string {
	try {
		return /^[0-9a-f]{32}$/m.exec(readFileSync('/etc/machine-id', 'utf8'))?.[0] ?? '';
	} catch {
		return '';
	}
}
