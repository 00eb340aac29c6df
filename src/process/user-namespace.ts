import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { hostFailure } from '../base/errors.js';
import type { Argv } from './run.js';

/** A range of subordinate ids: its owner may map `first` … `first + count - 1`. */
export interface SubordinateRange {
	readonly first: number;
	readonly count: number;
}

/** The first range of a user in the text of a subuid(5) file, which has `name-or-uid:first:count` on each line. */
export function findSubordinateRange(text: string, username: string, uid: number): SubordinateRange | undefined {
	for (const line of text.split('\n')) {
		const [owner, first, count] = line.trim().split(':');
		if (owner !== username && owner !== String(uid)) continue;
		if (first && count && Number(count) > 0) return { first: Number(first), count: Number(count) };
	}
	return undefined;
}

/** This user's ranges of subordinate user and group ids. @throws Failure `no-subordinate-ids` (exit 3). */
export async function readSubordinateRanges(): Promise<{ uids: SubordinateRange; gids: SubordinateRange }> {
	const { username, uid } = os.userInfo();
	const read = async (file: string) =>
		findSubordinateRange(await readFile(file, 'utf8').catch(() => ''), username, uid);
	const [uids, gids] = await Promise.all([read('/etc/subuid'), read('/etc/subgid')]);
	if (!uids || !gids) {
		throw hostFailure('no-subordinate-ids', `user ${username} has no subordinate ids; building images needs them`, {
			hint: `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${username}`,
		});
	}
	return { uids, gids };
}

/**
 * Wraps a command so that it runs in a user namespace. In it this user is root, and the subordinate ids are all other
 * users. So a tree of files keeps its owners without any privilege on the host.
 *
 * The ranges are explicit, because `--map-auto` of util-linux 2.38 takes another user's range when that comes first in the
 * file. Their form is the old one, `outer,inner,count`, which every version of util-linux reads.
 */
export function inUserNamespace(ranges: { uids: SubordinateRange; gids: SubordinateRange }, command: Argv): Argv {
	const map = ({ first, count }: SubordinateRange) => `${first},1,${Math.min(count, 65_535)}`;
	return [
		'unshare',
		'--map-root-user',
		`--map-users=${map(ranges.uids)}`,
		`--map-groups=${map(ranges.gids)}`,
		'--mount',
		'--',
		...command,
	];
}

/**
 * Wraps a command that removes what a build has left, so that it may remove the files of all users: this user's, those of
 * the subordinate ids, and where root builds, any. mmdebstrap takes a user namespace unless root runs it, so that root's
 * trees belong to the host's own ids, over which root of a namespace has no power.
 */
export const asOwnerOfAll = (ranges: { uids: SubordinateRange; gids: SubordinateRange }, command: Argv, uid = os.userInfo().uid): Argv =>
	uid === 0 ? command : inUserNamespace(ranges, command);
