# Sockets that wait to be spoken to, and whose they are: as `ss -Hltnp` has it, without a program. ss(8), and bash to read
# what it prints, take an emulated guest a fifth of a second more at their first run than these lines.
#
# The kernel is asked over netlink, as ss does (sock_diag(7)): /proc/net/tcp6 does not have which of the sockets that are
# bound to `::` are reached by IPv4 too.
package Sockets;
use strict;
use warnings;
use Socket qw(AF_INET AF_INET6 SOCK_RAW inet_ntop);

# linux/netlink.h, linux/sock_diag.h, linux/inet_diag.h.
my ($af_netlink, $netlink_sock_diag, $by_family) = (16, 4, 20);
my ($request, $dump, $done, $failed) = (1, 0x300, 3, 2);
my $v6_only = 11;

# The number of each protocol (netinet/in.h), and the state of its sockets that wait (net/tcp_states.h): of UDP, without a peer.
my %protocols = (tcp => [6, 10], udp => [17, 7]);

# listeners PROTOCOL: of each socket that waits its address, as ss prints it, its port, and its inode. Dies with a reason.
sub listeners {
	my ($protocol, $state) = @{ $protocols{ $_[0] } // die "no protocol: $_[0]\n" };
	return map { listeners_of($_, $protocol, $state) } AF_INET, AF_INET6;
}

sub listeners_of {
	my ($family, $protocol, $state) = @_;
	socket my $netlink, $af_netlink, SOCK_RAW, $netlink_sock_diag or die "netlink: $!\n";
	# A header, and a request (inet_diag_req_v2) for any address and port.
	my $body = pack 'C C C x V x48', $family, $protocol, 0, 1 << $state;
	syswrite $netlink, pack('V v v V V', 16 + length $body, $by_family, $request | $dump, 1, 0) . $body or die "netlink: $!\n";
	my @listeners;
	while () {
		sysread $netlink, my $answer, 65_536 or die "netlink: $!\n";
		while (length $answer >= 16) {
			my ($length, $type) = unpack 'V v', $answer;
			# What went wrong may come at the end too: of a protocol that the kernel has no answers about.
			my $fault = $type == $done || $type == $failed ? -unpack('l<', substr($answer, 16, 4) . "\0" x 4) : 0;
			die 'netlink: ', do { local $! = $fault; "$!" }, "\n" if $fault > 0;
			return @listeners if $type == $done;
			push @listeners, listener(substr($answer, 16, $length - 16), $family);
			substr($answer, 0, ($length + 3) & ~3) = '';
		}
	}
}

# One of them (inet_diag_msg): the port it has at 4, the address at 8, the inode at 68; attributes follow.
sub listener {
	my ($message, $family) = @_;
	my ($port, $inode) = (unpack('n', substr $message, 4, 2), unpack 'V', substr $message, 68, 4);
	return [inet_ntop(AF_INET, substr $message, 8, 4), $port, $inode] if $family == AF_INET;
	my $address = inet_ntop(AF_INET6, substr $message, 8, 16);
	my ($at, $is_v6_only) = (72, 0);
	while ($at + 4 <= length $message) {
		my ($length, $type) = unpack 'v v', substr $message, $at, 4;
		last if $length < 4;
		$is_v6_only = ord substr $message, $at + 4, 1 if $type == $v6_only;
		$at += ($length + 3) & ~3;
	}
	return [$address eq '::' && !$is_v6_only ? '*' : "[$address]", $port, $inode];
}

# owners INODE…: for each process that has one of these sockets its inode, the process's start in hundredths of a second since
# boot (proc_pid_stat(5)), and its control group.
sub owners {
	my %wanted = map { ("socket:[$_]" => $_) } @_;
	my @owners;
	opendir my $processes, '/proc' or return;
	for my $process (map { "/proc/$_" } grep { /^\d+$/ } readdir $processes) {
		opendir my $files, "$process/fd" or next;
		my %inodes = map { ($wanted{ readlink("$process/fd/$_") // '' } // '' => 1) } readdir $files;
		delete $inodes{''};
		next unless %inodes;
		# It may have ended by now.
		my ($stat, $group) = map { first_line("$process/$_") // next } qw(stat cgroup);
		push @owners, map { [$_, (split ' ', $stat =~ s/^.*\) //r)[19], $group] } sort keys %inodes;
	}
	return @owners;
}

sub first_line {
	open my $file, '<', $_[0] or return;
	my $line = <$file> // return;
	chomp $line;
	return $line;
}

# Between two looks at a socket without an owner, in seconds, and how many there are.
my ($pause, $looks) = (0.05, 5);

# report PROTOCOL, PORT: what the host reads. A line for each socket, a blank one, and a line for each owner of a socket of the
# port: uptime in seconds, start, local address and port, control group. A socket without an owner is the kernel's, or that
# of a process that is ending: then it goes in a moment.
sub report {
	my ($protocol, $port) = @_;
	my (@listeners, %local, @owners, %owned);
	for my $look (1 .. $looks) {
		@listeners = listeners($protocol);
		%local = map { ($_->[2] => "$_->[0]:$_->[1]") } grep { $_->[1] == $port } @listeners;
		@owners = %local ? owners(keys %local) : ();
		%owned = map { ($_->[0] => 1) } @owners;
		last if $look == $looks or not grep { !$owned{$_} } keys %local;
		select undef, undef, undef, $pause;
	}
	my ($now) = split ' ', first_line('/proc/uptime');
	return join '', (map { "LISTEN 0 0 $_->[0]:$_->[1] *\n" } @listeners), "\n", map { "$now $_->[1] $local{$_->[0]} $_->[2]\n" } @owners;
}

1;
