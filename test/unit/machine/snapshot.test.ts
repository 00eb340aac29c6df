import test from 'ava';
import { parseSnapshot } from '../../../src/machine/snapshot.js';
import { snapshotAnswer } from './snapshots.js';

test('a snapshot of everything', (t) => {
	t.deepEqual(parseSnapshot(snapshotAnswer()), {
		files: {
			'/etc': { type: 'd', mode: '755', owner: 'root:root', size: 0 },
			// Compared as users, or with a salt that is another each time.
			'/etc/passwd': { type: 'f', mode: '644', owner: 'root:root', size: 0 },
			'/etc/shadow': { type: 'f', mode: '640', owner: 'root:shadow', size: 0 },
			'/etc/app.conf': { type: 'f', mode: '640', owner: 'ops:root', size: 12, digest: 'c'.repeat(32), text: 'port = 1\nno\x1dsection\n' },
			'/etc/systemd/system/multi-user.target.wants/pages.service': {
				type: 'l',
				mode: '777',
				owner: 'root:root',
				size: 0,
				target: '/etc/systemd/system/pages.service',
			},
			'/opt/strange name\nof two lines': { type: 'f', mode: '644', owner: '7:7', size: 99 },
		},
		units: { 'pages.service': 'active', 'broken.service': 'failed', 'looping.service': 'ended, to be restarted' },
		ports: ['tcp 0.0.0.0:22', 'tcp 127.0.0.1:5432', 'tcp [::]:22', 'udp 10.0.2.11:68'],
		users: { root: '0:0:root:/root:/bin/bash', ops: '1000:1000::/home/ops:/bin/bash' },
		groups: { root: '0:', shadow: '42:', sudo: '27:ops' },
		packages: { jq: '1.7.1-6+deb13u4' },
		addresses: ['10.0.2.11/24 on enp0s3', '10.73.0.10/24 on enp0s3', '192.0.2.7', 'fd00::10/64 on enp0s3'],
	});
});

test('a snapshot of nothing', (t) => {
	const { files, units, ports, addresses } = parseSnapshot(
		snapshotAnswer({ files: '', digests: '', units: '', tcp: '', tcp6: '', udp: '', fib_trie: '', if_inet6: '', texts: '' }),
	);
	t.deepEqual({ files, units, ports, addresses }, { files: {}, units: {}, ports: [], addresses: [] });
});

test('an answer that was cut off is no snapshot', (t) => {
	t.throws(() => parseSnapshot(snapshotAnswer().slice(0, 200)));
});
