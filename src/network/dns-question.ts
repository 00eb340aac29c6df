/** The question of a DNS message (RFC 1035, section 4). */

export interface DnsQuestion {
	/** As it was asked, without the dot at its end; `.` for the root. Bytes that are no letters are escaped: `\009`. */
	readonly name: string;
	/** Such as `A`; `TYPE64` for one that has no name here (RFC 3597). */
	readonly type: string;
}

/** Names of the types that programs ask for (IANA, DNS parameters). */
const types: Readonly<Record<number, string>> = {
	1: 'A',
	2: 'NS',
	5: 'CNAME',
	6: 'SOA',
	12: 'PTR',
	15: 'MX',
	16: 'TXT',
	28: 'AAAA',
	33: 'SRV',
	35: 'NAPTR',
	43: 'DS',
	48: 'DNSKEY',
	65: 'HTTPS',
	255: 'ANY',
};

const headerBytes = 12;

/** Reads the first question of a query; `undefined` for anything that is no query. */
export function readDnsQuestion(message: Uint8Array): DnsQuestion | undefined {
	const bytes = Buffer.from(message.buffer, message.byteOffset, message.byteLength);
	// A response has its first bit set; an opcode other than 0 asks for something else (RFC 1035, 4.1.1).
	if (bytes.length < headerBytes || (bytes.readUInt16BE(2) & 0xf800) !== 0 || bytes.readUInt16BE(4) === 0) return undefined;
	const labels: string[] = [];
	let at = headerBytes;
	for (;;) {
		const length = bytes[at];
		// The first name of a message has nothing before it that it could point to.
		if (length === undefined || length > 63) return undefined;
		at += 1;
		if (length === 0) break;
		if (at + length > bytes.length) return undefined;
		labels.push(escapeLabel(bytes.subarray(at, at + length)));
		at += length;
	}
	if (at + 4 > bytes.length) return undefined;
	const type = bytes.readUInt16BE(at);
	return { name: labels.join('.') || '.', type: types[type] ?? `TYPE${type}` };
}

/** In the notation of zone files (RFC 1035, 5.1). */
const escapeLabel = (label: Uint8Array): string =>
	Array.from(label, (byte) => {
		const character = String.fromCharCode(byte);
		if (byte <= 0x20 || byte >= 0x7f) return `\\${String(byte).padStart(3, '0')}`;
		return character === '.' || character === '\\' ? `\\${character}` : character;
	}).join('');
