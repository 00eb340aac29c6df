import { quote } from '../base/shell.js';
import { GuestConnectionError } from '../machine/connection-error.js';
import { commandCheck, expected, judgement, sawEnding, type AssertionOf, type Check, type Look } from './check.js';

/** One ICMP echo request with an answer awaited for 2 s, for guests without ping(8). Needs root. */
const pingInPython = `
import os, select, socket, struct, sys, time
family, _, _, _, address = socket.getaddrinfo(sys.argv[1], None)[0]
v6 = family == socket.AF_INET6
link = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if v6 else socket.IPPROTO_ICMP)
request, reply = (128, 129) if v6 else (8, 0)
words = (request << 8, 0, os.getpid() & 0xffff, 1)
total = sum(words)
# The kernel fills in the checksum of ICMPv6 only.
checksum = 0 if v6 else ~((total & 0xffff) + (total >> 16)) & 0xffff
link.sendto(struct.pack('!4H', words[0], checksum, *words[2:]), address)
until = time.monotonic() + 2
while (left := until - time.monotonic()) > 0 and select.select([link], [], [], left)[0]:
    packet = link.recv(1500)
    start = 0 if v6 else (packet[0] & 15) * 4
    if packet[start] == reply and packet[start + 4:start + 8] == struct.pack('!2H', *words[2:]):
        sys.exit(0)
sys.exit('no answer within 2 s')
`.trim();

const ping = commandCheck<AssertionOf<'network_reachable'>>({
	title: ({ host }) => `${host} is reachable`,
	probe: ({ host }) =>
		[
			`if command -v ping >/dev/null; then ping -c 1 -W 2 -- ${quote(host)}`,
			`else python3 -c ${quote(pingInPython)} ${quote(host)}; fi`,
		].join('\n'),
	judge: ({ host }, result) => judgement(result.exitCode === 0, `an answer of ${host} to a ping`, sawEnding(result)),
});

/** With a port, a TCP connection from the guest; without, a ping. */
export const networkReachable: Check<AssertionOf<'network_reachable'>> = {
	title: ({ host, port }) => `${host}${port === undefined ? '' : `:${port}`} is reachable`,
	look: async (assertion, context): Promise<Look> => {
		const { host, port } = assertion;
		if (port === undefined) return ping.look(assertion, context);
		const what = `a connection to ${host}:${port}`;
		try {
			const socket = await context.guest.connect(host, port, context);
			socket.destroy();
			return { ...judgement(true, what, 'one'), output: '' };
		} catch (error) {
			if (error instanceof GuestConnectionError) return { ...expected(what, error.message), output: '' };
			throw error;
		}
	},
};

/** A machine that runs a command has booted. */
export const vmBoots = commandCheck<AssertionOf<'vm_boots'>>({
	title: ({ onVm }) => `${onVm} boots`,
	probe: () => 'true',
	judge: ({ onVm }, result) => judgement(result.exitCode === 0, `${onVm} up`, sawEnding(result)),
});
