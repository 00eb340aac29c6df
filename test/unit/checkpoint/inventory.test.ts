import test from 'ava';
import { chooseSurplus, newestOf } from '../../../src/checkpoint/inventory.js';
import { manifest } from './manifests.js';

/** `a` was used last, `d` was not used for longest. */
const stored = [
	{ key: 'b', bytes: 20, usedAt: 3, leased: false },
	{ key: 'd', bytes: 40, usedAt: 1, leased: false },
	{ key: 'a', bytes: 10, usedAt: 4, leased: false },
	{ key: 'c', bytes: 30, usedAt: 2, leased: false },
];

const lease = (key: string) => stored.map((checkpoint) => ({ ...checkpoint, leased: checkpoint.key === key }));

const surplus = test.macro({
	title: (title) => `surplus: ${title}`,
	exec(t, checkpoints: typeof stored, limit: number, keep: readonly string[], expected: string) {
		t.is(chooseSurplus(checkpoints, limit, keep).map(({ key }) => key).join(''), expected);
	},
});

test('none within the limit', surplus, stored, 100, [], '');
test('the least recently used, when one byte is too many', surplus, stored, 99, [], 'd');
test('as many as it takes, the least recently used first', surplus, stored, 30, [], 'dc');
test('all', surplus, stored, 0, [], 'dcba');
test('not what somebody runs from', surplus, lease('d'), 69, [], 'cb');
test('not what is to be kept', surplus, stored, 60, ['d', 'b'], 'ca');
test('no more than may go, though the rest is too much', surplus, lease('a'), 5, ['b'], 'dc');
test('nothing of nothing', surplus, [], 0, [], '');

test('the order in the store is left as it is', (t) => {
	chooseSurplus(stored, 0);
	t.is(stored.map(({ key }) => key).join(''), 'bdac');
});

test('the newest of a node, by lab and kind', (t) => {
	const web = { node: 'web', fingerprint: {}, state: 's', ram: 'r', layers: [] };
	const manifests = [
		{ ...manifest, savedAt: 1 },
		{ ...manifest, savedAt: 3 },
		{ ...manifest, savedAt: 2 },
		{ ...manifest, savedAt: 4, lab: 'other' },
		{ ...manifest, savedAt: 5, machines: [web] },
		{ ...manifest, savedAt: 6, kind: 'started', machines: [web, ...manifest.machines] },
	] as const;
	t.is(newestOf(manifests, { lab: 'photos', node: 'redis', kind: 'provisioned' })?.savedAt, 3);
	t.is(newestOf(manifests, { lab: 'photos', node: 'redis', kind: 'started' })?.savedAt, 6);
	t.is(newestOf(manifests, { lab: 'photos', node: 'web', kind: 'provisioned' })?.savedAt, 5);
	t.is(newestOf(manifests, { lab: 'photos', node: 'sql', kind: 'provisioned' }), undefined);
});
