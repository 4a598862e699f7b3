#!/usr/bin/perl
# -c and -u: each changes its own half of the line above an entry, so that no
# exemption becomes a permanent one by having its reason changed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;

my $dir = scratch();
my ($access, $cf) = ("$dir/access", "$dir/sendmail.cf");
spew($cf, "V10/Berkeley\nKaccess hash -T<TMPF> $access\n");

# The access file after a call.
sub after {
	my ($text, @words) = @_;
	spew($access, $text);
	tlsoff_ok('-C', $cf, '--makemap', $MAKEMAP, '--restart', 'none', @words);
	return slurp($access);
}

my @entry = ('client', 'a.example');
my $entry = "Try_TLS:a.example\tNO\n";
my $both = "# tlsoff until 2099-01-31: ticket 1\n$entry";

is(after('', @entry, '-c', 'ticket 1', '-u', '2099-01-31'), $both, 'reason and date');
is(after($both, @entry, '-c', 'ticket 2'), "# tlsoff until 2099-01-31: ticket 2\n$entry",
    'another reason: the date stays');
is(after($both, @entry, '-u', '2099-02-28'), "# tlsoff until 2099-02-28: ticket 1\n$entry",
    'another date: the reason stays');
is(after($both, @entry), $both, 'neither: both stay');
is(after($both, @entry, '--no-until'), "# tlsoff: ticket 1\n$entry", 'no date any more');
is(after($both, @entry, '--no-comment'), "# tlsoff until 2099-01-31\n$entry",
    'no reason any more');
is(after($both, @entry, '--no-comment', '--no-until'), $entry, 'neither any more');
is(after($both, @entry, '--no-until', '-c', 'for good'), "# tlsoff: for good\n$entry",
    'no date, and another reason');
is(after($entry, @entry, '--no-comment', '--no-until'), $entry, '... of an entry without');
is(after('', @entry, '--no-until'), $entry, '... and of a new one');
is(after("# mine\n$both", @entry, '-c', 'ticket 2'),
    "# mine\n# tlsoff until 2099-01-31: ticket 2\n$entry", 'a line of somebody else stays');
is(after("# tlsoff until 2099-01-31: ticket 1\nSrv_Features:a.example\tV s\n",
    'server', 'a.example', '-c', 'ticket 2'),
    "# tlsoff until 2099-01-31: ticket 2\nSrv_Features:a.example\tV S\n",
    'the same where the entry itself is mended');

for my $half (['-c', 'x', '--no-comment'], ['-u', '30d', '--no-until']) {
	spew($access, $both);
	my $r = tlsoff('-C', $cf, '--restart', 'none', @entry, @$half);
	is($r->{status}, 64, "@$half contradict each other");
	like($r->{err}, qr/\Atlsoff: --\w+: contradicts $half->[-1]; leave one out\n\z/,
	    '... which is said');
	is(slurp($access), $both, '... and nothing is changed');
}

done_testing();
