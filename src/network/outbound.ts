/** What a node tried to reach outside the lab, read from the packet that it tried with. */
import { ipProtocol } from './outbound-filter.js';
import { readDnsQuestion } from './dns-question.js';
import type { OutboundConnection } from '../lab/events.js';

/** A line of `watch-packets.pl`: time, MAC address, packet. */
const packetLine = /^(\d+\.\d{6}) ([0-9a-f:]{17}) ((?:[0-9a-f]{2})+)$/;

const dnsPort = 53;
const udpHeaderBytes = 8;

/**
 * Reads a line of the watcher, the start of a packet that `outboundFilter` lets through.
 * @returns nothing for a line that is none, and for the packet of somebody who is no node of the lab
 */
export function readConnection(line: string, nodes: readonly { readonly name: string; readonly mac: string }[]): OutboundConnection | undefined {
	const [, time, mac, digits = ''] = packetLine.exec(line) ?? [];
	const node = nodes.find((candidate) => candidate.mac === mac)?.name;
	if (node === undefined) return undefined;
	const packet = Buffer.from(digits, 'hex');
	if (packet.length < 20) return undefined;
	const address = packet.subarray(16, 20).join('.');
	const payload = packet.subarray((packet.readUInt8(0) & 0x0f) * 4);
	const common = { node, seenAt: Math.round(Number(time) * 1000), address };
	const protocol = packet.readUInt8(9);
	if (protocol === ipProtocol.icmp) return { ...common, protocol: 'icmp' };
	if (protocol !== ipProtocol.tcp && protocol !== ipProtocol.udp) return undefined;
	if (payload.length < 4) return undefined;
	const port = payload.readUInt16BE(2);
	if (protocol === ipProtocol.tcp) return { ...common, protocol: 'tcp', port };
	const question = port === dnsPort ? readDnsQuestion(payload.subarray(udpHeaderBytes)) : undefined;
	return { ...common, protocol: 'udp', port, ...(question ? { question } : {}) };
}
