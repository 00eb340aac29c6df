import { contentKey } from '../base/hash.js';
import type { AcceleratorName } from '../lab/events.js';

/** Everything that a machine is started with; the pure functions here turn it into QEMU's arguments. */
export interface MachineSpec {
	readonly name: string;
	readonly memoryMiB: number;
	/** Processors; one where it is missing. */
	readonly vcpus?: number;
	readonly mac: string;
	/** The tap device that the machine's network card is behind. */
	readonly tap: string;
	readonly kernelFile: string;
	readonly initrdFile: string;
	/** The machine's own disk: an overlay over `layers`. */
	readonly overlayFile: string;
	/** Frozen overlays of a checkpoint that the machine continues from, top first; none when it boots. */
	readonly layers: readonly string[];
	/** The image's root file system, below all overlays. */
	readonly rootFile: string;
	readonly seedFile: string;
	readonly memory: GuestMemory;
	/** Unix sockets; a socket's path is limited to 107 bytes (unix(7)). */
	readonly qmpSocket: string;
	readonly agentSocket: string;
	readonly controlChannelSocket: string;
	readonly commandSocket: string;
	readonly debugSocket: string;
	readonly shellSocket: string;
	/** Only of a machine that its firmware boots from a live medium, its root file, as ./live/spec.ts has it. */
	readonly live?: LiveMedium;
}

/** How a live medium is booted. */
export interface LiveMedium {
	readonly firmware: Firmware;
	/** A file system for what the guest writes, below the machine's disk; without it a reboot forgets everything. */
	readonly persistenceFile?: string;
	/** Whom the guest's console lets in, to become root; needless where it has QEMU's guest agent. */
	readonly login?: ConsoleLogin;
	/** Whether its recipe has QEMU's guest agent. */
	readonly hasGuestAgent: boolean;
}

/** What a machine finds its boot loader by. */
export type Firmware = 'bios' | 'uefi';

/** A user of the recipe who is root, or becomes root by sudo(8). */
export interface ConsoleLogin {
	readonly username: string;
	readonly password: string;
}

/** The file that a machine's memory begins as. */
export interface GuestMemory {
	/** Made where there is none. */
	readonly file: string;
	/** Whether what the guest writes is in the file. Otherwise the machine has a copy of each page that it writes to. */
	readonly isShared: boolean;
}

/** How a machine's processor is run: the only part of its command line that differs between hosts. */
export interface Accelerator {
	readonly name: AcceleratorName;
	/** Value of `-accel`. */
	readonly accel: string;
	/** Value of `-cpu`. */
	readonly cpu: string;
}

/** The virtio-serial port that the guest's agent opens. */
export const agentPort = 'org.openfactory.rehearse';

/** The port of the agent's control channel, which is attended to while startup scripts run. */
export const controlChannelPort = `${agentPort}.control`;

/** The port over which the agent runs commands for the host. */
export const commandPort = `${agentPort}.commands`;

/** The port that a startup script opens which is debugged. */
export const debugPort = `${agentPort}.debug`;

/** Everything on the console that is worth reading, little that is slow to print on an emulated serial port. */
const consoleArguments = 'console=ttyS0 8250.nr_uarts=1 quiet systemd.show_status=true';

/**
 * The kernel compares the time stamp counter with its ticks while it boots, finds an emulated processor late, and asks
 * the ACPI timer from then on, which takes 5 µs each time. The counter is the host's and can be relied on (`tsc` in the
 * kernel's list of parameters); with KVM the kernel takes kvm-clock before either. An emulated processor that gets little
 * time from a busy host misses ticks as well: the kernel panics then ("IO-APIC + timer doesn't work"), unless
 * `no_timer_check` has it leave that check out, as a guest of KVM does by itself.
 */
const clockArguments = 'tsc=reliable no_timer_check';

/**
 * The kernel tries its own ciphers out while it boots, each against a table of answers; an emulated one took 0.6 s for it, a
 * sixth of its way to user space.
 */
const cryptoArguments = 'cryptomgr.notests';

/** What a machine is to itself (machine-id(5)). It comes from the name, so that it is the same in every run. */
export const machineId = (name: string): string => contentKey(['machine-id', name], 32);

/**
 * The kernel's command line. cloud-init stands in for whatever installs a node, once: later boots do without it, as a
 * node of OpenFactory does.
 */
export const kernelArguments = (spec: Pick<MachineSpec, 'name'>, start: Start = 'power-on'): string =>
	`root=/dev/vda rw ${consoleArguments} ${clockArguments} ${cryptoArguments} systemd.machine_id=${machineId(spec.name)}${start === 'restart' ? ' cloud-init=disabled' : ''}`;

/**
 * How a machine comes to life: from power-on, from power-on with a disk that has been booted before, or, still halted,
 * from a saved state that is loaded into it.
 */
export type Start = 'power-on' | 'restart' | 'incoming';

/** QEMU's options for a machine (qemu-system-x86_64(1)). The serial console is its standard output. */
export function qemuArguments(spec: MachineSpec, accelerator: Accelerator, start: Start = 'power-on'): string[] {
	return [
		...['-name', `guest=${spec.name}`],
		...commonArguments(accelerator, spec.vcpus),
		...memoryArguments(spec.memoryMiB, spec.memory),
		...['-kernel', spec.kernelFile],
		...['-initrd', spec.initrdFile],
		...['-append', kernelArguments(spec, start)],
		...['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'],
		...monitorArguments(spec.qmpSocket),
		...['-blockdev', json(disk(spec)), '-device', 'virtio-blk-pci,drive=disk'],
		...['-blockdev', json(seed(spec.seedFile)), '-device', 'virtio-blk-pci,drive=seed'],
		...['-netdev', `tap,id=lan,ifname=${spec.tap},script=no,downscript=no`],
		...['-device', `virtio-net-pci,netdev=lan,mac=${spec.mac}`],
		...['-device', 'virtio-rng-pci'],
		...['-device', 'virtio-serial-pci'],
		...['-chardev', `socket,id=agent,path=${escape(spec.agentSocket)},server=on,wait=off`],
		...['-device', `virtserialport,chardev=agent,name=${agentPort}`],
		...['-chardev', `socket,id=control,path=${escape(spec.controlChannelSocket)},server=on,wait=off`],
		...['-device', `virtserialport,chardev=control,name=${controlChannelPort}`],
		...['-chardev', `socket,id=commands,path=${escape(spec.commandSocket)},server=on,wait=off`],
		...['-device', `virtserialport,chardev=commands,name=${commandPort}`],
		...['-chardev', `socket,id=debug,path=${escape(spec.debugSocket)},server=on,wait=off`],
		...['-device', `virtserialport,chardev=debug,name=${debugPort}`],
		// hvc0 in the guest: a terminal for a shell that needs no network.
		...['-chardev', `socket,id=shell,path=${escape(spec.shellSocket)},server=on,wait=off`],
		...['-device', 'virtconsole,chardev=shell'],
		// Another value in every QEMU: a restored kernel sees that it is a copy, and reseeds its random numbers.
		...['-device', 'vmgenid,guid=auto'],
		...stateArguments(start === 'incoming'),
	];
}

/** The options of a machine's memory, which begins as a file. */
export const memoryArguments = (memoryMiB: number, memory: GuestMemory): string[] => [
	...['-object', `memory-backend-file,id=ram,size=${memoryMiB}M,${backend(memory)}`],
	...['-machine', 'memory-backend=ram'],
	...['-m', String(memoryMiB)],
];

/** The options of the monitor at a socket. */
export const monitorArguments = (qmpSocket: string): string[] => [
	...['-chardev', `socket,id=qmp,path=${escape(qmpSocket)},server=on,wait=off`],
	...['-mon', 'chardev=qmp,mode=control'],
];

/** The options of a machine that can be saved. A state that is saved as for Xen (./migration.ts) has no preamble, nor a description at its end. */
export const stateArguments = (isIncoming: boolean): string[] => [
	...['-global', 'migration.send-configuration=off', '-machine', 'suppress-vmdesc=on'],
	...(isIncoming ? ['-S', '-incoming', 'defer'] : []),
];

/** A PC of today without the parts that no guest here has a use for, each of which it would probe. */
const machineType = 'q35,sata=off,smbus=off,i8042=off,vmport=off,hpet=off';

/**
 * What QEMU itself gives up before a guest runs (seccomp(2)): to start programs, to gain privileges, to set priorities, and
 * system calls of old. What breaks out of a guest finds itself in there.
 */
const sandbox = 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny';

/** What every QEMU of this tool is started with, the canary too. A machine that reboots ends instead. */
export function commonArguments(accelerator: Accelerator, processors = 1, machine = machineType): string[] {
	return [
		...['-machine', machine],
		...['-accel', accelerator.accel],
		...['-cpu', accelerator.cpu],
		...['-smp', String(processors)],
		'-nodefaults',
		'-no-user-config',
		'-no-reboot',
		...['-display', 'none'],
		...['-sandbox', sandbox],
	];
}

// Not reserved: a plan may give its machines more than the host has, as long as they do not touch it.
const backend = ({ file, isShared }: GuestMemory): string =>
	`mem-path=${escape(file)},${isShared ? 'share=on' : 'share=off,readonly=on,rom=off,reserve=off'}`;

/** A value of an option that takes JSON. */
export const json = (value: object): string => JSON.stringify(value);

/** The name of the block device's first node; the overlay that a saved machine goes on with has another. */
export const diskNode = 'disk';

/** A qcow2 file that a guest writes to. It does not outlive the run: nothing on it need ever reach the host's disk. */
export const overlay = (nodeName: string, filename: string, backing: object | null): object => ({
	'node-name': nodeName,
	driver: 'qcow2',
	cache: { 'no-flush': true },
	file: { driver: 'file', filename },
	backing,
});

/** The whole chain of backing files, given explicitly: the paths in the files themselves may have moved since. */
function disk({ overlayFile, layers, rootFile }: Pick<MachineSpec, 'overlayFile' | 'layers' | 'rootFile'>): object {
	const root = { driver: 'raw', 'read-only': true, file: { driver: 'file', filename: rootFile } };
	const frozen = layers.reduceRight<object>(
		(backing, filename) => ({ driver: 'qcow2', 'read-only': true, file: { driver: 'file', filename }, backing }),
		root,
	);
	return overlay(diskNode, overlayFile, frozen);
}

const seed = (filename: string): object => ({
	'node-name': 'seed',
	driver: 'raw',
	'read-only': true,
	file: { driver: 'file', filename },
});

/** A value within a comma-separated option: a comma is written twice. */
export const escape = (value: string): string => value.replaceAll(',', ',,');
