import test from 'ava';
import { blowsAt, parseKinds } from '../../kills/blows.js';
import { missing, renderLedger, type Judged } from '../../kills/ledger.js';

test('the seed alone decides where blows go, and more of them change none', (t) => {
	const blows = blowsAt('fake', 200, 7);
	t.deepEqual(blowsAt('fake', 20, 7), blows.slice(0, 20));
	t.notDeepEqual(blowsAt('fake', 20, 8), blows.slice(0, 20));
	t.notDeepEqual(blowsAt('cold', 20, 7).map(({ moment }) => moment), blows.slice(0, 20).map(({ moment }) => moment));
	t.deepEqual([...new Set(blows.map(({ victim }) => victim))].sort(), ['QEMU', 'supervisor', 'tool']);
	t.is(new Set(blows.map(({ signal }) => signal)).size, 6);
	t.true(blows.every(({ moment }) => moment >= 0 && moment < 1));
});

test('how many blows each kind gets', (t) => {
	const usual = { fake: 144, cold: 8 };
	t.deepEqual([...parseKinds('cold,fake=3', usual)], [['cold', 8], ['fake', 3]]);
	for (const text of ['warm', 'constructor', '', 'fake=0', 'fake=1.5', 'fake=x', 'fake=']) t.throws(() => parseKinds(text, usual), undefined, text);
});

test('a session goes on where the last one ended, and what comes too late is no kill', (t) => {
	const [first, second, third] = blowsAt('fake', 3, 7) as unknown as [Judged, Judged, Judged];
	const came = (blow: Judged, more: Partial<Judged> = {}): Judged => ({ ...blow, hasHit: true, problems: [], ms: 1, at: '', ...more });
	const ledger = [came(first), came(third, { hasHit: false }), came(second, { kind: 'cold', problems: ['a mount'] })];
	t.deepEqual(missing([first, second, third], ledger), [second]);
	t.is(renderLedger(ledger).split('\n').slice(2).join('\n'), '| fake | 1 | 0 | 1 |\n| cold | 1 | 1 | 0 |\n| all | 2 | 1 | 1 |\n');
});
