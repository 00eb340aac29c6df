/** The addresses of the lab network. */
import {
	addressKind,
	collidesWithUplink,
	firstFreeHost,
	parseCidr,
	uplink,
	type Cidr,
} from '../../lab/addressing.js';
import { quote } from '../problems.js';
import { mainSubnet } from '../resolve-network.js';
import type { PlanPath } from '../types.js';
import type { CheckContext } from './context.js';

/** A node's alias, taken apart. */
interface Alias extends Cidr {
	readonly path: PlanPath;
	readonly node: string;
}

/** Loopback, "this network", multicast and reserved (RFC 6890): no node can have such an address. */
const isUnusable = (address: string): boolean => {
	const first = Number.parseInt(address, 10);
	return first === 0 || first === 127 || first >= 224;
};

/** Subnet, gateway and aliases: well-formed, distinct, within each other, clear of the uplink. */
export function checkAddresses(context: CheckContext): void {
	const aliases = readAliases(context);
	const planned = checkSubnet(context);
	const subnets = byFrequency(aliases.map((alias) => alias.subnet));
	checkBridge(context, planned, aliases);
	const usual = planned ?? subnets[0];
	const clashes = overlaps(subnets);
	const taken = new Map<string, string>();
	for (const alias of aliases) {
		const { path } = alias;
		if (usual !== undefined && alias.subnet !== usual) {
			checkOtherSubnet(context, alias, usual, planned !== undefined, clashes.get(alias.subnet), aliases);
		}
		const first = taken.get(alias.address);
		if (first !== undefined) {
			context.report('alias-unique', path, `${first} has ${alias.address} already`, 'give each node its own address');
		}
		taken.set(alias.address, first ?? alias.node);
		checkReserved(context, alias);
	}
}

/**
 * A lab may have several subnets on its wire, as long as no address is in two of them and somebody else is in each.
 * `clash` is a more common subnet that overlaps that of the alias.
 */
function checkOtherSubnet(
	context: CheckContext,
	alias: Alias,
	subnet: string,
	isPlanned: boolean,
	clash: string | undefined,
	aliases: readonly Alias[],
): void {
	if (isPlanned || context.isCompact) {
		const whose = isPlanned ? 'the plan has' : 'the other aliases are in';
		const fix = `take an address of ${subnet}, with its prefix length`;
		context.report('alias-subnet', alias.path, `it is in ${alias.subnet}, ${whose} ${subnet}`, fix);
	} else if (clash !== undefined) {
		const fix = `take an address of ${clash}, with its prefix length, or of a subnet that does not overlap it`;
		context.report('alias-subnet', alias.path, `it is in ${alias.subnet}, which overlaps ${clash} of other aliases`, fix);
	} else if (aliases.some(({ node }) => node !== alias.node) && !aliases.some(({ node, subnet: other }) => node !== alias.node && other === alias.subnet)) {
		const fix = `take an address of ${subnet}, or give another node one of ${alias.subnet}`;
		context.report('alias-alone', alias.path, `no other node has an address in ${alias.subnet}`, fix);
	}
}

function readAliases(context: CheckContext): Alias[] {
	return context.document.nodes.flatMap((node, index) =>
		node.alias.flatMap((text, at) => {
			const path = ['nodes', index, 'alias', at];
			const cidr = parseCidr(text);
			if (cidr) return [{ ...cidr, path, node: node.name }];
			const fix = 'write an IPv4 address with prefix length, such as 10.71.0.10/24';
			context.report('alias-syntax', path, `${quote(text)} is no address with prefix length`, fix);
			return [];
		}),
	);
}

/** The subnet that the plan names, in canonical form, when it names a good one. */
function checkSubnet(context: CheckContext): string | undefined {
	const subnet = context.document.network?.subnet;
	if (subnet === undefined) return undefined;
	const cidr = parseCidr(subnet);
	if (!cidr || addressKind(cidr) !== 'network') {
		const fix = cidr ? `write ${cidr.subnet}` : 'write one such as 10.71.0.0/24';
		context.report('network-invalid', ['network', 'subnet'], `"${subnet}" is no subnet`, fix);
	}
	return cidr?.subnet;
}

/** The bridge has an address in each subnet: the given gateway in the main one, a free address elsewhere. */
function checkBridge(context: CheckContext, planned: string | undefined, aliases: readonly Alias[]): void {
	const { network, nodes } = context.document;
	const subnets = [...new Set(aliases.map((alias) => alias.subnet))];
	// Of aliases that are all malformed nothing follows: they have findings of their own.
	if (planned === undefined && subnets.length === 0 && nodes.some(({ alias }) => alias.length > 0)) return;
	const main = mainSubnet(planned, network?.gateway, subnets);
	checkGateway(context, main);
	for (const subnet of new Set([main, ...subnets])) {
		if (network?.gateway === undefined || subnet !== main) checkAddressSpace(context, subnet);
	}
}

function checkGateway(context: CheckContext, subnet: string): void {
	const gateway = context.document.network?.gateway;
	if (gateway === undefined) return;
	const cidr = parseCidr(gateway.includes('/') ? gateway : `${gateway}${subnet.slice(subnet.indexOf('/'))}`);
	const message =
		!cidr ? `"${gateway}" is no IPv4 address`
		: cidr.subnet !== subnet ? `${gateway} is not in ${subnet}`
		: addressKind(cidr) !== 'host' ? `${gateway} is the ${addressKind(cidr)} address of ${subnet}`
		: undefined;
	if (message === undefined) return;
	const fix = 'write a free address of the subnet, or leave it out';
	context.report('network-invalid', ['network', 'gateway'], message, fix);
}

function checkAddressSpace(context: CheckContext, subnet: string): void {
	if (firstFreeHost(subnet, context.document.nodes.flatMap(({ alias }) => alias)) === undefined) {
		const fix = 'take a larger subnet (a shorter prefix)';
		context.report('network-invalid', ['nodes'], `${subnet} has no address left for the gateway`, fix);
	}
}

function checkReserved(context: CheckContext, alias: Alias): void {
	const { path } = alias;
	const gateway = context.document.network?.gateway?.replace(/\/\d+$/, '');
	const kind = addressKind(alias);
	const what =
		alias.address === gateway ? "the lab's gateway"
		: kind !== 'host' ? `the ${kind} address of ${alias.subnet}`
		: isUnusable(alias.address) ? 'an address that no machine can have on a network'
		: undefined;
	if (what !== undefined) {
		context.report('alias-reserved', path, `${alias.address} is ${what}`, 'take a free host address');
	}
	if (collidesWithUplink(alias.subnet)) {
		const fix = 'move the aliases to another subnet, such as 10.71.0.0/24';
		context.report('alias-uplink', path, `${alias.subnet} meets ${uplink.subnet}, on which every node has its lease`, fix);
	}
}

/** Each value once, the most common ones first; of equally common ones the one that comes first. */
function byFrequency(values: readonly string[]): string[] {
	const counts = new Map<string, number>();
	for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
	return [...counts].sort((a, b) => b[1] - a[1]).map(([value]) => value);
}

/**
 * The subnets that overlap an earlier one of the list, each with that one. Of two that overlap, the one holds the other:
 * each is looked for among the wider networks around it, since a plan may have too many to compare them all in pairs.
 */
function overlaps(subnets: readonly string[]): ReadonlyMap<string, string> {
	const ranks = new Map(subnets.map((subnet, rank) => [subnet, rank]));
	const lengths = [...new Set(subnets.map((subnet) => Number(subnet.slice(subnet.indexOf('/') + 1))))];
	const clashes = new Map<string, string>();
	for (const [inner, rank] of ranks) {
		const [network, ownLength] = inner.split('/');
		for (const length of lengths.filter((one) => one < Number(ownLength))) {
			const outer = parseCidr(`${network}/${length}`)?.subnet ?? '';
			const outerRank = ranks.get(outer);
			if (outerRank === undefined) continue;
			if (outerRank < rank) clashes.set(inner, outer);
			else clashes.set(outer, inner);
		}
	}
	return clashes;
}
