import { isIPv6 } from 'node:net';
import { questionCheck, sawEnding, expected, type AssertionOf } from './check.js';
import { heldFor, oldestOwner } from './holding.js';

/** A socket that listens, as ss(8) prints it. */
export interface Listener {
	/** Without brackets and interface; `*` is every address of both families. */
	readonly address: string;
	readonly port: number;
}

/** Reads the output of `ss -Hltn` or `ss -Hlun`: state, two queue lengths, local address, peer. */
export const parseListeners = (output: string): Listener[] => output.split('\n').flatMap((line) => parseLocal(line.trim().split(/\s+/)[3] ?? '') ?? []);

/** Reads a local address and port as ss(8) prints them. */
function parseLocal(local: string): Listener | undefined {
	const [, address, port] = /^(.*):(\d+)$/.exec(local) ?? [];
	// IPv6 is in brackets, and the interface of a link-local address or of a bound socket follows a `%`. A socket of IPv6
	// that is bound to an address of IPv4, as those of Java are, is reached at that.
	const bound = address?.replace(/%[^\]]*|[[\]]/g, '').replace(/^::ffff:(?=[\d.]+$)/, '');
	return bound === undefined ? undefined : { address: bound, port: Number(port) };
}

/** Whether a socket bound to `bound` is reached at `wanted`: bound to it, or by a wildcard of its family. */
export function covers(bound: string, wanted: string): boolean {
	if (wanted === 'any') return true;
	if (wanted === 'localhost') return covers(bound, '127.0.0.1') || covers(bound, '::1');
	if (bound === '*' || canonical(bound) === canonical(wanted)) return true;
	return bound === (wanted.includes(':') ? '::' : '0.0.0.0');
}

/** An address as everybody writes it: one of IPv6 has many forms (RFC 5952). */
const canonical = (address: string): string => (isIPv6(address) ? new URL(`http://[${address}]/`).hostname.slice(1, -1) : address.toLowerCase());

/** `port_listening`: some socket listens on the port, at the address if one is named, and its process has run for a while. */
export const portListening = questionCheck<AssertionOf<'port_listening'>>({
	title: ({ port, protocol, address = 'any' }) =>
		`port ${port}/${protocol} listens${address === 'any' ? '' : ` on ${address}`}`,
	ask: ({ port, protocol }, guest, limits) => guest.listSockets(protocol, port, limits),
	judge: ({ port, protocol, address = 'any' }, result) => {
		const where = address === 'any' ? `port ${port}` : `${address}, port ${port}`;
		const what = `a ${protocol} listener on ${where}`;
		if (result.exitCode !== 0) return expected(what, sawEnding(result));
		const [sockets = '', owners = ''] = result.stdout.split('\n\n');
		const listeners = parseListeners(sockets);
		const onPort = listeners.filter((listener) => listener.port === port);
		const passed = onPort.some((listener) => covers(listener.address, address));
		const addresses = onPort.map((listener) => listener.address).join(' and ');
		if (passed) {
			// Of those that are reached there: somebody else may have had the port of another address for long.
			const { ageMs, unit } = oldestOwner(owners, (local) => covers(parseLocal(local)?.address ?? '', address)) ?? {};
			return heldFor(ageMs, what, `one on ${addresses}${unit === undefined ? '' : ` of ${unit}`}`);
		}
		if (onPort.length > 0) return expected(what, `one on ${addresses}`);
		const ports = [...new Set(listeners.map((listener) => listener.port))].sort((a, b) => a - b);
		return expected(what, ports.length === 0 ? 'none at all' : `listeners on ${ports.join(', ')} only`);
	},
});
