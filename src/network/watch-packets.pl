# watch-packets.pl INTERFACE FILTER: prints a line for each IPv4 packet that the interface takes in and the filter lets
# through: when it came (seconds since the epoch), the sender's MAC address, and the start of the packet in hexadecimal.
# FILTER is a program of packet(7)'s SO_ATTACH_FILTER, each instruction 16 hexadecimal digits in network order.
# A DNS question among them is answered with a refusal, as if the server had sent it that was asked: a resolver that gets
# none asks again and again, for 5 to 15 seconds.
#
# Perl, because a packet socket can be had neither from Node nor from a shell, Debian and Ubuntu are never without it,
# and tcpdump insists on becoming another user, of whom there is none in the lab's namespace.
use strict;
use warnings;

use constant { AF_PACKET => 17, SOCK_DGRAM => 2, ETH_P_IP => 0x0800, SOL_SOCKET => 1, SO_ATTACH_FILTER => 26 };
use constant { AF_INET => 2, SOCK_RAW => 3, IPPROTO_UDP => 17, IPPROTO_RAW => 255, DNS_PORT => 53 };
use constant { IP_HEADER => 20, UDP_HEADER => 8 };
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

# Raw, with IP headers of its own: no address of this host is that of the server (raw(7)).
socket my $answers, AF_INET, SOCK_RAW, IPPROTO_RAW or die "no raw socket: $!\n";

# refusal PACKET: the packet that answers a DNS question (RFC 1035, section 4.1) with REFUSED; nothing for another packet.
sub refusal {
	my ($packet) = @_;
	return if length $packet < IP_HEADER;
	my ($version, $protocol, $asker, $server) = unpack 'C x8 C x2 a4 a4', $packet;
	return if $protocol != IPPROTO_UDP;
	# A packet may be shorter than its headers, whatever they say of it: nobody has looked at it before.
	my $header = 4 * ($version & 0x0f);
	return if $header < IP_HEADER or length $packet < $header + UDP_HEADER;
	my ($asker_port, $port, $question) = unpack 'n n x4 a*', substr $packet, $header;
	return if $port != DNS_PORT or length $question < 12;
	my ($id, $flags, $count) = unpack 'n3', $question;
	# Neither an answer nor something else than a query.
	return if $flags & 0xf800 or $count == 0;
	my $end = 12;
	while ($end < length $question and my $length = ord substr $question, $end, 1) { $end += 1 + $length }
	$end += 5;
	return if $end > length $question;
	# An answer, with the bits RD (recursion desired) and CD (checking disabled) as they were; 5 is REFUSED. Without a checksum (RFC 768).
	my $answer = pack('n6', $id, 0x8080 | $flags & 0x0110 | 5, 1, 0, 0, 0) . substr $question, 12, $end - 12;
	my $datagram = pack('n4', DNS_PORT, $asker_port, 8 + length $answer, 0) . $answer;
	return pack('C x7 C2 x2 a4 a4', 0x45, 64, IPPROTO_UDP, $server, $asker) . $datagram;
}

# take PACKET, SENDER: answers a packet that was just received, and prints its line.
sub take {
	my ($packet, $sender) = @_;
	my $refusal = refusal($packet);
	send $answers, $refusal, 0, pack 'S n a4 x8', AF_INET, 0, substr $packet, 12, 4 if defined $refusal;
	ioctl $packets, SIOCGSTAMP, my $time = pack 'q2', 0, 0 or return;
	my ($halen, $address) = unpack 'x11 C a8', $sender;
	printf "%d.%06d %s %s\n", unpack('q2', $time), join(':', unpack '(H2)6', $address), unpack 'H*', $packet;
}

$| = 1;
while (defined(my $sender = recv $packets, my $packet, 640, 0)) {
	# Root in a guest sends what it likes: no packet ends the watcher of the whole lab.
	eval { take($packet, $sender); 1 } or warn $@;
}
