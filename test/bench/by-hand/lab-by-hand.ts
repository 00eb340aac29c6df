/**
 * The lab as a competent person would start it without the tool: the command lines, as pure functions. What was left to
 * choose is chosen so that the baseline is fast rather than slow, and written down here.
 *
 * - The images are those that the tool built, with everything that it prepares in them, and the seeds are the tool's.
 *   Neither they nor the overlays' backing files count as work: they are there when the clock starts.
 * - QEMU is given what it cannot guess (memory, disks, network, where the console goes) and nothing else: its default
 *   machine, its default processor, its default translation buffer. There is no boot loader in the image, so kernel and
 *   initial ramdisk are given too, with the three words without which nothing would boot or be seen.
 * - The wire is like the tool's: a bridge, fixed leases, and a way out that refuses at once, so that nothing in a guest
 *   waits for an answer from the world.
 */

/** One machine: what its command line is made of. */
export interface ByHandMachine {
	readonly name: string;
	readonly memoryMiB: number;
	readonly diskMiB: number;
	readonly mac: string;
	readonly tap: string;
	/** Raw ext4 file system that the overlay is made over. */
	readonly rootFile: string;
	readonly kernelFile: string;
	readonly initrdFile: string;
	readonly overlayFile: string;
	readonly seedFile: string;
	readonly consoleFile: string;
	/** The lease on the uplink. */
	readonly address: string;
	readonly username: string;
	readonly password: string;
	/** `ssh-ed25519 AAAA…`, from the seed. */
	readonly hostKey: string;
}

/** The network of the uplink, as in the plan's namespace. */
export interface ByHandNetwork {
	/** The uplink's gateway and DHCP server, with prefix length. */
	readonly uplinkGateway: string;
	/** The first address of the range that dnsmasq leases from. */
	readonly uplinkNetwork: string;
	/** An address of the host in the lab network, with prefix length. */
	readonly labGateway: string;
}

/** A command: program and arguments. */
type Argv = readonly [string, ...string[]];

/** The command that makes a machine's disk. */
export const overlayArgv = ({ rootFile, overlayFile, diskMiB }: ByHandMachine): Argv => [
	...(['qemu-img', 'create', '-q'] as const),
	...['-f', 'qcow2', '-b', rootFile, '-F', 'raw'],
	...[overlayFile, `${diskMiB}M`],
];

/** The command that starts a machine. Without `-display none` it would look for a screen, which a server has not. */
export const qemuArgv = (machine: ByHandMachine): Argv => [
	'qemu-system-x86_64',
	...['-name', machine.name],
	...['-accel', 'tcg'],
	...['-m', String(machine.memoryMiB)],
	...['-kernel', machine.kernelFile],
	...['-initrd', machine.initrdFile],
	...['-append', 'root=/dev/vda rw console=ttyS0'],
	...['-drive', `file=${comma(machine.overlayFile)},if=virtio`],
	...['-drive', `file=${comma(machine.seedFile)},if=virtio,format=raw,readonly=on`],
	...['-netdev', `tap,id=net0,ifname=${machine.tap},script=no,downscript=no`],
	...['-device', `virtio-net-pci,netdev=net0,mac=${machine.mac}`],
	...['-serial', `file:${comma(machine.consoleFile)}`],
	...['-display', 'none'],
];

/** A value within a comma-separated option of QEMU: a comma is written twice. */
const comma = (value: string): string => value.replaceAll(',', ',,');

/** Input of `ip -batch`: a bridge with both gateways' addresses, a tap for each machine, no way out. */
export const networkBatch = (machines: readonly Pick<ByHandMachine, 'tap'>[], network: ByHandNetwork): string =>
	[
		'link set lo up',
		'link add br0 type bridge',
		`address add ${network.uplinkGateway} dev br0`,
		`address add ${network.labGateway} dev br0`,
		'link set br0 up',
		...machines.flatMap(({ tap }) => [`tuntap add ${tap} mode tap`, `link set ${tap} master br0 up`]),
		'route add unreachable default',
		'',
	].join('\n');

/** The DHCP server: a fixed lease for each machine. */
export const dnsmasqArgv = (
	machines: readonly Pick<ByHandMachine, 'mac' | 'address' | 'name'>[],
	network: ByHandNetwork,
	leaseFile: string,
): Argv => [
	'dnsmasq',
	...['--conf-file=/dev/null', '--keep-in-foreground', '--user=', '--group=', '--pid-file=', '--port=0'],
	...['--interface=br0', '--bind-interfaces', '--dhcp-authoritative', `--dhcp-leasefile=${leaseFile}`],
	`--dhcp-range=${network.uplinkNetwork},static,infinite`,
	`--dhcp-option=option:router,${network.uplinkGateway.replace(/\/.*$/, '')}`,
	...machines.map(({ mac, address, name }) => `--dhcp-host=${mac},${address},${name},infinite`),
];

/**
 * What is asked of each guest once it lets somebody in, by way of SSH: the end of cloud-init, then the end of the
 * startup scripts, which the seed's agent runs by itself where no host listens. `result.json` is what
 * `cloud-init status --wait` waits for too; looking for the file spares the guest a Python program that takes it
 * seconds under emulation. Ends with the scripts' status.
 */
export const waitCommand = [
	'until [ -e /run/cloud-init/result.json ]; do sleep 1; done',
	'until case $(systemctl show --property=SubState --value rehearse-agent.service) in exited|failed) true;; *) false;; esac',
	'do sleep 1; done',
	"! systemctl --quiet is-failed rehearse-agent.service 'startup-*.service'",
].join('\n');
