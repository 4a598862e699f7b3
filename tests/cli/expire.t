#!/usr/bin/perl
# expire removes what is past the day in the comment directly above it, as one
# change, and nothing else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use POSIX qw(strftime);
use Tlsoff;

my $dir = scratch();
my $access = "$dir/access";
my $service = counter('service', ':');
my $cf = spew("$dir/sendmail.cf", "V10/Berkeley\nKaccess hash $access\n");
my @call = ('-C', $cf, '--makemap', $MAKEMAP, '--restart-command', $service);
my $today = strftime('%Y-%m-%d', localtime);

spew($access, <<"END");
# head
# tlsoff until 2001-12-31: broken
Try_TLS:a.example\tNO
# tlsoff until $today: last day
Try_TLS:b.example\tNO
# tlsoff until 9999-12-31
Try_TLS:c.example\tNO
# tlsoff: 2001-12-31
Try_TLS:d.example\tNO
# tlsoff until 2001-12-31

Try_TLS:e.example\tNO
# tlsoff until 2001-02-30
Try_TLS:f.example\tNO
# tlsoff until 2001-12-31
Srv_Features:g.example\tV A S
# tlsoff until 2001-12-31: was edited by hand
Try_TLS:H.example   no\x20
# tlsoff until 2001-12-31
Try_TLS:i.example\tOK
# tlsoff until 2001-12-31
To:j.example\tRELAY
Try_TLS:b.k.example\tNO
# tlsoff until 2001-12-31
Try_TLS:k.example\tNO
$MARKER
# tlsoff until 2001-12-31
Try_TLS:a.k.example\tNO
END

my $before = slurp($access);
my $r = tlsoff(@call, '-n', 'expire');
is($r->{status}, 0, '-n');
like($r->{out}, qr/^-Try_TLS:a\.example\tNO$/m, '... shows a diff');
is(slurp($access), $before, '... and changes nothing');

$r = tlsoff_ok(@call, 'expire');
is(slurp($access), <<"END", 'what is past is gone, and nothing else');
# head
# tlsoff until $today: last day
Try_TLS:b.example\tNO
# tlsoff until 9999-12-31
Try_TLS:c.example\tNO
# tlsoff: 2001-12-31
Try_TLS:d.example\tNO
# tlsoff until 2001-12-31

Try_TLS:e.example\tNO
# tlsoff until 2001-02-30
Try_TLS:f.example\tNO
Srv_Features:g.example\tV A
Try_TLS:i.example\tOK
# tlsoff until 2001-12-31
To:j.example\tRELAY
Try_TLS:b.k.example\tNO
$MARKER
END
like($r->{out}, qr/^removed Try_TLS:a\.example NO \(line 3\)$/m, 'as remove');
like($r->{out}, qr/^changed Srv_Features:g\.example V A \(line 13\): its/m,
    'other letters stay');
like($r->{out}, qr/^removed Try_TLS:H\.example no/m, 'an edited one, too');
is(calls($service), 1, 'one restart');
is(scalar(() = $r->{out} =~ /built by/g), 1, 'one build');

my $identity = identity($access) . identity("$access.db");
$r = tlsoff_ok(@call, 'expire');
is(identity($access) . identity("$access.db"), $identity,
    'nothing to do: nothing is written');
is($r->{out}, "map $access.db: unchanged\n", '... and that is said');
is(calls($service), 1, '... nothing restarted');

# ---- duplicates ----

spew($access, "# tlsoff until 2001-12-31\nTry_TLS:a.example\tNO\n"
    . "Try_TLS:a.example\tNO\n");
tlsoff_ok(@call, 'expire');
is(slurp($access), '', 'no duplicate stands in for it');
spew($access, "Try_TLS:a.example\tNO\n# tlsoff until 2001-12-31\n"
    . "Try_TLS:a.example\tNO\n");
tlsoff_ok(@call, 'expire');
is(slurp($access), "Try_TLS:a.example\tNO\n",
    'a duplicate goes without the first');
spew($access, "# tlsoff until 2001-12-31\nTry_TLS:a.example\tNO\n" x 3);
tlsoff_ok(@call, 'expire');
is(slurp($access), '', 'all of them');
spew($access, join "Try_TLS:a.example\tOK\n",
    ("# tlsoff until 2001-12-31\n") x 3, '');
tlsoff_ok(@call, 'expire');
is(slurp($access), "Try_TLS:a.example\tOK\n" x 3,
    'of those that turn nothing off only the comments, all at once');
spew($access, "# tlsoff until 2001-12-30\n# tlsoff until 2001-12-31\n"
    . "Try_TLS:a.example\tOK\nTry_TLS:b.example\tNO\n");
tlsoff_ok(@call, 'expire');
is(slurp($access), "Try_TLS:a.example\tOK\nTry_TLS:b.example\tNO\n",
    'no date is left to stand above another entry');

# ---- what stays in force ----

spew($access, "Try_TLS:example\tNO\n# tlsoff until 2001-12-31\n"
    . "Try_TLS:a.example\tNO\n");
$r = tlsoff_ok(@call, 'expire');
like($r->{err}, qr/Try_TLS:example NO \(line 1\) still keeps TLS off/,
    'a broader entry is told');

# ---- JSON, and a failure ----

spew($access, "# tlsoff until 2001-12-31\nTry_TLS:a.example\tNO\n");
my $d = decode_json(tlsoff_ok(@call, '-j', 'expire')->{out});
is($d->{changes}[0]{key}, 'Try_TLS:a.example', '-j');
is($d->{changes}[0]{action}, 'removed', '... removed');
is(tlsoff('-C', $cf, '-f', "$dir/none", 'expire')->{status}, 66, 'no such file');
is(tlsoff(@call, 'expire', 'a.example')->{status}, 64, 'it takes no words');
is(tlsoff(@call, 'expire', '--fix')->{status}, 64, 'nor --fix');

# Days are counted in the calendar, past the end of a 32 bit clock too.
{
	local $ENV{TZ} = 'UTC';
	for my $days (1, 27, 28, 30, 31, 60, 365, 366, 1461, 4700, 36500) {
		my ($d, $m, $y) = (gmtime(time + $days * 86400))[3, 4, 5];
		spew($access, "x OK\n");
		tlsoff_ok(@call, "-u", "${days}d", "client", "a.example");
		my $date = sprintf '%04d-%02d-%02d', $y + 1900, $m + 1, $d;
		like(slurp($access), qr/^# tlsoff until \Q$date\E$/m, "${days}d is $date");
	}
}

done_testing();
