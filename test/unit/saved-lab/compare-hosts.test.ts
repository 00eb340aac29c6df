import test from 'ava';
import { compareHosts } from '../../../src/saved-lab/compare-hosts.js';

const then = { QEMU: 'QEMU emulator version 10.0.2 (Debian 1:10.0.2+dfsg-1)', accelerator: 'tcg', processor: 'max,la57=off on A', machine: 'm' };

const compared = test.macro((t, now: object, isEmulated: boolean, hindrances: readonly RegExp[], hasOtherPace: boolean) => {
	const found = compareHosts(then, { ...then, ...now }, isEmulated);
	t.is(found.hindrances.length, hindrances.length, found.hindrances.join('; '));
	for (const [index, hindrance] of hindrances.entries()) t.regex(found.hindrances[index] ?? '', hindrance);
	t.is(found.hasOtherPace, hasOtherPace);
});

test('the same host', compared, {}, true, [], false);
test('another update of the same release', compared, { QEMU: 'QEMU emulator version 10.0.8 (elsewhere)' }, true, [], false);
test('another release', compared, { QEMU: 'QEMU emulator version 10.1.0' }, true, [/^its QEMU is QEMU emulator version 10\.1\.0, that of the lab was QEMU emulator version 10\.0\.2/], false);
test('a QEMU that reports nothing of itself', compared, { QEMU: '' }, true, [/QEMU/], false);
test('another processor, emulated', compared, { processor: 'max,la57=off on B' }, true, [], true);
test('another processor, not emulated', compared, { processor: 'max,la57=off on B' }, false, [/processor/], false);
test('another emulated processor', compared, { processor: 'max on A' }, true, [/processor/], false);
test('another accelerator', compared, { accelerator: 'kvm' }, true, [/accelerator/], false);
test('another way to start a machine', compared, { machine: 'n' }, true, [/its machine is n, that of the lab was m/], false);
