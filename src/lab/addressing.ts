/**
 * Addresses of the two networks of a lab (IPv4 only, as OpenFactory's labs are): the lab network of the aliases, and
 * the uplink that gives each node its lease and default route. The only place that imports ip-num.
 */
import { createRequire } from 'node:module';
import { sha256 } from '../base/hash.js';

// Required, not imported: to find the names that a CommonJS package exports, Node reads all of this one's files with
// a parser of its own, which took 90 ms where the package itself takes 20, and `check` is to be quick. The build joins in
// what is required by the name `require`, which a module that is not built has not.
const { IPv4, IPv4CidrRange } = (typeof require === 'function' ? require('ip-num') : createRequire(import.meta.url)('ip-num')) as typeof import('ip-num');

/** The uplink. The numbers are those of QEMU's user network, where the runner of OpenFactory gives its leases. */
export const uplink = {
	subnet: '10.0.2.0/24',
	network: '10.0.2.0',
	prefixLength: 24,
	/** The bridge's own address: DHCP server and default route of every node. */
	gateway: '10.0.2.1',
	firstLease: '10.0.2.11',
	lastLease: '10.0.2.254',
} as const;

/** An address with its prefix length, taken apart. Every address is in dotted decimal. */
export interface Cidr {
	readonly address: string;
	/** Bits, 0 to 32. */
	readonly prefixLength: number;
	/** The network in its canonical form, such as `10.71.0.0/24`. */
	readonly subnet: string;
	readonly network: string;
	readonly broadcast: string;
}

/** Takes `10.71.0.10/24` apart; `undefined` for anything else, such as a missing prefix length or a leading zero. */
export function parseCidr(text: string): Cidr | undefined {
	if (!/^\d+\.\d+\.\d+\.\d+\/(0|[1-9]\d?)$/.test(text)) return undefined;
	try {
		const range = IPv4CidrRange.fromCidr(text);
		const network = range.getFirst().toString();
		const prefixLength = Number(range.getPrefix().getValue());
		return {
			address: text.slice(0, text.indexOf('/')),
			prefixLength,
			subnet: `${network}/${prefixLength}`,
			network,
			broadcast: range.getLast().toString(),
		};
	} catch {
		// ip-num throws for an octet above 255 and a prefix above 32.
		return undefined;
	}
}

/** Whether the text is an address in dotted decimal, without a prefix length. */
export const isAddress = (text: string): boolean => parseCidr(`${text}/32`) !== undefined;

/** What an address is within its own subnet. A subnet without room for hosts (/31, /32) has none of them. */
export type AddressKind = 'host' | 'network' | 'broadcast';

/** Whether a machine can have the address, or which of the two it is that none can. */
export function addressKind(cidr: Cidr): AddressKind {
	if (cidr.address === cidr.network) return 'network';
	return cidr.address === cidr.broadcast ? 'broadcast' : 'host';
}

/** Whether two subnets (or addresses with prefix length) share an address; false when one of them is none. */
export function overlap(one: string, other: string): boolean {
	if (!parseCidr(one) || !parseCidr(other)) return false;
	return IPv4CidrRange.fromCidr(one).isOverlapping(IPv4CidrRange.fromCidr(other));
}

/** Whether an address (without prefix length) lies in a subnet; false when one of them is malformed. */
export const isInside = (address: string, subnet: string): boolean => overlap(`${address}/32`, subnet);

/** Whether any part of the subnet meets the uplink, so that a node's two addresses would be ambiguous. */
export const collidesWithUplink = (subnet: string): boolean => overlap(subnet, uplink.subnet);

/**
 * The first host address of the subnet that nobody has, with prefix length, such as `10.71.0.1/24`; `undefined` when
 * all are taken. `taken` are addresses with or without prefix length.
 */
export function firstFreeHost(subnet: string, taken: readonly string[]): string | undefined {
	const cidr = parseCidr(subnet);
	if (!cidr) return undefined;
	const occupied = new Set(taken.map((address) => address.replace(/\/.*$/, '')));
	const last = new IPv4(cidr.broadcast).getValue();
	for (let value = new IPv4(cidr.network).getValue() + 1n; value < last; value++) {
		const address = IPv4.fromNumber(value).toString();
		if (!occupied.has(address)) return `${address}/${cidr.prefixLength}`;
	}
	return undefined;
}

/** How many nodes the uplink has leases for. */
export const maximumNodes = Number(
	new IPv4(uplink.lastLease).getValue() - new IPv4(uplink.firstLease).getValue() + 1n,
);

/** The uplink lease of the node at `index` of the plan: `10.0.2.11`, `10.0.2.12`, … `RangeError` beyond the last. */
export function uplinkAddress(index: number): string {
	if (index < 0 || index >= maximumNodes) throw new RangeError(`the uplink has no lease for node ${index}`);
	return IPv4.fromNumber(new IPv4(uplink.firstLease).getValue() + BigInt(index)).toString();
}

/**
 * A MAC address for each name, unique among them, in QEMU's locally administered `52:54:00`. The rest comes from the
 * name, so that an address survives the reordering of a plan (and with it the seeds and checkpoints that hold it).
 */
export function macAddresses(names: readonly string[]): string[] {
	const given = new Set<string>();
	return names.map((name) => {
		for (let attempt = 0; ; attempt++) {
			const digits = sha256(attempt === 0 ? name : `${name}#${attempt}`).slice(0, 6);
			const mac = `52:54:00:${digits.slice(0, 2)}:${digits.slice(2, 4)}:${digits.slice(4, 6)}`;
			if (!given.has(mac)) {
				given.add(mac);
				return mac;
			}
		}
	});
}
