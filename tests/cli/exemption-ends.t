#!/usr/bin/perl
# The life of an exemption, as those see it who keep it: why it is there and until
# when, which has ended and which will.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use POSIX ();
use Tlsoff;
use Tlsoff::Site;

sub day { return POSIX::strftime('%Y-%m-%d', localtime(time + 86400 * $_[0])) }

my ($soon, $later) = (day(7), day(60));
site("# tlsoff until $later: ticket 2\nTry_TLS:later.example\tNO\n"
    . "# tlsoff until 2020-01-31: ticket 1\nTry_TLS:ended.example\tNO\n"
    . "# tlsoff: for good\nSrv_Features:ever.example\tS\n"
    . "# tlsoff until $soon\nTry_TLS:Soon.example\tNO\n");

sub listed {
	my $r = tlsoff_ok('-C', $CF, '-j', 'list', @_);
	return join ' ', map { $_->{key} =~ s/.*:(.*)\.example/\L$1/r }
	    @{ decode_json($r->{out})->{entries} };
}

# ---- list ----

is(listed(), 'later ended ever soon', 'in the order of the file');
is(listed('--sort', 'line'), 'later ended ever soon', '... which has a name');
is(listed('--sort', 'until'), 'ended soon later ever', 'what ends first, first');
is(listed('--sort', 'key'), 'ever ended later soon', 'by key');
is(listed('--expired'), 'ended', 'what has ended');
is(listed('--expires', '14d'), 'ended soon', 'and what ends within so long');
is(listed('--expires', '9w'), 'later ended soon', '... in weeks');
is(listed('--expires', '14d', 'server'), '', '... of one role');
like(tlsoff('-C', $CF, 'list')->{out},
    qr/^4 +Try_TLS:ended\.example +NO +own +expired +2020-01-31 +ticket 1$/m, 'the table says so');

# Of one key, and of one that begins as another does.
site("Try_TLS:b.example\tNO\nTry_TLS:b\tNO\nTry_TLS:a.example\tNO\nTRY_TLS:B.example\tNO\n");
is(join(' ', tlsoff('-C', $CF, 'list', '--sort', 'key')->{out} =~ /^(\d+) /mg), '3 2 1 4',
    'by key, in the order of the file where that is the same');
site("# tlsoff until $later: ticket 2\nTry_TLS:later.example\tNO\n"
    . "# tlsoff until 2020-01-31: ticket 1\nTry_TLS:ended.example\tNO\n"
    . "# tlsoff: for good\nSrv_Features:ever.example\tS\n");

# ---- explain ----

my $r = tlsoff('-C', $CF, 'explain', 'client', 'ended.example');
like($r->{out}, qr/^decided by .*\(line 4\)\n  reason: ticket 1\n  until: 2020-01-31, which is past: /m,
    'explain: why, and until when');
$r = tlsoff('-C', $CF, 'explain', 'server', 'ever.example');
like($r->{out}, qr/^  reason: for good\nTLS is off when ever\.example connects to us$/m,
    '... and for good');
my $d = decode_json(tlsoff('-C', $CF, '-j', 'explain', 'client', 'later.example')->{out});
is("$d->{comment} $d->{until} $d->{expired}", "ticket 2 $later 0", '... in the document');

# ---- check ----

sub checked {
	my $r = tlsoff('-C', $CF, 'check', @_);
	return ($r->{status}, $r->{out});
}
site("# tlsoff until $soon: x\nTry_TLS:soon.example\tNO\n");
is_deeply([checked()], [0, ''], 'check: nothing is wrong');
is_deeply([checked('--warn', '14d')], [0, "$ACCESS:2: Try_TLS:soon.example ends on $soon; "
	. "renew it with --until, or let it end\n"], '... --warn tells what ends soon');
is_deeply([checked('--warn', '6d')], [0, ''], '... and not what ends later');
$d = decode_json(tlsoff('-C', $CF, '-j', 'check', '--warn', '14d')->{out});
is($d->{findings}[0]{code}, 'ends-soon', '... by its code');
site("# tlsoff until $soon: x\nTry_TLS:soon.example\tNO\nTry_TLS:a.example\tNO # x\n");
is((checked('--warn', '14d'))[0], 1, 'what is wrong is still exit 1');

done_testing();
