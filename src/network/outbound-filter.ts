/**
 * Which packets of a lab's wire are of interest: the first of each attempt to reach the world outside. The kernel
 * decides, by a program of classic BPF (packet(7), Documentation/networking/filter.rst), so that nobody is woken for
 * any other.
 */
import { parseCidr, uplink } from '../lab/addressing.js';

/** An instruction: code, how many to skip when a condition holds and when it does not, and its number. */
export interface Instruction {
	readonly code: number;
	readonly jt: number;
	readonly jf: number;
	readonly k: number;
}

/** Codes of linux/bpf_common.h, as sums of their parts; A is the accumulator, X the index register. */
const code = {
	/** A = the word, half word or byte at k. */
	word: 0x20,
	half: 0x28,
	byte: 0x30,
	/** A = the byte at X + k. */
	byteFromX: 0x50,
	/** X = the length of the IP header that begins at k. */
	headerLength: 0xb1,
	and: 0x54,
	isEqual: 0x15,
	isAtLeast: 0x35,
	hasAny: 0x45,
	return: 0x06,
} as const;

/** Offsets in an IPv4 header (RFC 791), and in what follows it. */
const offset = { fragment: 6, protocol: 9, destination: 16, tcpFlags: 13, icmpType: 0 } as const;

/** Numbers of protocols (RFC 1700). */
export const ipProtocol = { icmp: 1, tcp: 6, udp: 17 } as const;

const tcpFlags = { syn: 0x02, ack: 0x10 } as const;
const echoRequest = 8;
/** The first multicast address; the broadcast address is above it too. */
const firstMulticast = 0xe000_0000;
/** More than any packet has. */
const wholePacket = 0xffff;

/**
 * The program for a packet that begins with its IPv4 header. It lets through what goes to none of the lab's networks
 * nor to everybody, and is the first of its kind: a TCP connection's SYN, a UDP datagram, an ICMP echo request.
 */
export function outboundFilter(labSubnets: readonly string[]): readonly Instruction[] {
	const inside = [uplink.subnet, ...labSubnets].flatMap((subnet) => {
		const { network, prefixLength } = parseCidr(subnet) ?? { network: '0.0.0.0', prefixLength: 32 };
		return [
			load(code.word, offset.destination),
			{ code: code.and, jt: 0, jf: 0, k: maskOf(prefixLength) },
			// An end of its own: a jump over all that follows would have to be counted.
			...unless(code.isEqual, numberOf(network)),
		];
	});
	return [
		...inside,
		load(code.word, offset.destination),
		...unless(code.isAtLeast, firstMulticast),
		// Only the first fragment has the header that is looked at next.
		load(code.half, offset.fragment),
		...unless(code.hasAny, 0x1fff),
		load(code.headerLength, 0),
		load(code.byte, offset.protocol),
		{ code: code.isEqual, jt: 7, jf: 0, k: ipProtocol.udp },
		{ code: code.isEqual, jt: 3, jf: 0, k: ipProtocol.tcp },
		{ code: code.isEqual, jt: 0, jf: 6, k: ipProtocol.icmp },
		load(code.byteFromX, offset.icmpType),
		{ code: code.isEqual, jt: 3, jf: 4, k: echoRequest },
		load(code.byteFromX, offset.tcpFlags),
		{ code: code.and, jt: 0, jf: 0, k: tcpFlags.syn | tcpFlags.ack },
		{ code: code.isEqual, jt: 0, jf: 1, k: tcpFlags.syn },
		give(wholePacket),
		give(0),
	];
}

const load = (how: number, at: number): Instruction => ({ code: how, jt: 0, jf: 0, k: at });
const give = (bytes: number): Instruction => ({ code: code.return, jt: 0, jf: 0, k: bytes });

/** Ends the program with nothing when the condition holds. */
const unless = (condition: number, k: number): readonly Instruction[] => [{ code: condition, jt: 0, jf: 1, k }, give(0)];

const maskOf = (prefixLength: number): number => (prefixLength === 0 ? 0 : (0xffff_ffff << (32 - prefixLength)) >>> 0);

const numberOf = (address: string): number => address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0);

/** The program as `watch-packets.pl` takes it: 16 hexadecimal digits an instruction. */
export const filterText = (program: readonly Instruction[]): string =>
	program
		.map(({ code: number, jt, jf, k }) => [hex(number, 4), hex(jt, 2), hex(jf, 2), hex(k, 8)].join(''))
		.join('');

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
