import test from 'ava';
import { outboundFilter, filterText, type Instruction } from '../../../src/network/outbound-filter.js';

/** What the kernel's machine does with the instructions that the filter is made of: the bytes that it lets through. */
function filtered(program: readonly Instruction[], packet: Buffer): number {
	let accumulator = 0;
	let index = 0;
	for (let at = 0; ; at++) {
		const { code, jt, jf, k } = program[at] ?? { code: 0, jt: 0, jf: 0, k: 0 };
		const jump = (holds: boolean) => (at += holds ? jt : jf);
		// A load behind the packet's end is the end (packet filters of the kernel: 0 bytes are let through).
		const read = (from: number, bytes: number) => (from + bytes > packet.length ? undefined : packet.readUIntBE(from, bytes));
		let loaded: number | undefined = accumulator;
		if (code === 0x20) loaded = read(k, 4);
		else if (code === 0x28) loaded = read(k, 2);
		else if (code === 0x30) loaded = read(k, 1);
		else if (code === 0x50) loaded = read(index + k, 1);
		else if (code === 0xb1) index = ((packet[k] ?? 0) & 0x0f) * 4;
		else if (code === 0x54) loaded = (accumulator & k) >>> 0;
		else if (code === 0x15) jump(accumulator === k);
		else if (code === 0x35) jump(accumulator >= k);
		else if (code === 0x45) jump((accumulator & k) !== 0);
		else if (code === 0x06) return k;
		else throw new Error(`no instruction at ${at}`);
		if (loaded === undefined) return 0;
		accumulator = loaded;
	}
}

interface Packet {
	readonly to: string;
	readonly protocol: number;
	/** What follows the header. */
	readonly rest: readonly number[];
	readonly fragment?: number;
	readonly options?: number;
}

function packetOf({ to, protocol, rest, fragment = 0, options = 0 }: Packet): Buffer {
	const header = Buffer.alloc(20 + options * 4);
	header[0] = 0x45 + options;
	header.writeUInt16BE(fragment, 6);
	header[9] = protocol;
	header.set(to.split('.').map(Number), 16);
	return Buffer.concat([header, Buffer.from(rest)]);
}

const tcp = (flags: number): number[] => [0x92, 0x80, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 0, 0xa0, flags, 0, 0, 0, 0, 0, 0];
const udp = [0xc5, 0x0f, 0x00, 0x35, 0x00, 0x08, 0, 0];
const echo = (type: number): number[] => [type, 0, 0, 0, 0, 0, 0, 0];

const program = outboundFilter(['10.73.0.0/24']);
const passes = test.macro((t, packet: Packet, expected: boolean) => {
	t.is(filtered(program, packetOf(packet)) > 0, expected);
});

test('the start of a TCP connection', passes, { to: '203.0.113.5', protocol: 6, rest: tcp(0x02) }, true);
test('the same with flags for congestion (RFC 3168)', passes, { to: '203.0.113.5', protocol: 6, rest: tcp(0xc2) }, true);
test('the same behind options', passes, { to: '203.0.113.5', protocol: 6, rest: tcp(0x02), options: 3 }, true);
test('the answer to one', passes, { to: '203.0.113.5', protocol: 6, rest: tcp(0x12) }, false);
test('what follows', passes, { to: '203.0.113.5', protocol: 6, rest: tcp(0x18) }, false);
test('a UDP datagram', passes, { to: '1.1.1.1', protocol: 17, rest: udp }, true);
test('a first fragment', passes, { to: '1.1.1.1', protocol: 17, rest: udp, fragment: 0x2000 }, true);
test('a later fragment', passes, { to: '1.1.1.1', protocol: 17, rest: udp, fragment: 0x00b9 }, false);
test('an echo request', passes, { to: '192.0.2.7', protocol: 1, rest: echo(8) }, true);
test('an echo reply', passes, { to: '192.0.2.7', protocol: 1, rest: echo(0) }, false);
test('another protocol', passes, { to: '192.0.2.7', protocol: 47, rest: udp }, false);
test('half a header', passes, { to: '192.0.2.7', protocol: 6, rest: [1] }, false);
test('a node of the lab', passes, { to: '10.73.0.20', protocol: 6, rest: tcp(0x02) }, false);
test("the lab's broadcast address", passes, { to: '10.73.0.255', protocol: 17, rest: udp }, false);
test('beside the lab network', passes, { to: '10.73.1.20', protocol: 6, rest: tcp(0x02) }, true);
test('the gateway', passes, { to: '10.0.2.1', protocol: 17, rest: udp }, false);
test('everybody', passes, { to: '255.255.255.255', protocol: 17, rest: udp }, false);
test('a multicast group', passes, { to: '224.0.0.251', protocol: 17, rest: udp }, false);
test('the last address below multicast', passes, { to: '223.255.255.255', protocol: 17, rest: udp }, true);

test('networks of other sizes', (t) => {
	const wide = outboundFilter(['172.16.0.0/12']);
	t.is(filtered(wide, packetOf({ to: '172.31.255.1', protocol: 17, rest: udp })), 0);
	t.true(filtered(wide, packetOf({ to: '172.32.0.1', protocol: 17, rest: udp })) > 0);
});

test('the text is one number an instruction', (t) => {
	t.is(filterText([{ code: 0x15, jt: 1, jf: 2, k: 0xe000_0000 }, { code: 6, jt: 0, jf: 0, k: 0 }]), '00150102e0000000' + '0006000000000000');
	t.is(filterText(program).length, 16 * program.length);
});
