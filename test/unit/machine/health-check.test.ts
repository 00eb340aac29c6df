import test from 'ava';
import type { Awake } from '../../../src/machine/agent-message.js';
import { findHealthProblems } from '../../../src/machine/health-check.js';

const identity = { machineId: '0123456789abcdef0123456789abcdef', hostKey: 'ssh-ed25519 AAAA redis' };
const awake: Awake = {
	...{ clockOffsetMs: 0.2, clockDelayMs: 5, machineId: identity.machineId },
	...{ hostKey: 'ssh-ed25519 AAAA redis', reseeded: 1, failedUnits: '' },
};

const reported = test.macro((t, differs: Partial<Awake>, complaints: readonly RegExp[]) => {
	const found = findHealthProblems({ ...awake, ...differs }, identity);
	t.is(found.length, complaints.length, found.join('; '));
	for (const [index, complaint] of complaints.entries()) t.regex(found[index] ?? '', complaint);
});

test('a healthy machine', reported, {}, []);
test('a clock that is right to a second', reported, { clockOffsetMs: -990 }, []);
test('a clock of last week', reported, { clockOffsetMs: -7 * 86_400_000 }, [/clock is off by -604800000 ms/]);
test('a clock that is fast', reported, { clockOffsetMs: 1003 }, [/clock is off by 1003 ms/]);
test('a clock that is right as far as a slow answer shows', reported, { clockOffsetMs: -1990, clockDelayMs: 2000 }, []);
test('a clock that is wrong, whatever the answer took', reported, { clockOffsetMs: -2001, clockDelayMs: 2000 }, [/clock is off by -2001 ms/]);
test('a clock of which nobody knows how slow the answer was', reported, { clockDelayMs: Number.NaN }, [/clock/]);
test('no clock at all', reported, { clockOffsetMs: Number.NaN }, [/clock/]);
test('random numbers that its twin has too', reported, { reseeded: 0 }, [/not reseeded its random numbers/]);
test("another machine's id", reported, { machineId: '' }, [/machine id is missing/]);
test('the comment of a key is nobody', reported, { hostKey: 'ssh-ed25519 AAAA root@redis' }, []);
test('the key of another', reported, { hostKey: 'ssh-ed25519 BBBB redis' }, [/SSH host key/]);
test('failed units, by the first', reported, { failedUnits: '● redis.service - x\nmore' }, [/units have failed: ● redis.service - x$/]);
test('everything at once', reported, { clockOffsetMs: 9e9, reseeded: 0, machineId: 'x', hostKey: '', failedUnits: 'u' }, [/./, /./, /./, /./, /./]);
