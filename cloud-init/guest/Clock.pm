# This machine's clock against the host's, in milliseconds.
package Clock;
use strict;
use warnings;

# clock_gettime(2) and clock_settime(2) on x86-64, and their clocks.
my ($get_time, $set_time) = (228, 227);
my ($realtime, $monotonic) = (0, 1);

sub time_of {
	my $time = pack 'q2', 0, 0;
	syscall $get_time, $_[0], $time;
	my ($seconds, $nanoseconds) = unpack 'q2', $time;
	return $seconds * 1000 + $nanoseconds / 1e6;
}

# Time since the machine came up.
sub uptime { time_of($monotonic) }

# new ASK, SOURCE: ASK gives the host's clock, or nothing; SOURCE is the file that shows, and sets, what the kernel reads
# its own clock from.
sub new {
	my ($class, $ask, $source) = @_;
	return bless { ask => $ask, source => $source }, $class;
}

# By how much this clock is ahead of the host's, and how long it took to learn that: the first is right to half of the
# second. On a busy host an answer may be seconds old; then the quickest of ten counts. Nothing where nobody answers.
sub measure {
	my ($self) = @_;
	my ($offset, $delay);
	for (1 .. 10) {
		my $asked = uptime();
		my $host = $self->{ask}->() // return;
		my ($now, $took) = (time_of($realtime), uptime() - $asked);
		($offset, $delay) = ($now - $host - $took / 2, $took) unless defined $delay and $delay <= $took;
		last if $delay <= 100;
	}
	return ($offset, $delay);
}

# Sets the clock to the host's, where it is off by more than a tenth of a second.
sub sync {
	my ($self) = @_;
	my ($offset) = $self->measure or return;
	return if abs $offset <= 100;
	my $time = time_of($realtime) - $offset;
	my $value = pack 'q2', int($time / 1000), int($time * 1e6) % 1_000_000_000;
	syscall($set_time, $realtime, $value) == 0 or warn "clock_settime: $!\n";
}

# Has the kernel read its clock from somewhere else, where it runs at the wrong rate, and gives that rate. At boot the kernel
# counts its processor's time stamps against a timer. An emulated processor that gets little time from a busy host misses
# most of the timer's ticks: then each second is taken for several, and every timeout comes early. Such a clock, right at
# power-on to a second, is off by many at the end of a boot. The ACPI timer is slower to read, and right.
sub repair {
	my ($self) = @_;
	open my $file, '<', $self->{source} or return;
	return unless (<$file> // '') eq "tsc\n";
	my ($before) = $self->measure or return;
	return if abs $before < 2000;
	my $began = uptime();
	select undef, undef, undef, 2;
	my ($after) = $self->measure or return;
	my ($passed, $drift) = (uptime() - $began, $after - $before);
	return if abs $drift < 0.05 * $passed;
	open my $source, '>', $self->{source} or return;
	print $source "acpi_pm\n" and close $source or return;
	return $passed / ($passed - $drift);
}

1;
