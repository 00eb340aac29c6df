/** Watches files for edits, whichever way an editor saves them. */
import { watch, type FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { hostFailure } from '../base/errors.js';
import { sha256 } from '../base/hash.js';

export interface FileWatch {
	/** Watches these files from now on, and no others. Resolves when what they hold is known. @throws Failure `watch` (exit 3) where the host refuses */
	follow(files: readonly string[]): Promise<void>;
	close(): void;
}

/** How long it must have been quiet before files are looked at, in milliseconds: editors save in several steps. */
const quietMs = 100;

/**
 * Calls `onEdit` whenever a file that is followed has come to hold something else, or is gone or back. Directories are
 * watched, not files: most editors write a new file and rename it. So are those above them, since a directory can be
 * replaced too, as by git, and a watch ends with what it was begun on.
 */
export function watchFiles(onEdit: () => void): FileWatch {
	const watchers = new Map<string, FSWatcher>();
	let files: readonly string[] = [];
	/** Those that the files are in. */
	let directories: ReadonlySet<string> = new Set();
	const known = new Map<string, string>();
	let timer: NodeJS.Timeout | undefined;
	let isClosed = false;

	const look = async () => {
		const now = await contentsOf(files);
		if (isClosed || files.every((file) => now.get(file) === known.get(file))) return;
		for (const [file, content] of now) known.set(file, content);
		onEdit();
	};
	const onEvent = (directory: string, name: string | null) => {
		// Without a name anything may have happened.
		const changed = name === null ? undefined : path.join(directory, name);
		if (changed !== undefined && directories.has(changed)) watchAnew(changed);
		else if (changed !== undefined && !files.includes(changed)) return;
		clearTimeout(timer);
		timer = setTimeout(() => void look(), quietMs);
	};
	const watchDirectory = (directory: string) => {
		try {
			const watcher = watch(directory, (_event, name) => onEvent(directory, name));
			watcher.on('error', () => drop(directory));
			watchers.set(directory, watcher);
		} catch (error) {
			// One that a broken plan names need not be there; of one above, nothing may be told.
			if ((error as NodeJS.ErrnoException).code === 'ENOENT' || !directories.has(directory)) return;
			throw hostFailure('watch', `${directory} cannot be watched: ${(error as Error).message}`, { cause: error });
		}
	};
	const watchAnew = (directory: string) => {
		drop(directory);
		try {
			watchDirectory(directory);
		} catch {
			// Nobody waits for this. Whoever follows its files again is told.
		}
	};
	const drop = (directory: string) => {
		watchers.get(directory)?.close();
		watchers.delete(directory);
	};

	return {
		async follow(wanted) {
			files = [...new Set(wanted)];
			directories = new Set(files.map((file) => path.dirname(file)));
			const watched = new Set([...directories, ...[...directories].map((directory) => path.dirname(directory))]);
			for (const directory of [...watchers.keys()]) if (!watched.has(directory)) drop(directory);
			for (const directory of watched) if (!watchers.has(directory)) watchDirectory(directory);
			// An edit of a file that was followed already is still to be told.
			const added = files.filter((file) => !known.has(file));
			for (const [file, content] of await contentsOf(added)) known.set(file, content);
		},
		close() {
			isClosed = true;
			clearTimeout(timer);
			for (const directory of [...watchers.keys()]) drop(directory);
		},
	};
}

async function contentsOf(files: readonly string[]): Promise<Map<string, string>> {
	const keys = files.map(async (file) => [file, await keyOf(file)] as const);
	return new Map(await Promise.all(keys));
}

const keyOf = (file: string): Promise<string> => readFile(file).then(sha256, () => 'none');
