import test from 'ava';
import { asOwnerOfAll, findSubordinateRange, inUserNamespace, type SubordinateRange } from '../../../src/process/user-namespace.js';

const found = test.macro((t, text: string, expected: SubordinateRange | undefined) =>
	t.deepEqual(findSubordinateRange(text, 'alice', 1000), expected));
const range = { first: 100_000, count: 65_536 };

test('by name', found, 'bob:1:9\nalice:100000:65536\n', range);
test('by number', found, '1000:100000:65536', range);
test('the first of two', found, 'alice:100000:65536\n1000:300000:65536\n', range);
test('a name that only begins alike is another', found, 'alice2:100000:65536\nmalice:1:2\n', undefined);
test('an empty range is none', found, 'alice:5:0\nalice:100000:65536\n', range);
test('lines without a range are passed over', found, '\n# comment\nalice\nalice:\n alice:100000:65536 \n', range);
test('nothing in an empty file', found, '', undefined);

test('a command runs as mapped root, everybody else after it, the command last', (t) => {
	const ranges = { uids: range, gids: { first: 200_000, count: 1000 } };
	t.deepEqual(inUserNamespace(ranges, ['rm', '-rf', '/var/tmp/a tree']), [
		'unshare',
		'--map-root-user',
		'--map-users=100000,1,65535',
		'--map-groups=200000,1,1000',
		'--mount',
		'--',
		...['rm', '-rf', '/var/tmp/a tree'],
	]);
});

test('whoever removes what a build has left may remove it: root as itself, everybody else as mapped root', (t) => {
	const ranges = { uids: range, gids: range };
	t.deepEqual(asOwnerOfAll(ranges, ['rm', 'tree'], 0), ['rm', 'tree']);
	t.deepEqual(asOwnerOfAll(ranges, ['rm', 'tree'], 1000), inUserNamespace(ranges, ['rm', 'tree']));
});
