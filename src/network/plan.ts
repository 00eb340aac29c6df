import { uplink } from '../lab/addressing.js';
import type { Lab, LabNode } from '../lab/lab.js';
import type { Argv } from '../process/run.js';

/** The bridge that stands for the wire between a lab's machines. */
export const bridgeName = 'lab0';

/** The bridge's own address, the same in every run: a restored machine still knows its gateway by it. */
export const bridgeMac = '52:54:00:71:00:01';

/** The tap device of the node with this index; an interface's name has at most 15 bytes. */
export const tapName = (index: number): string => `tap${index}`;

/**
 * Commands for `ip -batch` that make a lab's wire: bridge, a tap for each node, both networks' gateway addresses.
 * The kernel refuses what leaves the lab at once instead of dropping it, so that a script that needs the world fails now
 * and not after a time-out.
 */
export function networkCommands(lab: Pick<Lab, 'nodes' | 'network'>): string {
	const lines = [
		'link set lo up',
		`link add ${bridgeName} address ${bridgeMac} type bridge stp_state 0 forward_delay 0`,
		`address add ${uplink.gateway}/${uplink.prefixLength} dev ${bridgeName}`,
		...[lab.network, ...(lab.network.others ?? [])].map(({ gateway }) => `address add ${gateway} dev ${bridgeName}`),
		`link set ${bridgeName} up`,
		...lab.nodes.flatMap((_node, index) => [
			`tuntap add ${tapName(index)} mode tap`,
			`link set ${tapName(index)} master ${bridgeName} up`,
		]),
		'route add unreachable default',
	];
	return `${lines.join('\n')}\n`;
}

/**
 * Commands for `ip -batch` that have the kernel drop DNS questions to the world outside, for a watcher to answer: after
 * the kernel's "unreachable" a resolver would ask again and again. Questions within the lab go their way (ip-rule(8)).
 */
export const dropQuestionCommands = (): string =>
	['lookup main suppress_prefixlength 0', 'blackhole']
		.map((action, index) => `rule add pref ${100 + index} iif ${bridgeName} ipproto udp dport 53 ${action}\n`)
		.join('');

/** Commands that undo `dropQuestionCommands`. */
export const passQuestionCommands = (): string => 'rule del pref 100\nrule del pref 101\n';

/**
 * The DNS server of nodes whose recipe names none, as a network gives one by DHCP. It is in the world outside (RFC 5737 keeps
 * the address for documentation), so that questions to it are reported.
 */
const dnsServer = '192.0.2.53';

/** The DHCP server's command: a fixed lease for each node, the gateway, a DNS server where it has none (dnsmasq(8)). */
export function dhcpArgv(lab: { readonly nodes: readonly Pick<LabNode, 'mac' | 'uplinkAddress' | 'dns'>[] }, leaseFile: string): Argv {
	return [
		'dnsmasq',
		'--conf-file=/dev/null',
		'--keep-in-foreground',
		'--log-facility=-',
		// In a user namespace with one user there is nobody to become.
		'--user=',
		'--group=',
		'--pid-file=',
		'--port=0',
		`--interface=${bridgeName}`,
		'--bind-interfaces',
		'--dhcp-authoritative',
		// Without it the server waits for three seconds to see whether an address is in use.
		'--no-ping',
		// A name that a node sends along would come back to it in the lease, which is to have none.
		'--dhcp-ignore-names',
		`--dhcp-leasefile=${leaseFile}`,
		`--dhcp-range=${uplink.network},static,infinite`,
		`--dhcp-option=option:router,${uplink.gateway}`,
		`--dhcp-option=tag:without-dns,option:dns-server,${dnsServer}`,
		...lab.nodes.map((node) => `--dhcp-host=${leaseOf(node)}`),
	];
}

// Without a host name: the node has its own from the seed, and networkd would start systemd-hostnamed to be refused another.
const leaseOf = ({ mac, uplinkAddress, dns }: Pick<LabNode, 'mac' | 'uplinkAddress' | 'dns'>): string =>
	`${mac}${dns.length === 0 ? ',set:without-dns' : ''},${uplinkAddress},infinite`;
