#!/usr/bin/perl
# Words that a stranger chose: hosts on the command line and on standard input,
# values of options, lines of a log.  None of them runs anything, gets into a
# file as more than a host, or sends a control byte to the terminal.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Tlsoff;
use Tlsoff::Site;

my $dir = scratch();
my $old = "Connect:127\tRELAY\nTry_TLS:a.example\tNO\n";
site($old);

# Plain ASCII, one message a line, none of them long.
sub is_plain {
	my ($what, $text) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	unlike($text, qr/[^\n\x20-\x7e]/, "$what: plain text");
	is_deeply([grep { length > 2000 } split /\n/, $text], [], '... in short lines');
	return;
}

# ---- hosts ----

my $canary = "$dir/was-run";
my @hosts = ("\$(touch $canary)", "`touch $canary`", ";touch $canary", "|touch $canary",
    "a.example\ntouch $canary", "a.example && touch $canary", "%s%s%s%n",
    "a.example\tNO", "x.example\nConnect:evil.example RELAY", "x.example\rREJECT",
    "x.example # comment", "\e[2Jx.example", "\x9b2Jx.example", "\xc2\x9b2Jx.example",
    "x\x7f.example", "\xe2\x80\xae.example", "x\\.example", "../../etc/passwd",
    "/etc/passwd", "*.example", "x..example", "\"x\".example", "<x.example>", "x,y.example",
    "Try_TLS:x.example", "To:x", "!x.example", 'x' x 300 . '.example',
    'x.' x 60_000, "[::1", "::1::", "1.2.3.4.5", "999.1.1.1", "192.0.2.0/24",
    "fe80::1%eth0", "\$*", "x.example\$", "&x", "'x.example'", " ");
for my $host (@hosts) {
	my $shown = substr($host, 0, 40) =~ s/[^\x20-\x7e]/?/gr;
	for my $verb (['client'], ['server'], ['remove', 'client'],
	    ['explain', 'client'], ['-n', '-j', 'client']) {
		my $looks = grep { /^(?:explain|-n)$/ } @$verb;
		my $r = tlsoff('-C', $CF, $looks ? () : ('--restart', 'none'), @$verb,
		    '--', $host);
		is($r->{status}, 64, "@$verb $shown: exit 64") or diag($r->{out}, $r->{err});
		is($r->{out} =~ s/\A\{"schema":1,"error":.*\}\n\z//r, '',
		    '... nothing but a failure on standard output');
		is_plain('... which is', $r->{out});
		is_plain('... its message', $r->{err});
	}
	next if $host =~ /\n/ || $host !~ /\S/ || $host =~ /#/;
	my $r = edit('client', '-', { stdin => "good.example\n$host\n" });
	is($r->{status}, 64, "$shown on standard input: exit 64");
	is_plain('... its message', $r->{err});
	like($r->{err}, qr/\Atlsoff: standard input:2: /, '... has the line number');
}
is(text(), $old, 'nothing changed');
is(names(), 'access access.db sendmail.cf', '... nothing is left');
ok(!-e $canary, '... and nothing was run');

# Lines that no host is as long as.
for my $line ('x' x 10_000_000, ('x' x 10_000_000) . "\n", "\0" x 10_000_000) {
	my $r = changes_nothing('10 MB in a line',
	    sub { edit('client', '-', { stdin => "good.example\n$line" }) });
	is($r->{status}, 64, '... exit 64');
	like($r->{err}, qr/\Atlsoff: standard input:2: a line of \d+ bytes or more/,
	    '... and the message says which');
	is_plain('... which', $r->{err});
}
my $r = changes_nothing('/dev/zero as a list', sub {
	run(['sh', '-c', 'exec "$@" </dev/zero', 'sh', $TLSOFF, '-C', $CF, '--restart',
	    'none', 'client', '-'])
});
is($r->{status}, 64, '... ends, exit 64');

# ---- options ----

my $bad = "x\e]0;owned\a\x9b\xc2\x9b\ny";
for my $call ([$bad], ["--$bad"], ["-\x9b"], ['-C', "/no/$bad", 'list'],
    ['-f', "/no/$bad", 'list'], ['-m', "hash:/no/$bad", 'list'], ['-m', $bad, 'list'],
    ['-b', $bad, 'client', 'b.example'], ['-c', $bad, 'client', 'b.example'],
    ['-u', $bad, 'client', 'b.example'], ['--restart', $bad, 'client', 'b.example'],
    ['--marker', "($bad", 'list'], ['--makemap', "/$bad", 'client', 'b.example'],
    ['list', $bad], ['remove', $bad, 'b.example'], ['explain', 'client', 'b.example', $bad],
    ['--since', $bad, 'scan'], ['--role', $bad, 'scan'], ['scan', "/no/$bad"],
    ['--restart-command', "exit 3; $bad", 'client', 'b.example']) {
	my $what = "@$call" =~ s/[^\x20-\x7e]/?/gr;
	site($old);
	$r = tlsoff('-C', $CF, @$call);
	cmp_ok($r->{status}, '>=', 64, "$what: refused") or diag($r->{out}, $r->{err});
	unlike($r->{out} . $r->{err}, qr/[^\n\x20-\x7e]/, '... in plain text');
	next if $call->[0] eq '--restart-command'; # told when all is in place
	is(text(), $old, '... and nothing changed');
}

# ---- what stands in files ----

# A key, a value and a comment of somebody's, and a log of strangers' words.
site("Try_TLS:\e[2J\x9b\xc2\x9b.example\tNO\n# \e[1m\x9b\nTry_TLS:b.example\tNO\e[0m\n"
    . "To:\e[3m\x9b\n");
my $log = spew("$dir/log", join '', map {
	"Nov 23 11:12:13 mx sm-mta[7$_->[0]]: $_->[1]\n"
} [1, 'ruleset=tls_server, arg1=SOFTWARE, relay=m' . "\e[2J\x9b\xc2\x9bx"
    . '.example, reject=454 4.7.0 TLS handshake failed.'],
    [2, 'ruleset=tls_server, arg1=SOFTWARE, relay=mx.example, reject=454 4.7.0 '
    . "TLS \e[2J\x9b\xc2\x9b handshake failed."],
    [3, "STARTTLS=server, error: accept failed=-1, reason=wrong \e]0;x\a\x9b\xc2\x9b "
    . 'number, SSL_error=1, errno=0, retry=-1, relay=h.example [192.0.2.7]']);
for my $call (['list'], ['check'], ['explain', 'client', 'b.example'],
    ['-v', 'explain', 'client', 'b.example'], ['scan', $log], ['scan', '-v', $log],
    ['scan', '--hosts', $log]) {
	for my $json ([], ['-j']) {
		next if grep { $_ eq '--hosts' } @$call, @$json and @$json;
		$r = tlsoff('-C', $CF, @$json, @$call);
		cmp_ok($r->{status}, '<=', 1, "@$json @$call") or diag($r->{err});
		is(join(',', map { sprintf '%vd', $_ } ($r->{out} . $r->{err}) =~
		    /([\0-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|(?<![\xc2-\xf4\x80-\xbf])[\x80-\x9f])/g),
		    '', '... sends no control byte to the terminal');
		ok(eval { JSON::PP->new->utf8->decode($r->{out}) }, '... and is JSON')
		    if @$json;
	}
}
$r = edit('client', 'c.example');
unlike($r->{err} . $r->{out}, qr/[^\n\x20-\x7e]/, 'nor do the warnings of a change');

done_testing();
