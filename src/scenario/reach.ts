import { quote } from '../base/shell.js';
import { GuestConnectionError } from '../machine/connection-error.js';
import { commandCheck, expected, judgement, sawEnding, type AssertionOf, type Check, type Look } from './check.js';

/** One ICMP echo request with an answer awaited for 2 s, for guests without ping(8): every Debian has this much of Perl. */
const pingInPerl = String.raw`
use Socket qw(getaddrinfo AF_INET6 SOCK_RAW);
# As ping(8) exits.
$SIG{__DIE__} = sub { print STDERR @_; exit 1 };
my ($error, $place) = getaddrinfo($ARGV[0], "");
die "$error\n" if $error;
my $v6 = $place->{family} == AF_INET6;
socket my $link, $place->{family}, SOCK_RAW, $v6 ? 58 : 1 or die "$!\n";
my ($request, $reply) = $v6 ? (128, 129) : (8, 0);
my @words = ($request << 8, 0, $$ & 0xffff, 1);
my $total = $words[0] + $words[2] + $words[3];
# The kernel fills in the checksum of ICMPv6 only.
$words[1] = ~(($total & 0xffff) + ($total >> 16)) & 0xffff unless $v6;
send $link, pack("n4", @words), 0, $place->{addr} or die "$!\n";
my $left = 2;
while ($left > 0) {
	vec(my $ready = "", fileno $link, 1) = 1;
	(my $count, $left) = select $ready, undef, undef, $left;
	last unless $count;
	recv $link, my $packet, 1500, 0;
	my $start = $v6 ? 0 : (ord($packet) & 15) * 4;
	exit 0 if unpack("C", substr $packet, $start) == $reply and substr($packet, $start + 4, 4) eq pack "n2", @words[2, 3];
}
die "no answer within 2 s\n";
`.trim();

const ping = commandCheck<AssertionOf<'network_reachable'>>({
	title: ({ host }) => `${host} is reachable`,
	probe: ({ host }) =>
		[
			`if command -v ping >/dev/null; then ping -c 1 -W 2 -- ${quote(host)}`,
			`else perl -e ${quote(pingInPerl)} -- ${quote(host)}; fi`,
		].join('\n'),
	judge: ({ host }, result) => judgement(result.exitCode === 0, `an answer of ${host} to a ping`, sawEnding(result)),
});

/** `network_reachable`: a TCP connection from the guest where there is a port, otherwise a ping. */
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

/** `vm_boots`: a machine that runs a command has booted. */
export const vmBoots = commandCheck<AssertionOf<'vm_boots'>>({
	title: ({ onVm }) => `${onVm} boots`,
	probe: () => 'true',
	judge: ({ onVm }, result) => judgement(result.exitCode === 0, `${onVm} up`, sawEnding(result)),
});
