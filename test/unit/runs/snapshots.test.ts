/** State snapshots as a run keeps them. */
import test from 'ava';
import { maskOf, noMask } from '../../../src/base/secrets.js';
import { readSnapshots, writeSnapshot } from '../../../src/runs/snapshots.js';
import { writeFiles } from '../plan/plans.js';

test('a state snapshot is kept without passwords in the texts of its files, and its changes are seen all the same', async (t) => {
	const directory = await writeFiles(t, { 'events.ndjson': '' });
	const password = 'swordfish-17';
	const file = { type: 'f', mode: '644', owner: 'root:root', size: 20, digest: 'of all of it' };
	const files = { '/etc/app.conf': { ...file, text: `user=ops\npassword=${password}\n` }, '/etc/other': file };
	const snapshot = { files, units: {}, ports: [], users: {}, groups: {}, packages: {}, addresses: [] };
	await writeSnapshot(directory, 'web', snapshot, maskOf([{ user: 'ops', password }]));
	await writeSnapshot(directory, 'shown', snapshot, noMask);
	const kept = await readSnapshots(directory);
	t.deepEqual(kept.get('web')?.files, { ...files, '/etc/app.conf': { ...file, text: 'user=ops\npassword=__password-of-ops__\n' } });
	t.deepEqual(kept.get('shown'), snapshot);
});
