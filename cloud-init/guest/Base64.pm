# Bytes as text on one line, and back. perl-base has no MIME::Base64.
package Base64;
use strict;
use warnings;

sub encode {
	my ($bytes) = @_;
	my $missing = -length($bytes) % 3;
	return '' if $bytes eq '';
	my $encoded = pack 'u', $bytes;
	$encoded =~ s/^.|\n//mg;
	$encoded =~ tr#` -_#AA-Za-z0-9+/#;
	substr($encoded, length($encoded) - $missing) = '=' x $missing;
	return $encoded;
}

sub decode {
	my ($text) = @_;
	$text =~ tr#A-Za-z0-9+/##cd;
	$text =~ tr#A-Za-z0-9+/# -_#;
	my $bytes = '';
	$bytes .= unpack 'u', chr(32 + length($1) * 3 / 4) . $1 while $text =~ /(.{1,60})/gs;
	return $bytes;
}

1;
