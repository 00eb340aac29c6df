/** Judges what the probes of `doctor` see. Pure. */
import { formatBytes } from '../base/format.js';
import type { ProbeResult } from '../base/requirement.js';
import type { SubordinateRange } from '../process/user-namespace.js';

const gibibyte = 2 ** 30;

/** The first dotted number of a text, such as `10.0.2` of `QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)`. */
export const parseVersion = (text: string): string | undefined => /(?<![A-Za-z\d.])v?(\d+(?:\.\d+)+)/.exec(text)?.[1];

/** Whether a dotted version is at least another one; parts that are not there count as 0. */
export function isAtLeast(version: string, needed: string): boolean {
	const have = version.split('.').map(Number);
	const want = needed.split('.').map(Number);
	for (let part = 0; part < Math.max(have.length, want.length); part++) {
		const difference = (have[part] ?? 0) - (want[part] ?? 0);
		if (difference !== 0) return difference > 0;
	}
	return true;
}

/** The kernel's settings that can forbid user namespaces. */
export interface UserNamespaceSwitches {
	/** `kernel.apparmor_restrict_unprivileged_userns`, absent on hosts without that switch. */
	readonly appArmorRestricts: boolean;
	/** `kernel.unprivileged_userns_clone`, a switch of Debian's kernels; `0` forbids. */
	readonly cloneSwitch: string | undefined;
	/** `user.max_user_namespaces`; `0` forbids. */
	readonly maximum: string | undefined;
}

/** The command that allows this host's users user namespaces again. @param setUp the command that runs bin/setup */
export function findUserNamespaceFix(switches: UserNamespaceSwitches, setUp: string): string {
	if (switches.cloneSwitch === '0') return 'sudo sysctl kernel.unprivileged_userns_clone=1';
	if (switches.maximum === '0') return 'sudo sysctl user.max_user_namespaces=15000';
	if (switches.appArmorRestricts) return setUp;
	return 'in a container, start it with --privileged, or with --security-opt seccomp=unconfined,'
		+ ' apparmor=unconfined and systempaths=unconfined';
}

/** How many subordinate ids a user needs for the guests' file systems: all ids of a 16-bit system. */
export const subordinateIdsNeeded = 65_536;

/**
 * Judges the ranges of subuid(5) and subgid(5), of which the first of a user counts. @param setUp runs bin/setup, which
 * adds a range where there is none
 */
export function judgeSubordinateRanges(
	uids: SubordinateRange | undefined,
	gids: SubordinateRange | undefined,
	username: string,
	setUp: string,
): ProbeResult {
	const lacking = [...(uids ? [] : ['/etc/subuid']), ...(gids ? [] : ['/etc/subgid'])];
	if (!uids || !gids) return { status: 'missing', found: `no range of ${username} in ${lacking.join(' and ')}`, fix: setUp };
	const describe = ({ first, count }: SubordinateRange) => `${first}-${first + count - 1}`;
	const found = describe(uids) === describe(gids) ? describe(uids) : `${describe(uids)}, groups ${describe(gids)}`;
	if (Math.min(uids.count, gids.count) >= subordinateIdsNeeded) return { status: 'ok', found };
	return {
		status: 'missing',
		found: `${found}: too few`,
		fix: `sudoedit /etc/subuid /etc/subgid  # ${subordinateIdsNeeded} for ${username}`,
	};
}

/** What four machines touch, as measured under TCG: about 700 MiB each; one alone cannot do with less than a GiB. */
export const memoryNeeded = { comfortable: 3 * gibibyte, least: gibibyte };

/** Images of four package sets and a build in progress; one image and its build. */
export const diskNeeded = { comfortable: 6 * gibibyte, least: 3 * gibibyte };

/** Judges a figure, in bytes, by what is comfortable and what is the least. */
export function judgeBytes(
	bytes: number,
	needed: { readonly comfortable: number; readonly least: number },
	where: string,
	fix: string,
): ProbeResult {
	const found = `${formatBytes(bytes)} ${where}`;
	if (bytes >= needed.comfortable) return { status: 'ok', found };
	return { status: bytes >= needed.least ? 'warning' : 'missing', found, fix };
}
