import test from 'ava';
import {
	kvmCandidates,
	proveAccelerator,
	candidatesFor,
	tcg,
	type AcceleratorChoice,
	type ProvenAccelerator,
} from '../../../src/machine/accelerator.js';
import type { CanaryOutcome } from '../../../src/machine/canary.js';

const bare = 'host,-vmx,-svm,pmu=off';
const reduced = `${bare},-arch-capabilities`;

/** Proves an accelerator with canaries that end as given, by their -cpu; resolves to what was tried, too. */
async function prove(
	choice: AcceleratorChoice,
	hindrance: string | undefined,
	outcomes: Readonly<Record<string, CanaryOutcome>>,
): Promise<{ proven: ProvenAccelerator; booted: string[] }> {
	const booted: string[] = [];
	const proven = await proveAccelerator({ choice, hindrance, candidates: kvmCandidates }, async ({ cpu }) => {
		booted.push(cpu);
		const outcome = outcomes[cpu];
		if (!outcome) throw new Error(`nobody expected ${cpu} to be tried`);
		return outcome;
	});
	return { proven, booted };
}

test('the first candidate is the bare processor', (t) => {
	t.deepEqual(kvmCandidates.map(({ cpu }) => cpu), [bare, reduced]);
});

test('a processor without arch-capabilities has no second choice, which would be the first again', (t) => {
	t.deepEqual(candidatesFor(['fpu', 'arch_capabilities']).map(({ cpu }) => cpu), [bare, reduced]);
	t.deepEqual(candidatesFor(['fpu', 'svm']).map(({ cpu }) => cpu), [bare]);
});

test('that a saved machine does not go on is reported of the accelerator', async (t) => {
	const { proven } = await prove('auto', undefined, { [bare]: { ms: 850, noRestore: 'no such section' } });
	t.like(proven, { name: 'kvm', noRestore: 'no such section' });
	const { proven: restorable } = await prove('auto', undefined, { [bare]: { ms: 850 } });
	t.false('noRestore' in restorable);
});

test('KVM that works is taken at once', async (t) => {
	const { proven, booted } = await prove('auto', undefined, { [bare]: { ms: 850 } });
	t.like(proven, { name: 'kvm', accel: 'kvm', cpu: bare, canaryMs: 850 });
	t.is(proven.reason, 'KVM booted a kernel in 850 ms (-cpu host,-vmx,-svm,pmu=off)');
	t.deepEqual(booted, [bare]);
});

test('the second candidate is taken when the first breaks', async (t) => {
	const { proven, booted } = await prove('kvm', undefined, { [bare]: { why: 'failed to set MSR 0x10a' }, [reduced]: { ms: 1200 } });
	t.like(proven, { name: 'kvm', cpu: reduced, canaryMs: 1200 });
	t.deepEqual(booted, [bare, reduced]);
});

const pretence = { [bare]: { why: 'failed to set MSR 0x10a' }, [reduced]: { why: 'KVM internal error' } };

test('emulation is the last candidate, and the reason has what every other died of', async (t) => {
	const { proven, booted } = await prove('auto', undefined, { ...pretence, [tcg.cpu]: { ms: 9000 } });
	t.like(proven, { name: 'tcg', accel: tcg.accel, canaryMs: 9000 });
	t.deepEqual(booted, [bare, reduced, tcg.cpu]);
	t.is(
		proven.reason,
		`KVM does not work on this host: -cpu ${bare}: failed to set MSR 0x10a; -cpu ${reduced}: KVM internal error`,
	);
});

test('a hindrance spares the tries, and is the reason', async (t) => {
	const { proven, booted } = await prove('auto', 'there is no /dev/kvm', { [tcg.cpu]: { ms: 9000 } });
	t.deepEqual(booted, [tcg.cpu]);
	t.is(proven.reason, 'KVM does not work on this host: there is no /dev/kvm');
});

test('emulation that was asked for does not ask for KVM', async (t) => {
	const { proven, booted } = await prove('tcg', undefined, { [tcg.cpu]: { ms: 9000 } });
	t.deepEqual(booted, [tcg.cpu]);
	t.is(proven.reason, 'asked for');
});

const refused = test.macro(
	async (t, choice: AcceleratorChoice, hindrance: string | undefined, outcomes: Record<string, CanaryOutcome>, message: RegExp) => {
		await t.throwsAsync(prove(choice, hindrance, outcomes), { code: 'no-accelerator', message });
		await prove(choice, hindrance, outcomes).catch(({ exitCode }: { exitCode: number }) => t.is(exitCode, 3));
	},
);
test('KVM that is only a pretence is no KVM, and there is no fallback', refused, 'kvm', undefined, pretence, /MSR 0x10a.*internal error/);
test('KVM that cannot be opened is no KVM', refused, 'kvm', '/dev/kvm cannot be opened (EACCES)', {}, /EACCES/);
test('a QEMU that cannot even emulate', refused, 'tcg', undefined, { [tcg.cpu]: { why: 'status 1' } }, /not even emulated: status 1/);
test('a QEMU that can do nothing at all', refused, 'auto', undefined, { ...pretence, [tcg.cpu]: { why: 'status 1' } }, /not even emulated/);
