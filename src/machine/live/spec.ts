/** The command line of a machine that boots a live medium by itself, as OpenFactory's runner has one. Pure. */
import { ovmfFile } from '../../base/programs.js';
import { commonArguments, diskNode, escape, json, memoryArguments, monitorArguments, overlay, type Accelerator, type MachineSpec } from '../spec.js';

/** A PC of today as libvirt makes one, with a SATA controller for the drive. */
const machineType = 'q35,vmport=off,hpet=off';

/** The port of QEMU's guest agent, for recipes that have that program (`qemu-ga --help`). */
export const guestAgentPort = 'org.qemu.guest_agent.0';

/** The port at which SeaBIOS writes its log (its docs/Debugging.md). */
const debugPort = '0x402';

/** QEMU's options for a live medium in a drive: no kernel from outside. The serial console is standard input and output. */
export function liveArguments(spec: MachineSpec, accelerator: Accelerator): string[] {
	const { firmware, persistenceFile } = spec.live ?? { firmware: 'bios' };
	return [
		...['-name', `guest=${spec.name}`],
		...commonArguments(accelerator, spec.vcpus, machineType),
		...memoryArguments(spec.memoryMiB, spec.memory),
		...(firmware === 'uefi' ? ['-drive', `if=pflash,format=raw,readonly=on,file=${ovmfFile}`] : []),
		...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
		...monitorArguments(spec.qmpSocket),
		...['-blockdev', json(file('medium', spec.rootFile))],
		...['-device', 'ide-cd,drive=medium,bus=ide.0,bootindex=0'],
		...['-blockdev', json(overlay(diskNode, spec.overlayFile, persistenceFile === undefined ? null : file('persistence', persistenceFile)))],
		...['-device', 'virtio-blk-pci,drive=disk'],
		...['-netdev', `tap,id=lan,ifname=${spec.tap},script=no,downscript=no`],
		// Without the program by which it would boot from the network: UEFI tries that first, and for minutes.
		...['-device', `virtio-net-pci,netdev=lan,mac=${spec.mac},romfile=`],
		...['-device', 'virtio-rng-pci'],
		...['-device', 'virtio-serial-pci'],
		...['-chardev', `socket,id=agent,path=${escape(spec.agentSocket)},server=on,wait=off`],
		...['-device', `virtserialport,chardev=agent,name=${guestAgentPort}`],
		...['-chardev', `socket,id=firmware,path=${escape(spec.debugSocket)},server=on,wait=off`],
		...['-device', `isa-debugcon,iobase=${debugPort},chardev=firmware`],
	];
}

const file = (node: string, filename: string): object => ({ 'node-name': node, driver: 'raw', 'read-only': true, file: { driver: 'file', filename } });
