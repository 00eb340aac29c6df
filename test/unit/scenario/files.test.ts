import test from 'ava';
import { fileExists } from '../../../src/scenario/files.js';
import { ended, rows } from './rows.js';

const files = rows(fileExists);
test('file: there', files, { path: '/a' }, ended('750 ops ops\n'), true);
test(
	'file: all as demanded',
	files,
	{ path: '/a', mode: '0750', owner: 'ops', group: 'ops', contains: 'x' },
	ended('750 ops ops\ncontents: found\n'),
	true,
);
test('file: a sticky directory', files, { path: '/tmp', mode: '1777' }, ended('1777 root root\n'), true);
test(
	'file: the mode without its special bit',
	files,
	{ path: '/tmp', mode: '0777' },
	ended('1777 root root\n'),
	/mode 0777, saw mode 1777/,
);
test(
	'file: another owner',
	files,
	{ path: '/a', owner: 'ops' },
	ended('644 root ops\n'),
	/owner ops, saw mode 0644, owner root/,
);
test(
	'file: another group',
	files,
	{ path: '/a', group: 'ops' },
	ended('644 ops root\n'),
	/group ops, saw .*group root/,
);
test(
	'file: without the text',
	files,
	{ path: '/a', contains: 'x' },
	ended('644 ops root\ncontents: missing\n'),
	/the text "x", saw .* without the text/,
);
test('file: never searched', files, { path: '/a', contains: 'x' }, ended('644 ops root\n'), /without the text/);
test(
	'file: not there',
	files,
	{ path: '/a' },
	ended('', 1, "stat: cannot statx '/a': No such file or directory\n"),
	/saw exit status 1 \(stat: .*No such file/,
);
