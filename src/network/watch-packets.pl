# watch-packets.pl INTERFACE FILTER: prints a line for each IPv4 packet that the interface takes in and the filter lets
# through: when it came (seconds since the epoch), the sender's MAC address, and the start of the packet in hexadecimal.
# FILTER is a program of packet(7)'s SO_ATTACH_FILTER, each instruction 16 hexadecimal digits in network order.
#
# Perl, because a packet socket can be had neither from Node nor from a shell, Debian and Ubuntu are never without it,
# and tcpdump insists on becoming another user, of whom there is none in the lab's namespace.
use strict;
use warnings;

use constant { AF_PACKET => 17, SOCK_DGRAM => 2, ETH_P_IP => 0x0800, SOL_SOCKET => 1, SO_ATTACH_FILTER => 26 };
use constant { SIOCGSTAMP => 0x8906, SIOCGIFINDEX => 0x8933 };

my ($interface, $filter) = @ARGV;
my $program = join '', map { pack 'SCCL', unpack 'nCCN', pack 'H16', $_ } $filter =~ /.{16}/g;

# Nothing is received before the filter is there: until it is bound, the socket has no protocol.
socket my $packets, AF_PACKET, SOCK_DGRAM, 0 or die "no packet socket: $!\n";
setsockopt $packets, SOL_SOCKET, SO_ATTACH_FILTER, pack 'S x![P] P', length($program) / 8, $program
	or die "no filter: $!\n";
my $request = pack 'a16 x24', $interface;
ioctl $packets, SIOCGIFINDEX, $request or die "$interface: $!\n";
bind $packets, pack 'S n l x12', AF_PACKET, ETH_P_IP, unpack 'x16 l', $request or die "$interface: $!\n";

$| = 1;
while (defined(my $sender = recv $packets, my $packet, 640, 0)) {
	ioctl $packets, SIOCGSTAMP, my $time = pack 'q2', 0, 0 or next;
	my ($halen, $address) = unpack 'x11 C a8', $sender;
	printf "%d.%06d %s %s\n", unpack('q2', $time), join(':', unpack '(H2)6', $address), unpack 'H*', $packet;
}
