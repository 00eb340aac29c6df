import test from 'ava';
import { kvmInputs, parseCpuInfo, processorInputs } from '../../../src/host/processor.js';

const text = `processor	: 0
vendor_id	: AuthenticAMD
microcode	: 0xa20102d
flags		: fpu vme svm avx2
bugs		: sysret_ss_attrs

processor	: 1
microcode	: 0x1
flags		: fpu
`;

test('the first processor counts', (t) => {
	t.deepEqual(parseCpuInfo(text), { flags: ['fpu', 'vme', 'svm', 'avx2'], microcode: '0xa20102d' });
	t.deepEqual(parseCpuInfo(''), { flags: [], microcode: '' });
});

const changes = test.macro((t, release: string, cpu: Partial<ReturnType<typeof parseCpuInfo>>, expected: readonly string[]) => {
	const usual = parseCpuInfo(text);
	const [then, now] = [kvmInputs('6.12.1', usual), kvmInputs(release, { ...usual, ...cpu })];
	t.deepEqual(Object.keys(then).filter((name) => then[name] !== now[name]), [...expected]);
});
test('the same host', changes, '6.12.1', { flags: ['avx2', 'svm', 'vme', 'fpu'] }, []);
test('another kernel', changes, '6.12.2', {}, ['host kernel']);
test('other microcode', changes, '6.12.1', { microcode: '0xa20102e' }, ['host microcode']);
test('a flag less', changes, '6.12.1', { flags: ['fpu', 'vme', 'svm'] }, ['host CPU flags']);

test('an emulated processor depends on none of that', async (t) => {
	t.deepEqual(await processorInputs({ name: 'tcg' }), {});
	t.deepEqual(Object.keys(await processorInputs({ name: 'kvm' })), ['host kernel', 'host microcode', 'host CPU flags']);
});
