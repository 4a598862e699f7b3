#!/usr/bin/perl
# A failed delivery names its host in "relay=": every way to write a name is
# read alike, the usual one, which is read without a pattern, and the others;
# what is no name is counted as nobody's.
use strict;
use warnings;
use lib 'tests/lib';
use Scan;
use Test::More;

sub log_of {
	my ($relay, $rest) = @_;
	return "2026-11-23T11:12:13.000001-06:00 mailserver sm-mta[77]: "
	    . "ruleset=tls_server, arg1=SOFTWARE, relay=$relay$rest\n";
}
my $rest = ', reject=454 4.7.0 TLS handshake failed.';
my $label = 'a' x 63;
my $long = join '.', ($label) x 4; # 255 octets, more than any DNS name

# what the line says => the host; undef: nobody's
my @names = (
	'mx.a.example' => 'mx.a.example',
	'mx.a.example.' => 'mx.a.example',
	'MX.A.Example' => 'mx.a.example',
	'mx_1.a-b.example' => 'mx_1.a-b.example',
	'localhost' => 'localhost',
	'192.0.2.1' => '192.0.2.1',
	'[192.0.2.1]' => '[192.0.2.1]',
	'[IPv6:2001:db8:0:0:0:0:0:1]' => '[ipv6:2001:db8:0:0:0:0:0:1]',
	$long => $long,
	'' => undef,
	'.' => undef,
	'.a.example' => undef,
	'a..example' => undef,
	'a.example..' => undef,
	'a b.example' => undef,
	'a@b.example' => undef,
	"a\xe4.example" => undef,
	"a\x00.example" => undef,
	$long . '.aaaaaaaaa' => undef,
);
while (my ($relay, $host) = splice @names, 0, 2) {
	my ($rows, $said) = scan_rows(log_of($relay, $rest));
	is_deeply([map { (split / /)[1] } @$rows], [grep { defined } $host],
	    "relay=" . substr($relay, 0, 40));
	is($said->{unattributed}, defined $host ? 0 : 1,
	    '... ' . (defined $host ? 'is somebody' : 'is nobody we know'));
}

for my $short ('', ',', ', reject=', ', reject=45', ', reject=454',
    ', reject=45x 4.7.0', ' reject=454 4.7.0', ', reply=454 4.7.0') {
	my ($rows, $said) = scan_rows(log_of('mx.a.example', $short));
	is_deeply($rows, [], "a line that ends in \"$short\" names nobody");
	is($said->{unattributed}, 1, '... but one failed');
}

done_testing();
