# Runs commands for the host as root, and connects it to ports that this node reaches: how assertions look at the node,
# without a network, SSH or a package of the recipe. A process of its own, begun by the agent as a copy of itself.
#
# The host sends, a line each:
#   reset                  end whatever still runs; what came before this line means nothing
#   run ID COMMAND         run a command (in base64) in bash, as a login of root would
#   restarts ID            print what systemd has restarted by itself, a line each: unit and number
#   sockets ID PROTOCOL PORT   print the sockets that wait, and whose that of the port is (Sockets.pm)
#   connect ID HOST PORT   connect to a port, HOST in base64
#   data ID BYTES          to the other side of the connection, in base64
#   kill ID                end it
# and receives:
#   began id=ID            the command runs, or the connection is there
#   out id=ID data=…       what the command writes to stdout, or the other side of the connection sends; in base64
#   err id=ID data=…       the same of stderr
#   ended id=ID status=… signal=…     the last of a command
#   closed id=ID why=…     the last of a connection; WHY, in base64, where it never came about
package Commands;
use strict;
use warnings;
use Base64;
use Clock;
use Manager;
use Sockets;
use Socket qw(getaddrinfo SOCK_STREAM SHUT_WR);

# At most this much of each stream of a command is sent; the rest is read and thrown away. In bytes.
my $stream_limit = 8 * 1024 * 1024;
# What is read at once, so that no stream keeps others waiting; and how much may wait to be sent before anything is read.
my ($chunk, $backlog) = (16_384, 65_536);
# How long a command's output is waited for when it has ended but left somebody behind who could still write, in seconds.
my $linger = 1;

# fcntl(2), waitpid(2) and errno(3) on Linux.
my ($set_flags, $nonblocking, $no_hang, $again) = (4, 04000, 1, 11);

# serve FROM, TO, MANAGER: until the host hangs up.
sub serve {
	my ($from, $to, $manager) = @_;
	# Nearly all services are from before the startup scripts, and systemd need not be asked about them again.
	my $known = eval { Manager->connect($manager)->restarts_by_invocation };
	my $self = bless { from => $from, to => $to, manager => $manager, known => $known, received => '', unsent => '', jobs => {} }, __PACKAGE__;
	fcntl $to, $set_flags, $nonblocking;
	$SIG{PIPE} = 'IGNORE';
	while ($self->step) { }
	$self->end_all;
}

# Waits until something can be done, and does it; false when the host has hung up.
sub step {
	my ($self) = @_;
	my @jobs = values %{ $self->{jobs} };
	my ($read, $write) = ('', '');
	vec($read, fileno $self->{from}, 1) = 1;
	vec($write, fileno $self->{to}, 1) = 1 if $self->{unsent} ne '';
	if (length $self->{unsent} < $backlog) {
		for my $job (@jobs) { vec($read, fileno $_->{pipe}, 1) = 1 for values %{ $job->{streams} } }
	}
	# That a process has ended is only seen by looking.
	my $patience = grep({ !%{ $_->{streams} } or defined $_->{until} } @jobs) ? 0.05 : @jobs ? 0.5 : undef;
	my $count = select $read, $write, undef, $patience;
	return 1 if $count < 0;
	$self->flush if vec $write, fileno $self->{to}, 1;
	for my $job (@jobs) {
		for my $name (keys %{ $job->{streams} }) {
			$self->take($job, $name) if vec $read, fileno $job->{streams}{$name}{pipe}, 1;
		}
		$self->look_after($job);
	}
	return vec($read, fileno $self->{from}, 1) ? $self->receive : 1;
}

sub receive {
	my ($self) = @_;
	my $count = sysread $self->{from}, $self->{received}, 65_536, length $self->{received};
	return !defined $count && $! == $again unless $count;
	while ($self->{received} =~ s/^(.*)\n//) {
		my ($request, $id, @arguments) = split ' ', $1;
		next unless defined $request;
		my $job = $self->{jobs}{ $id // '' };
		if ($request eq 'reset') { $self->end_all }
		elsif ($request eq 'run') { $self->begin($id, 'run', \&run, Base64::decode($arguments[0] // '')) }
		elsif ($request eq 'restarts') { $self->begin($id, 'run', \&restarts, @$self{qw(manager known)}) }
		elsif ($request eq 'sockets') { $self->begin($id, 'run', \&sockets, @arguments) }
		elsif ($request eq 'connect') { $self->begin($id, 'connect', \&relay, Base64::decode($arguments[0]), $arguments[1]) }
		elsif ($request eq 'data' and $job) { syswrite $job->{input}, Base64::decode($arguments[0] // '') if $job->{input} }
		elsif ($request eq 'kill' and $job) { end_job($job) }
	}
	return 1;
}

# begin ID, KIND, BODY, ARGUMENTS…: has a child of this process do it.
sub begin {
	my ($self, $id, $kind, $body, @arguments) = @_;
	pipe(my $stdin, my $input);
	pipe(my $out, my $stdout);
	pipe(my $err, my $stderr);
	my $child = fork;
	if (defined $child and $child == 0) {
		setpgrp 0, 0;
		$SIG{PIPE} = 'DEFAULT';
		# Nobody but this one may hold a connection's input open, nor the line to the host.
		close $_ for $self->{from}, $self->{to}, $input, map { $_->{input} // () } values %{ $self->{jobs} };
		open STDIN, '<&', $stdin;
		open STDOUT, '>&', $stdout;
		open STDERR, '>&', $stderr;
		$body->(@arguments);
	}
	if (!defined $child) {
		my $why = Base64::encode("fork: $!");
		return $self->send("closed id=$id why=$why") if $kind eq 'connect';
		return $self->send("began id=$id\nerr id=$id data=$why\nended id=$id status=126 signal=0");
	}
	# Here too: it may be ended before it has come to that.
	setpgrp $child, $child;
	my $job = $self->{jobs}{$id} = { id => $id, kind => $kind, pid => $child, why => '' };
	$job->{streams} = { out => { pipe => $out, left => $stream_limit }, err => { pipe => $err, left => $stream_limit } };
	$job->{input} = $input if $kind eq 'connect';
	$self->send("began id=$id") if $kind eq 'run';
}

# take JOB, NAME: what there is to read of a stream.
sub take {
	my ($self, $job, $name) = @_;
	my $stream = $job->{streams}{$name};
	my $count = sysread $stream->{pipe}, (my $bytes), $chunk;
	return delete $job->{streams}{$name} unless $count;
	# A connection reports this way that it is there, or why not.
	if ($job->{kind} eq 'connect' and $name eq 'err') {
		$job->{why} .= $bytes;
		$self->send("began id=$job->{id}") if $job->{why} =~ s/^connected\n//;
		return;
	}
	$job->{until} = quiet_until() if defined $job->{until};
	my $limited = $job->{kind} eq 'run';
	$bytes = substr $bytes, 0, $stream->{left} if $limited;
	$stream->{left} -= length $bytes if $limited;
	$self->send("$name id=$job->{id} data=" . Base64::encode($bytes)) if $bytes ne '';
}

# When somebody who was left behind has written nothing for long enough, by this machine's uptime.
sub quiet_until { Clock::uptime() + 1000 * ($linger + 1) }

# Reports the end of a child, once all that it wrote is read, or nobody has written for a while.
sub look_after {
	my ($self, $job) = @_;
	if (!defined $job->{status} and waitpid($job->{pid}, $no_hang) == $job->{pid}) {
		$job->{status} = $?;
		$job->{until} = quiet_until();
	}
	return unless defined $job->{status};
	# What waits because the host does not read is not nothing.
	return if %{ $job->{streams} } and (length $self->{unsent} >= $backlog or Clock::uptime() < $job->{until});
	delete $self->{jobs}{ $job->{id} };
	return $self->send("closed id=$job->{id} why=" . Base64::encode($job->{why})) if $job->{kind} eq 'connect';
	$self->send(sprintf 'ended id=%s status=%d signal=%d', $job->{id}, $job->{status} >> 8, $job->{status} & 127);
}

sub end_all {
	my ($self) = @_;
	for my $job (values %{ $self->{jobs} }) {
		end_job($job);
		waitpid $job->{pid}, 0;
	}
	@$self{qw(jobs unsent)} = ({}, '');
}

# With all that it has started.
sub end_job { kill KILL => -$_[0]{pid}, $_[0]{pid} }

sub send {
	my ($self, $line) = @_;
	$self->{unsent} .= "$line\n";
	$self->flush;
}

sub flush {
	my ($self) = @_;
	while ($self->{unsent} ne '') {
		my $count = syswrite($self->{to}, $self->{unsent}) or last;
		substr($self->{unsent}, 0, $count) = '';
	}
}

# In the child: what a login of root has for an environment, in the order in which pam_env(8) reads it.
sub run {
	my ($command) = @_;
	open STDIN, '<', '/dev/null';
	%ENV = (
		(map { /^\s*(?:export\s+)?(\w+)=(["']?)(.*)\2\s*$/ ? ($1, $3) : () } map { lines_of($_) } '/etc/environment', '/etc/default/locale'),
		PATH => '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
		HOME => '/root', USER => 'root', LOGNAME => 'root', SHELL => '/bin/bash',
	);
	chdir '/root' or chdir '/';
	# Only the agent is spared where memory is short.
	if (open my $score, '>', '/proc/self/oom_score_adj') { print $score 0 }
	exec '/bin/bash', '-c', $command or print STDERR "bash: $!\n";
	exit 127;
}

sub lines_of {
	open my $file, '<', $_[0] or return;
	return <$file>;
}

# In the child.
sub restarts {
	my ($place, $known) = @_;
	answer(sub { map { "@$_\n" } Manager->connect($place)->restarts($known) });
}

# In the child.
sub sockets {
	my @question = @_;
	answer(sub { Sockets::report(@question) });
}

# In the child: prints the lines that a function gives, or why it has none.
sub answer {
	my ($function) = @_;
	my @lines = eval { $function->() };
	if ($@) { syswrite STDERR, $@; exit 1 }
	syswrite STDOUT, join '', @lines;
	exit 0;
}

# In the child: connects, then passes on what comes from either side until the other side has ended.
sub relay {
	my ($host, $port) = @_;
	my $stop = sub { syswrite STDERR, $_[0]; exit 1 };
	my ($error, @places) = getaddrinfo($host, $port, { socktype => SOCK_STREAM });
	$stop->("$error") if $error;
	my ($socket, $is_connected);
	for my $place (@places) {
		socket $socket, $place->{family}, SOCK_STREAM, $place->{protocol} or next;
		last if $is_connected = connect $socket, $place->{addr};
	}
	$stop->("$!") unless $is_connected;
	syswrite STDERR, "connected\n";
	my %other = (fileno STDIN, [\*STDIN, $socket], fileno $socket, [$socket, \*STDOUT]);
	while () {
		my $ready = '';
		vec($ready, $_, 1) = 1 for keys %other;
		select $ready, undef, undef, undef;
		for my $number (grep { vec $ready, $_, 1 } keys %other) {
			my ($from, $to) = @{ $other{$number} };
			if (sysread $from, (my $bytes), $chunk) {
				my $sent = 0;
				while ($sent < length $bytes) { $sent += syswrite($to, $bytes, $chunk, $sent) || exit 0 }
			} elsif ($from == $socket) {
				exit 0;
			} else {
				shutdown $socket, SHUT_WR;
				delete $other{$number};
			}
		}
	}
}

1;
