import test from 'ava';
import {
	isBelieved,
	kvmCandidates,
	proveAccelerator,
	tcg,
	type AcceleratorChoice,
	type CanaryOutcome,
	type ProvenAccelerator,
} from '../../../src/machine/accelerator.js';

const bare = 'host';
const reduced = 'host,-arch-capabilities';

/** Proves an accelerator with canaries that end as told, by their -cpu; resolves to what was tried, too. */
async function prove(
	choice: AcceleratorChoice,
	hindrance: string | undefined,
	outcomes: Readonly<Record<string, CanaryOutcome>>,
): Promise<{ proven: ProvenAccelerator; flown: string[] }> {
	const flown: string[] = [];
	const proven = await proveAccelerator(choice, hindrance, async ({ cpu }) => {
		flown.push(cpu);
		const outcome = outcomes[cpu];
		if (!outcome) throw new Error(`nobody expected ${cpu} to be tried`);
		return outcome;
	});
	return { proven, flown };
}

test('the first candidate is the bare processor', (t) => {
	t.deepEqual(kvmCandidates.map(({ cpu }) => cpu), [bare, reduced]);
});

test('KVM that works is taken at once', async (t) => {
	const { proven, flown } = await prove('auto', undefined, { [bare]: { ms: 850 } });
	t.like(proven, { name: 'kvm', accel: 'kvm', cpu: bare, canaryMs: 850 });
	t.is(proven.reason, 'KVM booted a kernel in 850 ms (-cpu host)');
	t.deepEqual(flown, [bare]);
});

test('the second candidate is taken when the first breaks', async (t) => {
	const { proven, flown } = await prove('kvm', undefined, { [bare]: { why: 'failed to set MSR 0x10a' }, [reduced]: { ms: 1200 } });
	t.like(proven, { name: 'kvm', cpu: reduced, canaryMs: 1200 });
	t.deepEqual(flown, [bare, reduced]);
});

const pretence = { [bare]: { why: 'failed to set MSR 0x10a' }, [reduced]: { why: 'KVM internal error' } };

test('emulation is the last candidate, and the reason says what every other died of', async (t) => {
	const { proven, flown } = await prove('auto', undefined, { ...pretence, [tcg.cpu]: { ms: 9000 } });
	t.like(proven, { name: 'tcg', accel: tcg.accel, canaryMs: 9000 });
	t.deepEqual(flown, [bare, reduced, tcg.cpu]);
	t.is(
		proven.reason,
		'KVM does not work on this host: -cpu host: failed to set MSR 0x10a; -cpu host,-arch-capabilities: KVM internal error',
	);
});

test('a fallback from KVM that was only too slow is provisional', async (t) => {
	const late = { why: 'its kernel had not reached user space after 15 s', isLate: true } as const;
	const { proven } = await prove('auto', undefined, { ...pretence, [reduced]: late, [tcg.cpu]: { ms: 9000 } });
	t.like(proven, { name: 'tcg', isProvisional: true });
	const minute = 60_000;
	t.deepEqual([59 * minute, 61 * minute].map((age) => isBelieved(proven, age)), [true, false]);
	const { proven: broken } = await prove('auto', undefined, { ...pretence, [tcg.cpu]: { ms: 9000 } });
	t.true(isBelieved(broken, 1000 * minute));
});

test('a hindrance spares the tries, and is the reason', async (t) => {
	const { proven, flown } = await prove('auto', 'there is no /dev/kvm', { [tcg.cpu]: { ms: 9000 } });
	t.deepEqual(flown, [tcg.cpu]);
	t.is(proven.reason, 'KVM does not work on this host: there is no /dev/kvm');
});

test('emulation that was asked for does not ask for KVM', async (t) => {
	const { proven, flown } = await prove('tcg', undefined, { [tcg.cpu]: { ms: 9000 } });
	t.deepEqual(flown, [tcg.cpu]);
	t.is(proven.reason, 'asked for');
});

const refused = test.macro(
	async (t, choice: AcceleratorChoice, hindrance: string | undefined, outcomes: Record<string, CanaryOutcome>, words: RegExp) => {
		await t.throwsAsync(prove(choice, hindrance, outcomes), { code: 'no-accelerator', message: words });
		await prove(choice, hindrance, outcomes).catch(({ exitCode }: { exitCode: number }) => t.is(exitCode, 3));
	},
);
test('KVM that is only a pretence is no KVM, and there is no fallback', refused, 'kvm', undefined, pretence, /MSR 0x10a.*internal error/);
test('KVM that cannot be opened is no KVM', refused, 'kvm', '/dev/kvm cannot be opened (EACCES)', {}, /EACCES/);
test('a QEMU that cannot even emulate', refused, 'tcg', undefined, { [tcg.cpu]: { why: 'status 1' } }, /not even emulated: status 1/);
test('a QEMU that can do nothing at all', refused, 'auto', undefined, { ...pretence, [tcg.cpu]: { why: 'status 1' } }, /not even emulated/);
