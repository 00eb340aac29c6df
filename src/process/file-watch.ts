/** Watches files for edits, however an editor saves them. */
import { watch, type FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { hostFailure } from '../base/errors.js';
import { sha256 } from '../base/hash.js';

export interface FileWatch {
	/**
	 * Watches these files from now on, and no others. Resolves when their current contents are known.
	 * @throws Failure `watch` (exit 3) where the host refuses
	 */
	follow(files: readonly string[]): Promise<void>;
	close(): void;
}

/** How long no event may have come before the files are read, in milliseconds: editors save in several steps. */
const quietMs = 100;

/**
 * Calls `onEdit` whenever the contents of a followed file have changed, or the file was removed or came back. It watches
 * directories, not files: most editors write a new file and rename it. It also watches the directories above them, as far as
 * they are below one of another file, and one more: a directory can be replaced too, as git does, and a watch stays with the
 * directory that it was started on.
 */
export function watchFiles(onEdit: () => void): FileWatch {
	const watchers = new Map<string, FSWatcher>();
	let files: readonly string[] = [];
	/** The directories of the files. */
	let directories: ReadonlySet<string> = new Set();
	/** All that are to be watched, each behind those above it; one that is not there yet is, once it has come. */
	let wanted: readonly string[] = [];
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
		// Without a name the event may be about any file.
		const changed = name === null ? undefined : path.join(directory, name);
		const others = changed === undefined ? [] : wanted.filter((watched) => isWithin(watched, changed));
		if (changed !== undefined && others.length === 0 && !files.includes(changed)) return;
		// What has come in its place, or has gone with it, is below it too.
		for (const other of others) watchAnew(other);
		clearTimeout(timer);
		timer = setTimeout(() => void look(), quietMs);
	};
	const watchDirectory = (directory: string) => {
		try {
			const watcher = watch(directory, (_event, name) => onEvent(directory, name));
			watcher.on('error', () => drop(directory));
			watchers.set(directory, watcher);
		} catch (error) {
			// A broken plan may name a directory that does not exist. Directories above are watched only where that is
			// permitted.
			if ((error as NodeJS.ErrnoException).code === 'ENOENT' || !directories.has(directory)) return;
			throw hostFailure('watch', `${directory} cannot be watched: ${(error as Error).message}`, { cause: error });
		}
	};
	const watchAnew = (directory: string) => {
		drop(directory);
		try {
			watchDirectory(directory);
		} catch {
			// The next call of `follow` reports this error.
		}
	};
	const drop = (directory: string) => {
		watchers.get(directory)?.close();
		watchers.delete(directory);
	};

	return {
		async follow(followed) {
			files = [...new Set(followed.map((file) => path.resolve(file)))];
			directories = new Set(files.map((file) => path.dirname(file)));
			wanted = directoriesToWatch([...directories]);
			for (const directory of [...watchers.keys()]) if (!wanted.includes(directory)) drop(directory);
			for (const directory of wanted) if (!watchers.has(directory)) watchDirectory(directory);
			// Keep what is known of files that were followed already: an edit of them may not have been reported yet.
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

/** Directories with those above them that are below another of them, and with the one above each. The upper ones come first. */
function directoriesToWatch(directories: readonly string[]): readonly string[] {
	const watched = new Set(directories.map((directory) => path.dirname(directory)));
	for (const directory of directories) {
		for (let above = directory; directories.some((other) => isWithin(above, other)); above = path.dirname(above)) {
			watched.add(above);
			if (above === path.dirname(above)) break;
		}
	}
	return [...watched].sort((one, other) => one.length - other.length);
}

/** Whether a path is that of a directory, or of something in it. */
const isWithin = (file: string, directory: string): boolean => file === directory || file.startsWith(path.join(directory, path.sep));

async function contentsOf(files: readonly string[]): Promise<Map<string, string>> {
	const keys = files.map(async (file) => [file, await keyOf(file)] as const);
	return new Map(await Promise.all(keys));
}

const keyOf = (file: string): Promise<string> => readFile(file).then(sha256, () => 'none');
