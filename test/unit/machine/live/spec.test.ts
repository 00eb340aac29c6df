import test from 'ava';
import { tcg } from '../../../../src/machine/accelerator.js';
import { findFatal } from '../../../../src/machine/console.js';
import { liveFatalPatterns } from '../../../../src/machine/live/live-machine.js';
import { liveArguments } from '../../../../src/machine/live/spec.js';
import type { MachineSpec } from '../../../../src/machine/spec.js';
import { argumentLines, matchesGolden } from '../../base/golden.js';

const spec: MachineSpec = {
	name: 'web',
	memoryMiB: 1024,
	vcpus: 2,
	mac: '52:54:00:00:00:01',
	tap: 'tap0',
	kernelFile: '/bases/a/vmlinuz',
	initrdFile: '/bases/a/initrd.img',
	overlayFile: '/runs/1/disks/web.qcow2',
	layers: [],
	rootFile: '/isos/a/web.iso',
	seedFile: '/runs/1/seeds/web.iso',
	memory: { file: '/tmp/r/memory/0', isShared: true },
	qmpSocket: '/tmp/r/0.qmp',
	agentSocket: '/tmp/r/0.agent',
	controlChannelSocket: '/tmp/r/0.control',
	commandSocket: '/tmp/r/0.commands',
	debugSocket: '/tmp/r/0.debug',
	shellSocket: '/tmp/r/0.shell',
	live: { firmware: 'bios', hasGuestAgent: false },
};

test('a machine that boots its ISO', (t) => matchesGolden(t, 'machine/golden/live.txt', argumentLines(liveArguments(spec, tcg))));

test('it has no kernel, no seed and no port of the tool; only the firmware and what keeps its writes differ', (t) => {
	const bios = liveArguments(spec, tcg);
	for (const option of ['-kernel', '-initrd', '-append']) t.false(bios.includes(option));
	for (const file of [spec.seedFile, spec.kernelFile, spec.controlChannelSocket, spec.commandSocket, spec.shellSocket]) {
		t.false(bios.some((word) => word.includes(file)), file);
	}
	const uefi = liveArguments({ ...spec, live: { firmware: 'uefi', hasGuestAgent: false } }, tcg);
	t.deepEqual(uefi.filter((word) => !bios.includes(word)), ['-drive', 'if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd']);
	const kept = liveArguments({ ...spec, live: { firmware: 'bios', hasGuestAgent: false, persistenceFile: '/runs/1/disks/web.persistence' } }, tcg);
	t.is(kept.filter((word) => !bios.includes(word)).length, 1);
	t.true(kept.some((word) => word.includes('/runs/1/disks/web.persistence')));
});

const ends = test.macro({
	exec: (t, text: string, expected: RegExp | undefined) => {
		const meaning = findFatal(text, liveFatalPatterns);
		if (expected) t.regex(meaning ?? '', expected);
		else t.is(meaning, undefined);
	},
	title: (_, text) => `the console of an ISO: ${JSON.stringify(text)}`,
});

test(ends, 'Unable to find a medium containing a live file system\r\nAttempt interactive shell? (initramfs) ', /initial ramdisk finds no medium/);
test(ends, "error: no such device: web.\r\nEntering rescue mode...\r\ngrub rescue> ", /boot loader does not find its own medium/);
test(ends, '\r\ngrub> ', /boot loader finds no menu/);
test(ends, "error: file `/live/vmlinuz' not found.\r\n", /lacks what its menu names: file `\/live\/vmlinuz' not found/);
test(ends, 'BdsDxe: No bootable option or device was found.\r\n', /finds no boot loader/);
test(ends, '[\x1b[0;1;31m TIME \x1b[0m] Timed out waiting for device \x1b[0;1;39mdev-ttyS0.device\x1b[0m - /dev/ttyS0.\r\n', /console has no login/);
test(ends, 'Kernel panic - not syncing: VFS\r\n', /kernel panicked: VFS/);
test(ends, 'BdsDxe: loading Boot0001 "UEFI QEMU DVD-ROM"\r\nBooting `web\'\r\n', undefined);
test(ends, '[  OK  ] Started startup-web.service\r\nweb login: ', undefined);
