#!/usr/bin/perl
# check --fix is one change: one build, one restart; other bytes stay; -n shows
# it; a second run has nothing to do.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;

my $dir = scratch();
my $access = "$dir/access";
my $service = counter('service', ':');
my @call = ('-C', "$dir/sendmail.cf", '--makemap', $MAKEMAP,
    '--restart-command', $service);
# The map is whose this test is: where that is not root, sendmail trusts it.
spew("$dir/sendmail.cf", "V10/Berkeley\nKaccess hash -T<TMPF> $access\n"
    . 'O TrustedUser=' . getpwuid($>) . "\n");

my $before = <<"END";
# head
To:a.example\tRELAY
To:a.example\tOK
# tlsoff until 9999-12-31: reason
Try_TLS:a.example   NO # why
Srv_Features: b.example V S
Srv_Features:c.example\tVS
Try_TLS:d.example.\tNO  # dot
Try_TLS:a.example\tNO
Try_TLS:e.example\tNO
Try_TLS:e.example\tNO
$MARKER
# CanIt's own
# tlsoff: mine
try_tls:m.example  NO # moved
Connect:203.0.113.7\tREJECT
Try_TLS:a.example\tOK
END
my $after = <<"END";
# head
To:a.example\tRELAY
To:a.example\tOK
# why
# tlsoff until 9999-12-31: reason
Try_TLS:a.example   NO
Srv_Features:b.example\tV S
Srv_Features:c.example\tV S
# dot
Try_TLS:d.example\tNO
Try_TLS:e.example\tNO
# moved
# tlsoff: mine
try_tls:m.example\tNO
$MARKER
# CanIt's own
Connect:203.0.113.7\tREJECT
Try_TLS:a.example\tOK
END

spew($access, $before);
my $r = tlsoff(@call, '-n', 'check', '--fix');
is($r->{status}, 1, '-n exits 1, for nothing was mended');
like($r->{out}, qr/\A--- /, '... prints a diff');
is(slurp($access), $before, '... and changes nothing');
is(calls($service), 0, '... nor restarts');

$r = tlsoff(@call, 'check', '--fix');
is($r->{status}, 1, 'what cannot be mended makes it exit 1');
is(slurp($access), $after, 'everything that has one right answer is mended');
is(calls($service), 1, 'one restart');
like($r->{out}, qr/^moved try_tls:m\.example NO \(line 14\)/m, 'a line each');
is(scalar(() = $r->{out} =~ /^map .* built by makemap, proven$/mg), 1,
    'one build');
is(scalar(() = $r->{out} =~ /^\Q$access\E:\d+: /mg), 2,
    'what is left is told: the duplicates') or diag($r->{out});

my $identity = identity($access) . identity("$access.db");
$r = tlsoff(@call, 'check', '--fix');
is(identity($access) . identity("$access.db"), $identity,
    'a second run changes nothing');
is(calls($service), 1, '... and restarts nothing');
like($r->{out}, qr/^map \S+: unchanged$/m, '... and says so');

# ---- JSON ----

spew($access, "Try_TLS:a.example\tNO # why\n");
$r = tlsoff(@call, '-j', 'check', '--fix');
my $d = decode_json($r->{out});
is_deeply($d->{findings}, [], '-j: nothing is left');
is($d->{changes}[0]{action}, 'changed', '-j: what was done');
is($d->{changes}[0]{line}, 2, '... and where');
is($r->{status}, 0, 'exit 0 when nothing is left');

# ---- line ends ----

spew($access, "Try_TLS:a.example\tNO # why\r\n$MARKER\r\nTry_TLS:b.example NO");
tlsoff_ok(@call, 'check', '--fix');
is(slurp($access), "# why\r\nTry_TLS:a.example\tNO\r\n"
    . "Try_TLS:b.example\tNO\r\n$MARKER\r\n", 'CRLF stays');

# ---- what is not mended ----

for my $text ("Try_TLS:a.example\tNO # why\nTLS_Srv:a.example\tVERIFY\n",
	"Try_TLS:a.example\tNO # why\nTLS_Rcpt:b.example\tENCR:112\n",
	"Srv_Features: a.example S\nSrv_Features:a.example\tV\n",
	"Srv_Features: a.example S\nSrv_Features:\tS\n",
	"Try_TLS:a.example.\tNO\nTry_TLS:a.example\tNO\n") {
	spew($access, $text);
	$r = tlsoff(@call, 'check', '--fix');
	is(slurp($access), $text, 'not mended: ' . $text =~ s/\s+/ /gr);
	is($r->{status}, 1, '... but told');
}

# Two that would become the same.
spew($access, "Try_TLS:a.example.\tNO\nTry_TLS:[a.example]\tNO\n");
$r = tlsoff(@call, '-j', 'check', '--fix');
is(slurp($access), "Try_TLS:a.example\tNO\nTry_TLS:[a.example]\tNO\n",
    'only one of two that would be the same key');
is_deeply([grep { $_->{fixable} } @{ decode_json($r->{out})->{findings} }], [],
    '... and the other is no longer said to be mended');

# ---- failures ----

spew($access, "Try_TLS:a.example\tNO # why\n");
my $fails = script("$dir/fails", "#!/bin/sh\nexit 1\n");
$r = tlsoff(@call, '--restart-command', $fails, 'check', '--fix');
is($r->{status}, 69, 'sendmail is not back: 69');
like($r->{out}, qr/^changed /, '... but what was done is told');

done_testing();
