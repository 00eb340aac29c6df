/** The agent's state snapshot on this host, of a directory in place of the whole machine. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'ava';
import { packageRoot } from '../../../src/base/package-root.js';
import { parseSnapshot } from '../../../src/machine/snapshot.js';

test('what was written since provisioning began is reported with its content, secrets and large files without', (t) => {
	const root = mkdtempSync(path.join(os.tmpdir(), 'snapshot-'));
	t.teardown(() => rmSync(root, { recursive: true }));
	const program = `
		set -eu
		cd ${root}
		mkdir here state etc etc/.cache
		echo old >etc/old
		touch --date='10 minutes ago' etc/old
		sleep 0.05
		touch here/agent
		sleep 0.05
		printf 'one\\ntwo\\n' >'etc/new file'
		printf 'no\\0text\\n' >etc/binary
		: >etc/empty
		echo secret >etc/host_key
		head -c 20000 /dev/zero | tr '\\0' x >etc/large
		echo passing >etc/.cache/passing
		ln -s old etc/link
		systemctl() { echo 'pages.service loaded active running Pages'; }
		set +e
		here=${root}/here state=${root}/state
		source ${packageRoot()}/cloud-init/guest/snapshot.bash
		places=(${root}/etc)
		snapshot
	`;
	const snapshot = parseSnapshot(execFileSync('bash', ['-c', program], { encoding: 'utf8' }));
	const files = Object.entries(snapshot.files).map(([name, { type, size, digest, text, target }]) => [
		path.relative(root, name),
		type,
		type === 'f' ? size : 0,
		digest !== undefined,
		text ?? target,
	]);
	t.deepEqual(files.toSorted(), [
		['etc', 'd', 0, false, undefined],
		['etc/binary', 'f', 8, true, undefined],
		['etc/empty', 'f', 0, true, ''],
		['etc/host_key', 'f', 7, true, undefined],
		['etc/large', 'f', 20_000, true, undefined],
		['etc/link', 'l', 0, false, 'old'],
		['etc/new file', 'f', 8, true, 'one\ntwo\n'],
		['etc/old', 'f', 4, false, undefined],
	]);
	t.deepEqual(snapshot.units, { 'pages.service': 'active' });
	t.is(snapshot.users['root']?.split(':')[0], '0');
});
