/** State snapshots in a run directory, a file for each node: they are too large for the event log. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Mask } from '../base/secrets.js';
import { shownText } from '../lab/mask.js';
import type { StateSnapshot } from '../lab/state-snapshot.js';

const snapshotsIn = (runDirectory: string): string => path.join(runDirectory, 'snapshots');

/** Writes the state snapshot of a node, without passwords in the texts of its files: digests show a change of one all the same. */
export async function writeSnapshot(runDirectory: string, node: string, snapshot: StateSnapshot, mask: Mask): Promise<void> {
	await mkdir(snapshotsIn(runDirectory), { recursive: true });
	await writeFile(path.join(snapshotsIn(runDirectory), `${node}.json`), JSON.stringify(withShownTexts(snapshot, mask)), { mode: 0o600 });
}

const withShownTexts = (snapshot: StateSnapshot, mask: Mask): StateSnapshot => ({
	...snapshot,
	files: Object.fromEntries(
		Object.entries(snapshot.files).map(([name, file]) => [name, file.text === undefined ? file : { ...file, text: shownText(file.text, mask) }]),
	),
});

/** Reads the state snapshots of a run, by node. It leaves out nodes without a readable one. */
export async function readSnapshots(runDirectory: string): Promise<ReadonlyMap<string, StateSnapshot>> {
	const directory = snapshotsIn(runDirectory);
	const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.json'));
	const snapshots = names.map(async (name): Promise<(readonly [string, StateSnapshot])[]> => {
		try {
			return [[name.replace(/\.json$/, ''), JSON.parse(await readFile(path.join(directory, name), 'utf8')) as StateSnapshot]];
		} catch {
			return [];
		}
	});
	return new Map((await Promise.all(snapshots)).flat());
}
