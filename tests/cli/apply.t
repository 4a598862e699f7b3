#!/usr/bin/perl
# apply makes of the access file what a file says, as one change: a line is all
# that shall be of a host; what is wrong is told at once, and nothing is changed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Site;

my $before = "Connect:127\tRELAY\n# tlsoff until 2099-01-31: old\n"
    . "Try_TLS:a.example\tNO\nSrv_Features:b.example\tV s\n";
my $wanted = scratch() . '/wanted';

sub apply {
	my ($list, @words) = @_;
	spew($wanted, $list);
	return edit('apply', @words, $wanted);
}

# ---- one line, one state ----

for my $case (
	['client a.example until 2099-01-31 # old', undef, 'as it is'],
	['client a.example until 2099-01-31', "# tlsoff until 2099-01-31\n", 'no reason'],
	['client a.example # new', "# tlsoff: new\n", 'another reason, and no date'],
	['client a.example', '', 'neither'],
	["\tclient   A.EXAMPLE.  until 2099-02-28\t# x # y\r", "# tlsoff until 2099-02-28: x # y\n",
	    'blanks, case, CR']) {
	my ($line, $comment, $what) = @$case;
	site($before);
	my $r = apply("$line\n");
	is($r->{status}, 0, "$what: done") or diag($r->{err});
	my $after = $before;
	$after =~ s/^# tlsoff.*\n/$comment/m if defined $comment;
	is(text(), $after, '... and so it is');
	changes_nothing('... once more', sub { apply("$line\n") });
}
site($before);
apply("server b.example # why\n");
is(text(), $before =~ s/Srv_Features:b.example\tV s/# tlsoff: why\nSrv_Features:b.example\tV S/r,
    'letters of a server stay');

# ---- all of it is one change ----

my $list = "# whom we exempt\n\nclient x.example # ticket 1\nserver y.example\n"
    . "client past.example until 2020-01-01\nclient a.example until 2020-01-01 # over\n"
    . "server y.example\n";
site($before);
my $count = counter('restart', ':');
spew($wanted, $list);
my $r = tlsoff_ok('-C', $CF, '--restart-command', $count, 'apply', $wanted);
is(text(), "Connect:127\tRELAY\nSrv_Features:b.example\tV s\n"
    . "Srv_Features:y.example\tS\n# tlsoff: ticket 1\nTry_TLS:x.example\tNO\n",
    'what is past its date goes, the rest comes');
is(calls($count), 1, 'one restart');
is(() = $r->{out} =~ /^map .*proven$/mg, 1, 'one build');
is(entry('Try_TLS:x.example'), 'NO', 'the map has it');
is(entry('Try_TLS:a.example'), undef, 'and no more what went');
like($r->{out}, qr/^removed Try_TLS:a\.example NO \(line 3\)$/m, 'lines of the old text');
like($r->{out}, qr/^added Try_TLS:x\.example NO \(line 5\)$/m, 'and of the new one');

my $text = text();
$r = edit('apply', '-n', '--exit-code', $wanted);
is($r->{status}, 0, 'again: -n --exit-code finds nothing to do');
is($r->{out}, '', '... no diff');
changes_nothing('and nothing is done', sub { edit('apply', $wanted) });
site($before);
$r = changes_nothing('-n --exit-code', sub {
	return edit('apply', '-n', '--exit-code', $wanted);
});
is($r->{status}, 1, '... is 1 where something would change');
is($r->{out} =~ s/^(---|\+\+\+|@@).*\n//mgr, " Connect:127\tRELAY\n-# tlsoff until 2099-01-31: old\n"
    . "-Try_TLS:a.example\tNO\n Srv_Features:b.example\tV s\n+Srv_Features:y.example\tS\n"
    . "+# tlsoff: ticket 1\n+Try_TLS:x.example\tNO\n", '... and shows one diff');

# ---- several files, standard input ----

site('');
spew("$wanted.2", "client two.example\n");
spew($wanted, "client one.example\n");
tlsoff_ok('-C', $CF, '--restart', 'none', 'apply', $wanted, '-', "$wanted.2",
    { stdin => "server three.example\n" });
is(text(), "Srv_Features:three.example\tS\nTry_TLS:one.example\tNO\n"
    . "Try_TLS:two.example\tNO\n", 'files, and standard input between them');
site('');
spew(scratch() . '/here', "client one.example\n");
$r = run(['/bin/sh', '-c', "cd '@{[scratch()]}' && exec '$TLSOFF' -C '$CF' --restart none "
    . 'apply here']);
is(text(), "Try_TLS:one.example\tNO\n", 'a path from the working directory') or diag($r->{err});

# ---- --exclusive ----

my $managed = canit_section() . "Try_TLS:canit.example\tNO\n";
my $there = "# mine\nTry_TLS:a.example\tNO\n# tlsoff: x\nSrv_Features:b.example\tV S\n"
    . "Try_TLS:192.0.2\tNO\nTry_TLS:on.example\tYES\nTry_TLS:keep.example\tNO\n$managed";
site($there);
$r = apply("client keep.example\nclient new.example\n", '--exclusive');
is(text(), "# mine\nSrv_Features:b.example\tV\nTry_TLS:on.example\tYES\n"
    . "Try_TLS:keep.example\tNO\nTry_TLS:new.example\tNO\n$managed",
    '--exclusive: other exemptions go, of both roles, and nothing else');
site($there);
apply("client new.example\n");
like(text(), qr/^Try_TLS:a\.example/m, '... and without it they stay');
site($there);
for my $empty ('', "# nobody\n", "client gone.example until 2020-01-01\n") {
	$r = changes_nothing('an empty list', sub { apply($empty, '--exclusive') });
	is($r->{status}, 65, '... is refused');
	like($r->{err}, qr/^tlsoff: \Q$wanted\E: wants no exemption at all.*--force/m,
	    '... with the cure');
}
apply('', '--exclusive', '--force');
unlike(text() =~ s/\Q$managed\E//r, qr/NO$|\bS$/m, '... and done with --force');

# ---- fallback, where the cf can do it ----

my $session = "R\$* \$| \$*\t\t\$: \$>D <\$1> <?> <! TLS_Clt_Features> <\$1>\n";
sub fallback_site {
	site($_[0]);
	append($CF, "Stls_clt_features\n$session");
	return;
}
fallback_site("Try_TLS:a.example\tNO\nTry_TLS:b.example\tNO\n");
$r = apply("client a.example fallback # theirs\nclient b.example\n", '--exclusive');
is(text(), "Try_TLS:b.example\tNO\n# tlsoff: theirs\nTLS_Clt_Features:a.example\tFlags=C\n",
    'a fallback in place of an exemption') or diag($r->{err});
changes_nothing('... once more', sub {
	apply("client a.example fallback # theirs\nclient b.example\n", '--exclusive') });
apply("client a.example\nclient b.example fallback until 2099-01-31\n", '--exclusive');
is(text(), "# tlsoff until 2099-01-31\nTLS_Clt_Features:b.example\tFlags=C\n"
    . "Try_TLS:a.example\tNO\n", '... and the other way round');
apply("client a.example\n", '--exclusive');
is(text(), "Try_TLS:a.example\tNO\n", '--exclusive takes out a fallback, too');
append($CF, "Sclt_features\n" . $session =~ s/TLS_Clt_Features/Clt_Features/r);
for my $list (["client keep.example\n", '--exclusive'],
    ["client keep.example\nclient a.example until 2020-01-01\n"]) {
	spew($ACCESS, "Try_TLS:a.example\tNO\nClt_Features:a.example\tS\n"
	    . "TLS_Clt_Features:a.example\tFlags=C\nTry_TLS:keep.example\tNO\n");
	$r = apply(@$list);
	is($r->{status}, 0, 'a host with an exemption of each kind') or diag($r->{err});
	is(text(), "Try_TLS:keep.example\tNO\n", '... has none any more');
}
spew($ACCESS, "Try_TLS:a.example\tNO\n");
apply("client a.example until 2020-01-31\nserver s.example until 2020-01-31\n"
    . "client 2001:db8::1\n");
is(text(), "Try_TLS:IPv6:2001:db8:0:0:0:0:0:1\tNO\n", 'ended, of either role; and an address');
site("Try_TLS:a.example\tNO\n");
$r = changes_nothing('a fallback that the cf does not know', sub {
	apply("client a.example fallback\n") });
is($r->{status}, 78, '... is refused');

fallback_site('');
apply("client a.example\nclient b.example fallback\nserver c.example\nclient d.example\n");
is(text(), "Srv_Features:c.example\tS\nTLS_Clt_Features:b.example\tFlags=C\n"
    . "Try_TLS:a.example\tNO\nTry_TLS:d.example\tNO\n", 'new entries stand by kind');

# ---- what is wrong ----

site($before);
my @bad = (
	['clint a.example', qr/no role "clint"; write client or server/],
	['client', qr/./],
	['client a b', qr/what is "b"\? Write ROLE HOST \[fallback\]/],
	['server a.example fallback', qr/what is "fallback"\? Write ROLE HOST \[until/],
	['client a.example until', qr/no date ""/],
	['client a.example until 30d', qr/no date "30d".*2026-12-31/],
	['client a.example until 2099-02-30', qr/no date "2099-02-30"/],
	['client a.example until 2099-01-01 until 2099-01-01', qr/what is "until"/],
	['client com', qr/--force/],
	['client http://a.example/', qr/a\.example/],
	["client a.example # \e[2J", qr/reason: not one line of printable/],
	["client a.example # first\nclient A.example # second", qr/wanted otherwise in .*:2/],
	["client a.example\nclient a.example until 2020-01-01", qr/wanted otherwise in .*:2/],
	["client a.example fallback\nclient a.example", qr/wanted otherwise in .*:2/],
	["client a.example # x\nclient a.example", qr/wanted otherwise in .*:2/],
	['client a.example fallback fallback', qr/what is "fallback"/]);
for my $case (@bad) {
	my ($lines, $like) = @$case;
	$r = changes_nothing($lines =~ s/\n.*|\e//sr, sub { apply("# x\n$lines\nfrob\n") });
	is($r->{status}, 65, '... is refused') or diag($r->{out});
	like($r->{err}, qr/^tlsoff: \Q$wanted\E:[23]: .*$like/m, '... with file, line and cure');
	like($r->{err}, qr/^tlsoff: \Q$wanted\E:[34]: no role "frob"/m, '... and so is the next');
	unlike($r->{err}, qr/\e/, '... nothing raw');
}
$r = changes_nothing('no such file', sub { edit('apply', "$wanted.none") });
is($r->{status}, 66, '... is 66');
$r = changes_nothing('a directory', sub { edit('apply', scratch()) });
is($r->{status}, 74, '... is 74') or diag($r->{err});
$r = changes_nothing('-c', sub { edit('apply', '-c', 'x', $wanted) });
is($r->{status}, 64, '... is in the file');

$r = changes_nothing('a closed standard input', sub {
	run(['/bin/sh', '-c', "exec '$TLSOFF' -C '$CF' --restart none apply - <&-"]) });
is($r->{status}, 74, '... is 74');
like($r->{err}, qr/\Atlsoff: standard input: cannot read: /, '... in words');
$r = changes_nothing('a list without end', sub {
	run(['/bin/sh', '-c', "yes 'client a.example' | '$TLSOFF' -C '$CF' --restart none apply -"]) });
is($r->{status}, 65, '... is refused');
like($r->{err}, qr/\Atlsoff: standard input:2000001: more than 2000000 hosts; /, '... and ends');

# ---- lines are those of the file, though each role's entries shift the other's ----

site("Connect:127\tRELAY\n" . canit_section() . "Srv_Features:b.example\tS\nTry_TLS:c.example\tNO\n");
my $line = () = text() =~ s/^Srv_Features:b.*//msr =~ /\n/g;
spew($wanted, "client a.example\nclient c.example\nserver b.example\nserver d.example\n");
$r = edit('-n', 'apply', $wanted);
like($r->{err}, qr/moved Srv_Features:b\.example S \(line \d+\): from line @{[$line + 1]}, /,
    'a server that was managed') or diag($r->{err});
like($r->{err}, qr/moved Try_TLS:c\.example NO \(line \d+\): from line @{[$line + 2]}, /,
    'a client that was') or diag($r->{err});

# ---- what counts once another line of its key is gone ----

# With DANE a host without the letter D would have its mail bounced.
site("Try_TLS:a.p.example\tNO\n# tlsoff companion D\nClt_Features:b.p.example\tS\n"
    . "Clt_Features:b.p.example\tA\n");
append($CF, "O DANE=true\nSclt_features\n"
    . "R\$+\t\t\$: \$>D <\$1> <?> <! \"Clt_Features\"> <>\n");
my $shadowed = "client p.example\nclient b.p.example until 2020-01-01\n";
is(apply($shadowed)->{status}, 0, 'a domain comes, and a host in it goes');
is(entry('Clt_Features:b.p.example'), 'A D', '... whose next entry gets what the domain needs');
changes_nothing('... once more', sub { apply($shadowed) });

# ---- for scripts ----

site($before);
spew($wanted, $list);
$r = edit('apply', '-j', $wanted);
my $doc = decode_json($r->{out});
ok($doc->{changed}, 'one document');
is(join(' ', map { "$_->{action}:$_->{key}" } @{$doc->{changes}}),
    'removed:Try_TLS:a.example unchanged:Try_TLS:past.example '
    . 'added:Srv_Features:y.example added:Try_TLS:x.example', '... tells each');
spew($wanted, "frob\n");
$r = edit('apply', '-j', $wanted);
is_deeply(decode_json($r->{out}), { schema => 1, error => { status => 65,
	text => "$wanted:1: no role \"frob\"; write client or server, then the host" } },
    'a failure is a document, too');

done_testing();
