import test from 'ava';
import { kvmCandidates, tcg } from '../../../src/machine/accelerator.js';
import { canaryArguments } from '../../../src/machine/canary.js';
import { kernelArguments, qemuArguments, type Accelerator, type MachineSpec } from '../../../src/machine/spec.js';
import { argumentLines, matchesGolden } from '../base/golden.js';

const spec: MachineSpec = {
	name: 'web',
	memoryMiB: 2048,
	mac: '52:54:00:00:00:01',
	tap: 'tap0',
	kernelFile: '/images/a/vmlinuz',
	initrdFile: '/images/a/initrd',
	overlayFile: '/runs/1/disks/web.qcow2',
	layers: [],
	rootFile: '/images/a/root.img',
	seedFile: '/runs/1/seeds/web.iso',
	memory: { file: '/tmp/r/memory/0', isShared: true },
	qmpSocket: '/tmp/r/0.qmp',
	agentSocket: '/tmp/r/0.agent',
	controlChannelSocket: '/tmp/r/0.control',
	commandSocket: '/tmp/r/0.commands',
	debugSocket: '/tmp/r/0.debug',
	shellSocket: '/tmp/r/0.shell',
};
const kvm: Accelerator = { name: 'kvm', accel: 'kvm', cpu: 'host' };

/** The value after each of the options of that name. */
const valuesOf = (argv: readonly string[], option: string): string[] =>
	argv.flatMap((word, index) => (argv[index - 1] === option ? [word] : []));

test('a machine under emulation', (t) => {
	matchesGolden(t, 'machine/golden/machine-tcg.txt', argumentLines(qemuArguments(spec, tcg)));
});

test('a disk that was booted before is booted without cloud-init; nothing else differs', (t) => {
	const [first, again] = [qemuArguments(spec, tcg), qemuArguments(spec, tcg, 'restart')];
	const differing = first.flatMap((word, index) => (word === again[index] ? [] : [again[index]]));
	t.deepEqual(differing, [`${first[first.indexOf('-append') + 1]} cloud-init=disabled`]);
});

test('a machine that is not to be saved has its own copy of what it writes to; nothing else differs', (t) => {
	const memory = { file: '/checkpoints/a,b/0.ram', isShared: false };
	const [shared, apart] = [qemuArguments(spec, tcg), qemuArguments({ ...spec, memory }, tcg)];
	t.deepEqual(apart.filter((word) => !shared.includes(word)), [
		'memory-backend-file,id=ram,size=2048M,mem-path=/checkpoints/a,,b/0.ram,share=off,readonly=on,rom=off,reserve=off',
	]);
	t.is(shared.length, apart.length);
});

test('only the accelerator differs between hosts', (t) => {
	const [one, other] = [qemuArguments(spec, tcg), qemuArguments(spec, kvm)];
	t.is(one.length, other.length);
	const differing = one.flatMap((word, index) => (word === other[index] ? [] : [[one[index - 1], other[index]]]));
	t.deepEqual(differing, [
		['-accel', 'kvm'],
		['-cpu', 'host'],
	]);
});

test('commas in paths: doubled in options, untouched in files and in JSON', (t) => {
	const argv = qemuArguments(
		{ ...spec, qmpSocket: '/tmp/a,b/0.qmp', agentSocket: '/tmp/a,,b', overlayFile: '/d/x,y.qcow2', kernelFile: '/k,l' },
		kvm,
	);
	const chardevs = valuesOf(argv, '-chardev');
	t.true(chardevs.includes('socket,id=qmp,path=/tmp/a,,b/0.qmp,server=on,wait=off'));
	t.true(chardevs.includes('socket,id=agent,path=/tmp/a,,,,b,server=on,wait=off'));
	t.deepEqual(valuesOf(argv, '-kernel'), ['/k,l']);
	const disks = valuesOf(argv, '-blockdev').map((text) => JSON.parse(text) as { file: { filename: string } });
	t.is(disks[0]?.file.filename, '/d/x,y.qcow2');
});

test('the seed is read-only and the overlay never flushed', (t) => {
	const [overlay, seed] = valuesOf(qemuArguments(spec, kvm), '-blockdev').map((text) => JSON.parse(text) as object);
	t.like(overlay, { driver: 'qcow2', cache: { 'no-flush': true } });
	t.like(seed, { driver: 'raw', 'read-only': true });
});

test("a machine's identity follows from its name alone", (t) => {
	const id = (name: string) => /systemd\.machine_id=([0-9a-f]{32})(?: |$)/.exec(kernelArguments({ name }))?.[1];
	t.truthy(id('web'));
	t.is(id('web'), id('web'));
	t.not(id('web'), id('db'));
});

test('the canary', (t) => {
	const [, second] = kvmCandidates;
	const argv = canaryArguments(
		second ?? kvm,
		{ kernelFile: '/images/a/vmlinuz', initrdFile: '/images/a/initrd' },
		{ memoryFile: '/tmp/c/memory', qmpSocket: '/tmp/c/qmp' },
	);
	matchesGolden(t, 'machine/golden/canary.txt', argumentLines(argv));
	t.notRegex(argv.join(' '), /rehearse-(?:canary|restored)-42/, 'an echoed command line would be taken for success');
});

test('a machine has as many processors as its node', (t) => {
	const processors = (argv: readonly string[]) => argv[argv.indexOf('-smp') + 1];
	t.is(processors(qemuArguments(spec, tcg)), '1');
	t.is(processors(qemuArguments({ ...spec, vcpus: 4 }, tcg)), '4');
});
