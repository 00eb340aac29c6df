import { contentKey } from '../base/hash.js';

/** Everything that a machine is started with; the pure functions here turn it into QEMU's arguments. */
export interface MachineSpec {
	readonly name: string;
	readonly memoryMiB: number;
	readonly mac: string;
	/** The tap device that the machine's network card is behind. */
	readonly tap: string;
	readonly kernelFile: string;
	readonly initrdFile: string;
	/** The machine's own disk: an overlay over its image. */
	readonly overlayFile: string;
	readonly seedFile: string;
	/** Unix sockets; a socket's path is limited to 107 bytes (unix(7)). */
	readonly qmpSocket: string;
	readonly agentSocket: string;
}

/** How a machine's processor is run: the only part of its command line that differs between hosts. */
export interface Accelerator {
	readonly name: 'kvm' | 'tcg';
	/** Value of `-accel`. */
	readonly accel: string;
	/** Value of `-cpu`. */
	readonly cpu: string;
}

/** The virtio-serial port that the guest's agent opens. */
export const agentPort = 'org.openfactory.rehearse';

/** Everything on the console that is worth reading, little that is slow to print on an emulated serial port. */
const consoleArguments = 'console=ttyS0 8250.nr_uarts=1 quiet systemd.show_status=true';

/** The kernel's command line. The machine's identity comes from its name, so that it is the same in every run. */
export const kernelArguments = (spec: Pick<MachineSpec, 'name'>): string =>
	`root=/dev/vda rw ${consoleArguments} systemd.machine_id=${contentKey(['machine-id', spec.name], 32)}`;

/** QEMU's options for a machine (qemu-system-x86_64(1)). The serial console is its standard output. */
export function qemuArguments(spec: MachineSpec, accelerator: Accelerator): string[] {
	return [
		...['-name', `guest=${spec.name}`],
		...commonArguments(accelerator),
		// Not reserved: a plan may give its machines more than the host has, as long as they do not touch it.
		...['-object', `memory-backend-ram,id=ram,size=${spec.memoryMiB}M,reserve=off`],
		...['-machine', 'memory-backend=ram'],
		...['-m', String(spec.memoryMiB)],
		...['-kernel', spec.kernelFile],
		...['-initrd', spec.initrdFile],
		...['-append', kernelArguments(spec)],
		...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
		...['-chardev', `socket,id=qmp,path=${escape(spec.qmpSocket)},server=on,wait=off`],
		...['-mon', 'chardev=qmp,mode=control'],
		...['-blockdev', json(overlay(spec.overlayFile)), '-device', 'virtio-blk-pci,drive=disk'],
		...['-blockdev', json(seed(spec.seedFile)), '-device', 'virtio-blk-pci,drive=seed'],
		...['-netdev', `tap,id=lan,ifname=${spec.tap},script=no,downscript=no`],
		...['-device', `virtio-net-pci,netdev=lan,mac=${spec.mac}`],
		...['-device', 'virtio-rng-pci'],
		...['-device', 'virtio-serial-pci'],
		...['-chardev', `socket,id=agent,path=${escape(spec.agentSocket)},server=on,wait=off`],
		...['-device', `virtserialport,chardev=agent,name=${agentPort}`],
	];
}

/** A PC of today without the parts that no guest here has a use for, each of which it would probe. */
const machineType = 'q35,sata=off,smbus=off,i8042=off,vmport=off,hpet=off';

/** What every QEMU of this tool is started with, the canary too. A machine that reboots ends instead. */
export function commonArguments(accelerator: Accelerator): string[] {
	return [
		...['-machine', machineType],
		...['-accel', accelerator.accel],
		...['-cpu', accelerator.cpu],
		...['-smp', '1'],
		'-nodefaults',
		'-no-user-config',
		'-no-reboot',
		...['-display', 'none'],
	];
}

const json = (value: object): string => JSON.stringify(value);

/** The overlay does not outlive the run: nothing on it need ever reach the host's disk. */
const overlay = (filename: string): object => ({
	'node-name': 'disk',
	driver: 'qcow2',
	cache: { 'no-flush': true },
	file: { driver: 'file', filename },
});

const seed = (filename: string): object => ({
	'node-name': 'seed',
	driver: 'raw',
	'read-only': true,
	file: { driver: 'file', filename },
});

/** A value within a comma-separated option: a comma is written twice. */
const escape = (value: string): string => value.replaceAll(',', ',,');
