# Talks to the system's manager, systemd, as systemctl(1) does: D-Bus messages over /run/systemd/private. A process of
# systemctl's or systemd-run's costs an emulated guest a third of a second, and no Debian has a D-Bus library for the
# Perl that it always has.
#
# Messages: D-Bus Specification, "Message Format" and "Marshaling"; methods: org.freedesktop.systemd1(5).
package Manager;
use strict;
use warnings;
use Socket qw(AF_UNIX SOCK_STREAM pack_sockaddr_un);

my $path = '/org/freedesktop/systemd1';
my $interface = 'org.freedesktop.systemd1';

# Types of messages.
my ($method_call, $error, $signal) = (1, 3, 4);

# Types of fixed size, as pack(1) writes them; each is aligned to its size.
my %fixed = (y => 'C', b => 'V', u => 'V', i => 'l<', t => 'Q<');

# A complete type.
my $type_pattern = qr/(?<type>a*(?:[ybuitsogv]|\((?&type)+\)))/;

# The types in a signature.
sub types {
	my ($signature) = @_;
	my @types;
	push @types, $1 while $signature =~ s/^$type_pattern//;
	die "no D-Bus type: $signature\n" if $signature ne '';
	return @types;
}

sub alignment {
	my ($kind) = @_;
	return 8 if $kind =~ /^[t(]/;
	return 1 if $kind =~ /^[ygv]/;
	return 4;
}

sub padding { -$_[0] % $_[1] }

# pad(\$message, TO): up to the next multiple of TO bytes.
sub pad { ${ $_[0] } .= "\0" x padding(length ${ $_[0] }, $_[1]) }

# put(\$message, TYPE, VALUE): appends a value. Arrays and structures are array references, a variant is [TYPE, VALUE].
sub put {
	my ($out, $type, $value) = @_;
	pad($out, alignment($type));
	if (my $format = $fixed{$type}) { $$out .= pack $format, $value }
	elsif ($type =~ /^[so]$/) { $$out .= pack 'V/a* x', $value }
	elsif ($type eq 'g') { $$out .= pack 'C/a* x', $value }
	elsif ($type eq 'v') {
		put($out, 'g', $value->[0]);
		put($out, @$value);
	} elsif ($type =~ /^a(.+)/) {
		my $element = $1;
		my $length_at = length $$out;
		$$out .= "\0" x 4;
		pad($out, alignment($element));
		my $begin = length $$out;
		put($out, $element, $_) for @$value;
		substr($$out, $length_at, 4) = pack 'V', length($$out) - $begin;
	} else {
		my @members = types(substr $type, 1, -1);
		put($out, $members[$_], $value->[$_]) for 0 .. $#members;
	}
}

# get(\$message, \$position, TYPE): the value there; a variant's is the value alone.
sub get {
	my ($in, $at, $type) = @_;
	$$at += padding($$at, alignment($type));
	if (my $format = $fixed{$type}) {
		my $value = unpack $format, substr $$in, $$at;
		$$at += length pack $format, 0;
		return $value;
	}
	if ($type =~ /^[sog]$/) {
		my $format = $type eq 'g' ? 'C' : 'V';
		my $value = unpack "$format/a*", substr $$in, $$at;
		$$at += length(pack $format, 0) + length($value) + 1;
		return $value;
	}
	return get($in, $at, get($in, $at, 'g')) if $type eq 'v';
	if ($type =~ /^a(.+)/) {
		my $element = $1;
		my $length = get($in, $at, 'u');
		$$at += padding($$at, alignment($element));
		my $end = $$at + $length;
		my @values;
		push @values, get($in, $at, $element) while $$at < $end;
		return \@values;
	}
	return [map { get($in, $at, $_) } types(substr $type, 1, -1)];
}

# Connects to the manager's socket. Dies with a reason. While an answer or a signal is waited for, MEANWHILE is called once a
# second, where it is given.
sub connect {
	my ($class, $place, $meanwhile) = @_;
	socket my $socket, AF_UNIX, SOCK_STREAM, 0 or die "socket: $!\n";
	connect $socket, pack_sockaddr_un($place) or die "systemd: $!\n";
	my $self = bless { socket => $socket, meanwhile => $meanwhile, serial => 0, received => '', signals => [] }, $class;
	$self->send(sprintf "\0AUTH EXTERNAL %s\r\nBEGIN\r\n", unpack 'H*', $>);
	$self->receive until $self->{received} =~ s/^OK [^\r]*\r\n//;
	return $self;
}

sub send {
	my ($self, $bytes) = @_;
	while (length $bytes) {
		my $count = syswrite $self->{socket}, $bytes;
		defined $count or die "systemd: $!\n";
		substr($bytes, 0, $count) = '';
	}
}

sub receive {
	my ($self) = @_;
	while (my $meanwhile = $self->{meanwhile}) {
		vec(my $ready = '', fileno $self->{socket}, 1) = 1;
		last if select $ready, undef, undef, 1;
		$meanwhile->();
	}
	my $count = sysread $self->{socket}, $self->{received}, 65536, length $self->{received};
	$count or die 'systemd: ', defined $count ? 'it hung up' : $!, "\n";
}

# The next message, but for signals of what nobody waits for, of which a script may cause hundreds: its type, whose answer
# it is, and what it carries.
sub next_message {
	my ($self) = @_;
	my $in = \$self->{received};
	while () {
		$self->receive while length $$in < 16;
		my ($order, $type, $body_length, $fields_length) = unpack 'a C x2 V x4 V', $$in;
		$order eq 'l' or die "systemd: a message in network order\n";
		my $body_at = 16 + $fields_length + padding($fields_length, 8);
		$self->receive while length $$in < $body_at + $body_length;
		my $message = substr $$in, 0, $body_at + $body_length, '';
		my $at = 12;
		my %fields = map { @$_ } @{ get(\$message, \$at, 'a(yv)') };
		next if $type == $signal and $fields{3} ne 'JobRemoved';
		$at = $body_at;
		my @body = map { get(\$message, \$at, $_) } types($fields{8} // '');
		return { type => $type, reply_to => $fields{5}, error => $fields{4}, body => \@body };
	}
}

# call(OBJECT, INTERFACE, METHOD, SIGNATURE, ARGUMENTS…): what the method returns. Dies with systemd's message. Signals that
# come meanwhile are kept.
sub call {
	my ($self, $object, $of, $method, $signature, @arguments) = @_;
	my $serial = ++$self->{serial};
	my $body = '';
	my @types = types($signature);
	put(\$body, $types[$_], $arguments[$_]) for 0 .. $#types;
	# Without flags, of protocol version 1.
	my $message = pack 'a C C C V V', 'l', $method_call, 0, 1, length $body, $serial;
	put(\$message, 'a(yv)', [[1, ['o', $object]], [2, ['s', $of]], [3, ['s', $method]], [8, ['g', $signature]]]);
	pad(\$message, 8);
	$self->send($message . $body);
	while (my $answer = $self->next_message) {
		if ($answer->{type} == $signal) { push @{ $self->{signals} }, $answer }
		elsif (($answer->{reply_to} // 0) == $serial) {
			die +($answer->{body}[0] // $answer->{error}), "\n" if $answer->{type} == $error;
			return @{ $answer->{body} };
		}
	}
}

sub property {
	my ($self, $object, $of, $name) = @_;
	my ($value) = $self->call($object, 'org.freedesktop.DBus.Properties', 'Get', 'ss', "$interface.$of", $name);
	return $value;
}

# The system's: `running`, `degraded`, `stopping` …
sub state { $_[0]->property($path, 'Manager', 'SystemState') }

sub failed_units { $_[0]->property($path, 'Manager', 'NFailedUnits') }

# start_service(UNIT, TARGETS, [PROPERTY, [TYPE, VALUE]], …): starts a transient service and waits for the end of its job:
# `done`, `failed`, `timeout` … (JobRemoved). Targets that it is before are started behind it, and nothing that they want.
# Dies where systemd refuses.
sub start_service {
	my ($self, $unit, $targets, @properties) = @_;
	my ($job) = $self->call($path, "$interface.Manager", 'StartTransientUnit', 'ssa(sv)a(sa(sv))', $unit, 'fail', \@properties, []);
	# The unit's own job reports how it ended, whatever becomes of these.
	eval { $self->call($path, "$interface.Manager", 'StartUnit', 'ss', $_, 'ignore-requirements') } for @$targets;
	return $self->end_of($job);
}

# Stops a unit, and nothing with it.
sub stop_unit {
	my ($self, $unit) = @_;
	my ($job) = $self->call($path, "$interface.Manager", 'StopUnit', 'ss', $unit, 'ignore-requirements');
	return $self->end_of($job);
}

# Waits for the end of a job: what became of it.
sub end_of {
	my ($self, $job) = @_;
	while () {
		# Its number, its object, its unit, its result.
		my (undef, $object, undef, $result) = @{ (shift @{ $self->{signals} } // $self->next_message)->{body} };
		return $result if $object eq $job;
	}
}

# Where systemd notes the invocation of each unit that runs, as a link for the journal (systemd's src/core/unit.c,
# unit_export_invocation_id). A service that is started anew has another one.
our $invocations = '/run/systemd/units';

# The invocation of each service, as far as there is one.
sub invocations {
	opendir my $links, $invocations or return;
	return map { /^invocation:(.+\.service)$/ ? ($1 => readlink "$invocations/$_") : () } readdir $links;
}

# Services in one of these states.
sub services {
	my ($self, @states) = @_;
	my ($units) = $self->call($path, "$interface.Manager", 'ListUnitsByPatterns', 'asas', \@states, ['*.service']);
	return map { $_->[0] } @$units;
}

# What systemd has restarted by itself since it was last started by anybody else: of each service its invocation and how often,
# for `restarts`.
sub restarts_by_invocation {
	my ($self) = @_;
	my %invocation = invocations();
	# One that restarts directly keeps its link, with the old invocation in it (systemd.service(5), RestartMode; not before 254).
	my @services = grep { (eval { $self->property(unit_object($_), 'Service', 'RestartMode') } // '') ne 'direct' }
		$self->services(qw(active activating deactivating failed));
	return { map { $_ => [$invocation{$_}, $self->restarts_of($_)] } @services };
}

# Services that systemd has restarted by itself, each with how often. Of a service in the invocation that is KNOWN nothing is
# asked: each question takes an emulated guest five milliseconds, and there are thirty of them.
sub restarts {
	my ($self, $known) = @_;
	my %invocation = invocations();
	# One that does not run, or waits to be started, may have no invocation.
	my @states = (%invocation ? () : 'active', qw(activating deactivating failed));
	my %restarts = map { $_ => undef } keys %invocation, $self->services(@states);
	for (keys %restarts) {
		my ($invocation, $count) = @{ $known->{$_} // [] };
		my $is_known = defined $invocation && $invocation eq ($invocation{$_} // '');
		$restarts{$_} = $is_known ? $count : $self->restarts_of($_);
	}
	return map { [$_, $restarts{$_}] } grep { $restarts{$_} } sort keys %restarts;
}

sub restarts_of { $_[0]->property(unit_object($_[1]), 'Service', 'NRestarts') }

sub unit_object { "$path/unit/" . $_[0] =~ s/([^A-Za-z0-9])/sprintf '_%02x', ord $1/ger }

# A unit's ActiveState: `activating`, `active`, `failed` …
sub activity { $_[0]->property(unit_object($_[1]), 'Unit', 'ActiveState') }

# How a service ended: systemd's result, its exit status, and when that was, in microseconds since the epoch.
sub service_end {
	my ($self, $unit) = @_;
	return map { $self->property(unit_object($unit), 'Service', $_) } qw(Result ExecMainStatus ExecMainExitTimestamp);
}

1;
