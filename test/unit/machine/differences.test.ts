import test from 'ava';
import type { StateSnapshot, SnapshotFile } from '../../../src/lab/state-snapshot.js';
import { differencesBetween, lossesAmong } from '../../../src/machine/differences.js';
import { differenceSentence } from '../../../src/outcome/differences.js';

const empty: StateSnapshot = { files: {}, units: {}, ports: [], users: {}, groups: {}, packages: {}, addresses: [] };

const file = (overrides: Partial<SnapshotFile> = {}): SnapshotFile => ({ type: 'f', mode: '644', owner: 'root:root', size: 3, ...overrides });
const text = (content: string, overrides: Partial<SnapshotFile> = {}): SnapshotFile =>
	file({ size: content.length, digest: content, text: content, ...overrides });

const reported = test.macro({
	title: (title) => title ?? '',
	exec(t, before: Partial<StateSnapshot>, after: Partial<StateSnapshot>, ...sentences: readonly string[]) {
		t.deepEqual(differencesBetween({ ...empty, ...before }, { ...empty, ...after }).map(differenceSentence), sentences);
	},
});

test('two equal snapshots', reported, { files: { '/a': text('x\n') }, units: { a: 'active' } }, { files: { '/a': text('x\n') }, units: { a: 'active' } });
test('a line that was appended', reported, { files: { '/a': text('x\n') } }, { files: { '/a': text('x\ny\n') } }, 'file /a: added "y"');
test(
	'a line in the place of another, and a mode',
	reported,
	{ files: { '/a': text('a\nb\nc\n') } },
	{ files: { '/a': text('a\nB\nc\n', { mode: '600' }) } },
	'file /a: added "B"; removed "b"; mode 644 → mode 600',
);
test('many lines', reported, { files: { '/a': text('') } }, { files: { '/a': text('1\n2\n3\n4\n5\n') } }, 'file /a: added "1", "2", "3" and 2 more');
test('a newline at the end only', reported, { files: { '/a': text('x') } }, { files: { '/a': text('x\n') } }, 'file /a has another content');
test('something that is no text', reported, { files: { '/a': file({ digest: '1' }) } }, { files: { '/a': file({ digest: '2' }) } }, 'file /a has another content');
test('a file of the image that was written to', reported, { files: { '/a': file() } }, { files: { '/a': file({ digest: '1' }) } }, 'file /a has another content');
test(
	'a file of the image that another owner was given',
	reported,
	{ files: { '/a': file() } },
	{ files: { '/a': file({ digest: '1', owner: 'ops:ops' }) } },
	'file /a: owner root:root → owner ops:ops',
);
test('a large file that grew', reported, { files: { '/a': file({ size: 1e9 }) } }, { files: { '/a': file({ size: 2e9 }) } }, 'file /a has another content');
test('an owner', reported, { files: { '/a': file() } }, { files: { '/a': file({ owner: 'ops:ops' }) } }, 'file /a: owner root:root → owner ops:ops');
test('a link', reported, { files: { '/a': file({ type: 'l', target: '/b' }) } }, { files: { '/a': file({ type: 'l', target: '/c' }) } }, 'file /a: → /b → → /c');
test('a directory where a file was', reported, { files: { '/a': file() } }, { files: { '/a': file({ type: 'd' }) } }, 'file /a: file → directory');
test(
	'files that come and go',
	reported,
	{ files: { '/a': file(), '/d': file({ type: 'd' }) } },
	{ files: { '/b': file({ type: 'l', target: '/c' }) } },
	'file /a is gone',
	'symbolic link /b is new',
	'directory /d is gone',
);
const wanted = '/etc/systemd/system/multi-user.target.wants/web.service';
test('a unit that is enabled', reported, {}, { files: { [wanted]: file({ type: 'l' }) } }, `unit web.service is enabled (${wanted})`);
test(
	'units',
	reported,
	{ units: { a: 'active', b: 'active' } },
	{ units: { b: 'failed', c: 'active' } },
	'unit a is not active (was active)',
	'unit b is failed (was active)',
	'unit c is active',
);
test(
	'ports and addresses',
	reported,
	{ ports: ['tcp 0.0.0.0:80'], addresses: ['10.0.0.1/24 on enp0s3'] },
	{ ports: ['udp [::]:53'] },
	'port tcp 0.0.0.0:80 is listened on no more',
	'port udp [::]:53 is listened on',
	'address 10.0.0.1/24 on enp0s3 is gone',
);
test(
	'users, groups and packages',
	reported,
	{ users: { a: '1:1::/:/bin/sh' }, groups: { sudo: '27:' }, packages: { jq: '1.6', nginx: '1' } },
	{ users: { b: '1:1::/:/bin/sh' }, groups: { sudo: '27:ops' }, packages: { jq: '1.7', curl: '8' } },
	'user a is gone',
	'user b is new',
	'group sudo: 27: → 27:ops',
	'package curl is new: 8',
	'package jq: 1.6 → 1.7',
	'package nginx is gone',
);

test('what a restart lost', (t) => {
	const before = { ...empty, units: { a: 'active', b: 'active', c: 'failed' }, ports: ['tcp 0.0.0.0:80'], addresses: ['10.0.0.1/24 on enp0s3'] };
	const after = { ...empty, units: { b: 'failed', c: 'active', d: 'active', e: 'failed' }, files: { '/a': file() } };
	t.deepEqual(lossesAmong(differencesBetween(before, after)).map(({ subject }) => subject), [
		'a',
		'b',
		'e',
		'tcp 0.0.0.0:80',
		'10.0.0.1/24 on enp0s3',
	]);
});

test('what systemd runs at a first boot only is no loss at a second', (t) => {
	const gone = (subject: string) => ({ kind: 'unit', subject, change: 'removed' }) as const;
	t.deepEqual(lossesAmong([gone('ldconfig.service'), gone('systemd-update-done.service'), gone('web.service')]), [gone('web.service')]);
});
