import test from 'ava';
import type { Awake } from '../../../src/machine/agent-message.js';
import { findUnsound } from '../../../src/machine/soundness.js';

const identity = { machineId: '0123456789abcdef0123456789abcdef', hostKey: 'ssh-ed25519 AAAA redis' };
const awake: Awake = {
	...{ clockOffsetMs: 0.2, clockDelayMs: 5, machineId: identity.machineId },
	...{ hostKey: 'ssh-ed25519 AAAA redis', reseeded: 1, failedUnits: '' },
};

const told = test.macro((t, differs: Partial<Awake>, complaints: readonly RegExp[]) => {
	const found = findUnsound({ ...awake, ...differs }, identity);
	t.is(found.length, complaints.length, found.join('; '));
	for (const [index, complaint] of complaints.entries()) t.regex(found[index] ?? '', complaint);
});

test('a sound machine', told, {}, []);
test('a clock that is right to a second', told, { clockOffsetMs: -990 }, []);
test('a clock of last week', told, { clockOffsetMs: -7 * 86_400_000 }, [/clock is off by -604800000 ms/]);
test('a clock that is fast', told, { clockOffsetMs: 1003 }, [/clock is off by 1003 ms/]);
test('a clock that is right for all that a slow answer tells', told, { clockOffsetMs: -1990, clockDelayMs: 2000 }, []);
test('a clock that is wrong, whatever the answer took', told, { clockOffsetMs: -2001, clockDelayMs: 2000 }, [/clock is off by -2001 ms/]);
test('a clock of which nobody knows how slow the answer was', told, { clockDelayMs: Number.NaN }, [/clock/]);
test('no clock at all', told, { clockOffsetMs: Number.NaN }, [/clock/]);
test('random numbers that its twin has too', told, { reseeded: 0 }, [/not reseeded its random numbers/]);
test("another machine's id", told, { machineId: '' }, [/machine id is missing/]);
test('the comment of a key is nobody', told, { hostKey: 'ssh-ed25519 AAAA root@redis' }, []);
test('the key of another', told, { hostKey: 'ssh-ed25519 BBBB redis' }, [/SSH host key/]);
test('failed units, by the first', told, { failedUnits: '● redis.service - x\nmore' }, [/units have failed: ● redis.service - x$/]);
test('everything at once', told, { clockOffsetMs: 9e9, reseeded: 0, machineId: 'x', hostKey: '', failedUnits: 'u' }, [/./, /./, /./, /./, /./]);
