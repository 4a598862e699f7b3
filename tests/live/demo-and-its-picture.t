#!/usr/bin/perl
# The demo ends well, and the README's picture shows what it prints: made
# anew, it differs at most in the numbers, for Debian's access file grows.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;

scratch();
my $r = run(['sh', "$TOP/tests/demo", $TLSOFF], dir => $TOP,
    env => { TLSOFF_TEST_MACHINE => undef });
is($r->{status}, 0, 'the demo ends well') or diag($r->{err});
like($r->{out}, qr/do not try TLS with/, 'sendmail will not try TLS');
like($r->{out}, qr/byte for byte\.\n\z/, 'it ends as it began');

my $picture = run(['awk', '-f', "$TOP/src/dist/picture.awk"],
    stdin => $r->{out})->{out};
my $shown = slurp("$TOP/src/dist/demo.svg");
s/\d+/0/g for $picture, $shown;
is($shown, $picture, 'src/dist/demo.svg is of this demo; else: make picture');
like(slurp("$TOP/README.md"), qr/\(src\/dist\/demo\.svg\)/, 'the README shows it');

done_testing();
