#!/usr/bin/perl
# An access file with a line of a gigabyte: what reads goes past it, and where
# there is no room for it, that is said and nothing is lost.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

site("Try_TLS:a.example\tNO\n");
truncate $ACCESS, 1 << 30 or die "truncate: $!";
append($ACCESS, "\nTry_TLS:b.example\tNO\n");
my $size = -s $ACCESS;

my $r = tlsoff('-C', $CF, 'list');
is($r->{status}, 0, 'list reads past a line of 1 GiB') or diag($r->{err});
like($r->{out}, qr/^1 +Try_TLS:a\.example .*^3 +Try_TLS:b\.example /ms,
    '... and finds what is around it');
for my $builder (qw(makemap libdb)) {
	$r = run(['sh', '-c', 'ulimit -v 400000; exec "$@"', 'sh', $TLSOFF, '-C', $CF,
	    '-b', $builder, '--restart', 'none', 'client', 'new.example']);
	is($r->{status}, 71, "$builder: no memory for 1 GiB: exit 71");
	like($r->{err}, qr/\Atlsoff: \Q$ACCESS\E: out of memory; see that [^\n]+\n\z/,
	    '... and the message says so, and of which file');
	is(-s $ACCESS, $size, '... nothing changed');
	is(names(), 'access access.db sendmail.cf', '... and nothing is left');
}

done_testing();
