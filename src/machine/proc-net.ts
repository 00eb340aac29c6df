/** Reads the kernel's tables of sockets, routes and addresses (proc_pid_net(5)), which need no program in the guest. */
import { isIPv6 } from 'node:net';

/** Socket states that wait to be spoken to: TCP_LISTEN, and UDP without a peer (include/net/tcp_states.h). */
const waiting = { tcp: '0A', udp: '07' } as const;

/** Where the kernel's own choice of ports begins (ip_local_port_range): behind such a UDP port is a client. */
const firstEphemeral = 32_768;

/** What is listened on by `/proc/net/tcp` and its kind, such as `tcp 127.0.0.1:6379` or `tcp [::]:22`; each once. */
export function readPorts(protocol: 'tcp' | 'tcp6' | 'udp' | 'udp6', table: string): string[] {
	const name = protocol.startsWith('tcp') ? 'tcp' : 'udp';
	const listening = table.split('\n').flatMap((line) => {
		const [, local = '', , state = ''] = line.trim().split(/\s+/);
		const [address = '', port = ''] = local.split(':');
		const number = Number.parseInt(port, 16);
		if (state !== waiting[name] || (name === 'udp' && number >= firstEphemeral)) return [];
		return [`${name} ${bracketed(readHexAddress(address))}:${number}`];
	});
	return [...new Set(listening)];
}

const bracketed = (address: string): string => (isIPv6(address) ? `[${address}]` : address);

/** An address as the tables have it: words of 32 bits, each in the byte order of a little-endian host. */
function readHexAddress(hex: string): string {
	const words = hex.match(/.{8}/g) ?? [];
	const bytes = words.flatMap((word) => (word.match(/../g) ?? []).toReversed().map((byte) => Number.parseInt(byte, 16)));
	return bytes.length === 4 ? bytes.join('.') : compressed(bytes);
}

/** An IPv6 address of 16 bytes in its usual form (RFC 5952). */
function compressed(bytes: readonly number[]): string {
	const pairs = Array.from({ length: 8 }, (_none, index) => ((bytes[2 * index] ?? 0) * 256 + (bytes[2 * index + 1] ?? 0)).toString(16));
	return new URL(`http://[${pairs.join(':')}]/`).hostname.slice(1, -1);
}

/** IPv6 scopes in `/proc/net/if_inet6` that are nobody's doing: the loopback and link-local addresses. */
const ownScopes = ['10', '20'];

/**
 * The machine's addresses, such as `10.71.0.10/24 on enp0s3`, in their order. IPv4's prefix lengths and interfaces are
 * those of the connected route that holds the address; one without such a route is listed without them.
 * @param trie `/proc/net/fib_trie`
 * @param routes `/proc/net/route`
 * @param inet6 `/proc/net/if_inet6`
 */
export function readAddresses(trie: string, routes: string, inet6: string): string[] {
	const own = [...trie.matchAll(/\|-- (\S+)\n\s+\/32 host LOCAL/g)].map(([, address = '']) => address);
	const connected = readConnected(routes);
	const ipv4 = [...new Set(own)]
		.filter((address) => !address.startsWith('127.'))
		.map((address) => {
			const holding = connected
				.filter(({ network, mask }) => ((toNumber(address) & mask) >>> 0) === network)
				.toSorted((one, other) => other.mask - one.mask)[0];
			return holding ? `${address}/${prefixLength(holding.mask)} on ${holding.name}` : address;
		});
	const ipv6 = inet6.split('\n').flatMap((line) => {
		const [hex = '', , prefix = '', scope = '', , name = ''] = line.trim().split(/\s+/);
		if (name === '' || ownScopes.includes(scope)) return [];
		const bytes = (hex.match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
		return [`${compressed(bytes)}/${Number.parseInt(prefix, 16)} on ${name}`];
	});
	return [...ipv4, ...ipv6].toSorted();
}

interface ConnectedRoute {
	readonly name: string;
	readonly network: number;
	readonly mask: number;
}

/** The routes without a gateway to more than one host. */
function readConnected(routes: string): ConnectedRoute[] {
	return routes.split('\n').flatMap((line) => {
		const [name = '', destination = '', gateway = '', , , , , mask = ''] = line.trim().split(/\s+/);
		if (gateway !== '00000000' || ['00000000', 'FFFFFFFF'].includes(mask)) return [];
		return [{ name, network: toNumber(readHexAddress(destination)), mask: toNumber(readHexAddress(mask)) }];
	});
}

const toNumber = (address: string): number => address.split('.').reduce((total, byte) => total * 256 + Number(byte), 0);

const prefixLength = (mask: number): number => mask.toString(2).replaceAll('0', '').length;
