/** The account files of a system (passwd(5), shadow(5), group(5), gshadow(5), subuid(5)) with a recipe's users in them. */
import path from 'node:path';
import { usageFailure } from '../base/errors.js';

/** The texts of the account files by name; `subuid` and `subgid` need not be there. */
export type AccountFiles = Readonly<Record<string, string>>;

/** A user as a recipe wants it. */
export interface AccountRequest {
	readonly username: string;
	readonly groups: readonly string[];
	readonly shell: string;
	/** As shadow(5) keeps it; without one nobody logs in with a password. */
	readonly passwordHash?: string | undefined;
	/** Home directory, where it is not the usual one. */
	readonly home?: string | undefined;
	/** The full name (GECOS). */
	readonly comment?: string | undefined;
}

/** The home directory of a user. */
export interface Home {
	readonly username: string;
	readonly path: string;
	readonly uid: number;
	readonly gid: number;
	/** Whether the user was not there before. */
	readonly isNew: boolean;
}

/**
 * Directories that the system has for itself, and those below which a layer must not put any: some are symbolic links, some
 * have modes of their own, and what is in others does not last.
 */
const systemDirectory =
	/^\/(?:|boot|etc|home|media|mnt|opt|srv|(?:usr|var)(?:\/[^/]+)?|(?:bin|dev|lib\d*|proc|root|run|sbin|sys|tmp|var\/(?:lock|run|tmp))(?:\/.*)?)$/;

/** The ids of persons, and of groups of persons (login.defs(5), UID_MIN and UID_MAX). */
const ids = { first: 1000, last: 60_000 };

/** How many subordinate ids useradd(8) gives a user, and the first of all. */
const subordinate = { first: 100_000, count: 65_536 };

/**
 * Adds users as `useradd --create-home --user-group` would, and groups that are not there. A user who is there, such as
 * `root` or one of a package, gets password, shell, full name and groups, and keeps the home directory.
 * @param day of the last change of a password, since 1970
 * @throws Failure `usage` for a name, shell or home directory that a system cannot have
 */
export function addAccounts(
	files: AccountFiles,
	users: readonly AccountRequest[],
	day: number,
): { readonly files: AccountFiles; readonly homes: readonly Home[] } {
	const tables = new Tables(files);
	const homes = users.map((user) => tables.add(user, day));
	return { files: tables.texts(), homes };
}

class Tables {
	readonly #rows = new Map<string, string[][]>();

	constructor(files: AccountFiles) {
		for (const [name, text] of Object.entries(files)) {
			this.#rows.set(name, text.split('\n').filter((row) => row !== '').map((row) => row.split(':')));
		}
	}

	texts(): AccountFiles {
		return Object.fromEntries([...this.#rows].map(([name, rows]) => [name, rows.map((row) => `${row.join(':')}\n`).join('')]));
	}

	add(request: AccountRequest, day: number): Home {
		const { username, groups, shell, passwordHash, comment } = request;
		if (/[:\p{Cc}]/u.test(comment ?? '')) refuse(username, comment, 'cannot be written to /etc/passwd', 'use a full name without colons');
		for (const field of [username, shell, ...groups]) requireField(field, username);
		for (const group of groups) if (!this.#find('group', group)) this.#addGroup(group, this.#nextId('group'));
		const known = this.#find('passwd', username);
		const row = known ?? this.#addUser(request, day);
		row[4] = comment ?? row[4] ?? '';
		row[6] = shell;
		const shadow = this.#find('shadow', username);
		// Locked, as useradd leaves it, unless there is a password.
		if (shadow && (passwordHash !== undefined || !known)) [shadow[1], shadow[2]] = [passwordHash ?? '!', String(day)];
		for (const group of new Set(groups)) {
			for (const table of ['group', 'gshadow']) addMember(this.#find(table, group), username);
		}
		return { username, path: row[5] ?? '/', uid: Number(row[2]), gid: Number(row[3]), isNew: known === undefined };
	}

	#addUser({ username, home, shell }: AccountRequest, day: number): string[] {
		const directory = homeOf(username, home);
		const uid = this.#nextId('passwd');
		const own = this.#find('group', username);
		// That of the user, or else one as a group gets it that is made for itself.
		const isTaken = this.#table('group').some((row) => Number(row[2]) === uid);
		const gid = own ? Number(own[2]) : isTaken ? this.#nextId('group') : uid;
		if (!own) this.#addGroup(username, gid);
		const row = [username, 'x', String(uid), String(gid), '', directory, shell];
		this.#table('passwd').push(row);
		this.#table('shadow').push([username, '!', String(day), '0', '99999', '7', '', '', '']);
		for (const name of ['subuid', 'subgid']) this.#addSubordinateIds(name, username);
		return row;
	}

	#addGroup(name: string, gid: number): void {
		this.#table('group').push([name, 'x', String(gid), '']);
		this.#table('gshadow').push([name, '!', '', '']);
	}

	#addSubordinateIds(table: string, username: string): void {
		const rows = this.#rows.get(table);
		if (!rows) return;
		const first = Math.max(subordinate.first, ...rows.map(([, begin, count]) => Number(begin) + Number(count)));
		rows.push([username, String(first), String(subordinate.count)]);
	}

	/** The id behind the highest of a table, as useradd(8) and groupadd(8) choose it. */
	#nextId(table: 'passwd' | 'group'): number {
		const taken = this.#table(table).map((row) => Number(row[2])).filter((id) => id >= ids.first && id <= ids.last);
		return Math.max(ids.first - 1, ...taken) + 1;
	}

	#find(table: string, name: string): string[] | undefined {
		return this.#table(table).find(([first]) => first === name);
	}

	#table(name: string): string[][] {
		const rows = this.#rows.get(name);
		if (!rows) throw new Error(`the base layer has no account file ${name}`);
		return rows;
	}
}

/** The last field of group(5) and gshadow(5) is a list of names. */
function addMember(row: string[] | undefined, username: string): void {
	const members = (row?.[3] ?? '').split(',').filter((name) => name !== '');
	if (row && !members.includes(username)) row[3] = [...members, username].join(',');
}

function homeOf(username: string, home = `/home/${username}`): string {
	requireField(home, username);
	const directory = path.posix.normalize(home).replace(/(?<=.)\/$/, '');
	if (!directory.startsWith('/') || systemDirectory.test(directory)) {
		refuse(username, home, 'can be no home directory of an ISO: the system has it for itself', 'use one such as /home/ops or /srv/ops');
	}
	return directory;
}

function requireField(field: string, username: string): void {
	if (/^[^:,\s\p{Cc}]+$/u.test(field)) return;
	refuse(username, field, 'cannot be written to /etc/passwd or /etc/group', 'use a name or path without blanks, colons and commas');
}

function refuse(username: string, field: string | undefined, why: string, hint: string): never {
	throw usageFailure(`user ${JSON.stringify(username)}: ${JSON.stringify(field)} ${why}`, { hint });
}
