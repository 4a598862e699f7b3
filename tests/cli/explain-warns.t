#!/usr/bin/perl
# explain warns of all that makes its answer differ from what one would think:
# text and map that differ, a map or text that is not there, addresses not
# asked for, TLS requirements, local rules.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Site;

sub asked {
	my $r = tlsoff('-C', $CF, '-j', 'explain', @_);
	my $said = eval { decode_json($r->{out}) } // {};
	return { %$said, status => $r->{status}, err => $r->{err},
		all => join "\n", @{ $said->{warnings} // [] } };
}

# ---- text and map ----

site("Try_TLS:bagoona.com\tNO\n");
spew($ACCESS, "# new\nTry_TLS:luna.bagoona.com\tOK\nTry_TLS:bagoona.com\tNO\n");
my $r = asked('client', 'luna.bagoona.com', '192.0.2.1');
is($r->{tls}, 'off', 'the map decides');
is($r->{line}, 3, '... the line is that of the text');
ok(!$r->{text_agrees}, '... and they disagree');
like($r->{all}, qr/says Try_TLS:luna\.bagoona\.com OK \(TLS on\)/, '... how');
like($r->{all}, qr/rebuild it with makemap hash/, '... and the cure');
like($r->{err}, qr/^tlsoff: warning: .*rebuild/m, '... on standard error, too');
$r = asked('client', 'x.bagoona.com', '192.0.2.1');
ok($r->{text_agrees}, 'a host they say the same of');

# The same verdict of another entry is no agreement.
for (["Try_TLS:luna.bagoona.com\tNO\n", 'another key'],
    ["Try_TLS:bagoona.com\tno\n", 'another value']) {
	spew($ACCESS, $_->[0]);
	$r = asked('client', 'luna.bagoona.com', '192.0.2.1');
	ok(!$r->{text_agrees}, $_->[1]);
}
spew($ACCESS, "Try_TLS:else.example\tOK\n");
ok(!asked('client', 'else.example', '192.0.2.1')->{text_agrees},
    'an entry where there is none');

spew($ACCESS, "# nothing\n");
$r = asked('client', 'luna.bagoona.com', '192.0.2.1');
is($r->{line}, undef, 'an entry that is only in the map has no line');
like($r->{all}, qr/has no entry/, '... which is said');

unlink $ACCESS;
$r = asked('client', 'luna.bagoona.com', '192.0.2.1');
is($r->{tls}, 'off', 'without the text');
is($r->{text_agrees}, undef, '... nothing agrees');
like($r->{all}, qr/\Q$ACCESS\E: cannot open/, '... which is said');
my $quiet = tlsoff('-C', $CF, '-q', 'explain', 'client', 'luna.bagoona.com');
is_deeply([@$quiet{qw(status out err)}], [0, '', ''],
    '-q reads no text, says nothing, and exits as ever');

# However large the text is, -q does not pay for it: only the map is opened.
site("Try_TLS:luna.bagoona.com\tNO\n");
my $calls = scratch() . '/calls';
local $ENV{ASAN_OPTIONS} = 'detect_leaks=0'; # it traces, too, and two cannot
my $traced = run(['strace', '-f', '-y', '-e', 'trace=open,openat', '-o', $calls,
    $TLSOFF, '-C', $CF, '-q', 'explain', 'client', 'luna.bagoona.com']);
is($traced->{status}, 0, '-q answers') or diag($traced->{err});
my @opened = slurp($calls) =~ /\) = \d+<([^>\n]*)>/g;
is(scalar(grep { $_ eq "$ACCESS.db" } @opened) > 0, 1, '... from the map');
is(scalar(grep { $_ eq $ACCESS } @opened), 0, '... and never opens the text');

# ---- the map ----

site("Try_TLS:bagoona.com\tNO\n");
unlink "$ACCESS.db";
$r = asked('client', 'luna.bagoona.com', '192.0.2.1');
is($r->{tls}, 'on', '-o and no map: TLS is on');
spew($CF, "V10/Berkeley\nKaccess hash -T<TMPF> $ACCESS\n");
$r = asked('client', 'luna.bagoona.com', '192.0.2.1');
is($r->{tls}, 'tempfail', 'no map: mail is put off');
is($r->{status}, 75, '... exit 75');
like($r->{all}, qr/puts all mail off/, '... and why');
spew($CF, "V10/Berkeley\nKaccess hash $ACCESS\n");
$r = asked('client', 'luna.bagoona.com', '192.0.2.1');
is($r->{tls}, 'on', 'no map and no -T: TLS is on');
like($r->{all}, qr/as if it had no entries/, '... and why');

# ---- addresses ----

site("Try_TLS:192.0.2\tNO\nTry_TLS:bagoona.com\tNO\n");
like(asked('client', 'x.example')->{all}, qr/give the host's address/,
    'an address that could matter is asked for');
is(asked('client', 'bagoona.com')->{all}, '', '... but not where a name decides');
is(asked('server', 'x.example')->{all}, '', '... nor where none has an entry');
site("Try_TLS:10.0.0.0/8\tNO\nTry_TLS:192.0.2.1\tNO\n");
like(asked('client', 'x.example')->{all}, qr/give the host's address/,
    '... and one behind another that is none');
site("Try_TLS:bad..name\tNO\nTry_TLS:192.0.2.1\tNO\n");
like(asked('client', 'x.example')->{all}, qr/give the host's address/,
    '... or behind what is no host at all');

# ---- requirements ----

site("Try_TLS:bagoona.com\tNO\nTLS_Srv:bagoona.com\tENCR:112\n"
    . "Try_TLS:perm.example\tNO\nTLS_Srv:perm.example\tPERM+VERIFY\n"
    . "Srv_Features:cheddar.com\tS\nTLS_Clt:\tVERIFY\n");
like(asked('client', 'luna.bagoona.com')->{all},
    qr/deferred, because TLS_Srv:bagoona\.com ENCR:112/, 'TLS_Srv');
like(asked('client', 'perm.example')->{all}, qr/bounces, because/, 'PERM+');
like(asked('server', 'cheddar.com', '192.0.2.1')->{all},
    qr/from it is deferred, because TLS_Clt: VERIFY/, 'TLS_Clt');
is(asked('client', 'other.example')->{all}, '', 'with TLS on none matters');
site("Try_TLS:bagoona.com\tNO\nTLS_Rcpt:dom.example\tENCR:112\n");
like(asked('client', 'bagoona.com')->{all},
    qr/TLS_Rcpt:dom\.example ENCR:112 \(line 2\) bounces/, 'TLS_Rcpt');
site("Try_TLS:bagoona.com\tNO\nTLS_Rcpt:dom.example\tENCR%1:112\n");
like(asked('client', 'bagoona.com')->{all},
    qr/TLS_Rcpt:dom\.example ENCR%1:112 \(line 2\) bounces/,
    '... as the map rewrites its value');

# ---- Clt_Features ----

# As 8.17.2 and later ask it: by the name of the server.
my $by_name = "Sclt_features\n"
    . "R\$+\t\t\$: \$>D <\$1> <?> <! \"Clt_Features\"> <>\n";
site("Clt_Features:\tS\n");
is(asked('client', 'bagoona.com')->{status}, 1,
    'a sendmail without clt_features does not ask them');
append($CF, $by_name);
my $features = asked('client', 'bagoona.com');
is($features->{status}, 0, 'where it does they turn TLS off');
is($features->{key}, 'Clt_Features:', '... and are named');
is($features->{kind}, 'clt_features', '... by their kind');
site("Clt_Features:\tS\nClt_Features:bagoona.com\tA\n");
append($CF, $by_name);
is(asked('client', 'luna.bagoona.com')->{status}, 1, 'a domain of its own hides the bare tag');
site("Try_TLS:bagoona.com\tNO\nClt_Features:bagoona.com\ttemp\n");
append($CF, $by_name);
$features = asked('client', 'luna.bagoona.com');
is($features->{status}, 75, 'one that puts mail off goes before all');
like(tlsoff('-C', $CF, 'explain', 'client', 'luna.bagoona.com')->{out},
    qr/^mail to luna\.bagoona\.com is put off: .*clt_features=TEMPFAIL$/m,
    '... and says how that looks in the log');
site("Try_TLS:bagoona.com\tNO\nTry_TLS:192.0.2.1\tNO\n");
append($CF, "O DANE=true\n$by_name");
like(asked('client', 'luna.bagoona.com')->{all},
    qr/mail to it bounces where DANE applies, which the cf turns on; to keep it from that, run tlsoff client luna\.bagoona\.com$/m,
    'DANE bounces mail of an exempted host');
like(asked('client', '192.0.2.1')->{all},
    qr/mail to it bounces where DANE applies, which the cf turns on, and sendmail can do without it for names alone; give the host's name$/m,
    '... and of an address');
like(tlsoff('-C', $CF, 'check')->{out},
    qr/:2: mail to it bounces where DANE applies, which the cf turns on, and sendmail can do without it for names alone; give the host's name$/m,
    '... as check says');
site("Try_TLS:bagoona.com\tNO\nClt_Features:bagoona.com\tD\n");
append($CF, "O DANE=true\n");
my $older = 'and only sendmail 8\.17\.2 and later can do without it for one host; update that';
like(asked('client', 'luna.bagoona.com')->{all},
    qr/mail to it bounces where DANE applies, which the cf turns on, $older$/m, 'an older sendmail');
my $found = tlsoff('-C', $CF, 'check')->{out};
like($found, qr/:1: mail to it bounces where DANE applies, which the cf turns on, $older$/m,
    '... as check says');
like($found, qr/:2: this key never matches, because only sendmail 8\.17\.2 and later asks for it; update that, or remove the line$/m,
    '... and of the entry that it does not ask for');
site("Try_TLS:bagoona.com\tNO\nClt_Features:bagoona.com\tD\n");
append($CF, "O DANE=true\n$by_name");
unlike(asked('client', 'luna.bagoona.com')->{all}, qr/DANE/, '... but for its companion');
site("Clt_Features:bagoona.com\tS\n");
append($CF, "O DANE=true\n$by_name");
like(asked('client', 'luna.bagoona.com')->{all},
    qr/mail to it waits where DANE applies, which the cf turns on; .* run tlsoff client luna\.bagoona\.com$/m,
    'S of Clt_Features alone makes it wait');

# ---- local rules ----

append($CF, "SLocal_try_tls\nR\$*\t\t\$# OK\n");
like(asked('client', 'bagoona.com')->{all}, qr/Local_try_tls is not empty/,
    'Local_try_tls');
unlike(asked('server', 'bagoona.com')->{all}, qr/Local/, '... of one role only');

done_testing();
