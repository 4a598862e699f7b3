#!/usr/bin/perl
# The table of scan: columns for people, on a terminal with a bar of failures
# over time, in signs that the terminal knows.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Terminal;

my $dir = scratch();
my $failed = ', reject=454 4.7.0 TLS handshake failed.';

sub client {
	my ($stamp, $host) = @_;
	return "2026-11-23T$stamp mx sm-mta[7]: ruleset=tls_server, arg1=SOFTWARE, "
	    . "relay=$host$failed\n";
}

# Often and long, once in the middle, and a hint; one without a stamp at all.
my $log = join '', map({ client(sprintf('%02d:%02d:00Z', $_ / 4, 15 * ($_ % 4)),
	'busy.example') x ($_ % 7 + 1) } 0 .. 95),
    client('12:00:00Z', 'once.example'),
    "2026-11-23T12:30:00Z mx sm-mta[9]: w1: to=<a\@b.example>, delay=00:00:01, "
    . "xdelay=00:00:01, mailer=esmtp, pri=3, relay=hint.example. [192.0.2.1], "
    . "dsn=4.7.0, stat=Deferred: 403 4.7.0 TLS handshake failed.\n",
    client('13:00:00Z', ('x' x 60) . '.example'),
    "2026-11-23T13:30:00Z mx sm-mta[11]: STARTTLS=server, error: accept failed=-1, "
    . "reason=no shared cipher, SSL_error=1, errno=0, retry=-1, "
    . "relay=in.example [192.0.2.7]\n",
    "2026-11-23T13:31:00Z mx sm-mta[12]: STARTTLS=server, error: accept failed=-1, "
    . "reason=unsupported protocol, SSL_error=1, errno=0, retry=-1, "
    . "relay=in.example [192.0.2.7]\n";
spew("$dir/log", $log);

my $r = tlsoff('scan', "$dir/log");
is($r->{status}, 0, 'into a file');
like($r->{out}, qr/\AROLE +EVIDENCE +HOST +ADDRESS +FAILED +WORKED +FIRST +LAST +TLS +REASON\n/,
    '... the columns have names');
unlike($r->{out}, qr/OVER TIME/, '... and there are no bars');
like($r->{out}, qr/^client +hint +hint\.example +192\.0\.2\.1 +1 /m,
    'a hint is told from what is confirmed');
like($r->{out}, qr/^client +confirmed +x{60}\.example +- /m,
    'a long name is written in full');
like($r->{out}, qr/^server .*(?:no shared cipher|unsupported protocol) and 1 more$/m,
    'of several reasons one is written');

# Without stamps nobody knows when.
spew("$dir/cat", "ruleset=tls_server, arg1=SOFTWARE, relay=cat.example$failed\n");
$r = tlsoff('scan', "$dir/cat");
like($r->{out}, qr/^client +confirmed +cat\.example +- +1 +0 +- +- +/m,
    'a log without stamps');
like(tlsoff('-j', 'scan', "$dir/cat")->{out}, qr/"first":null,"last":null/,
    '... in JSON, too');

# A log with nothing in it but failures that nobody can be blamed for.
spew("$dir/nobody", "2026-11-23T12:00:00Z mx sm-mta[7]: STARTTLS=client, error: "
    . "connect failed=-1, reason=x, SSL_error=1, errno=0, retry=-1\n");
$r = tlsoff('scan', "$dir/nobody");
is($r->{out}, '', 'no host, no table');
like($r->{err}, qr/1 more failed, of hosts the log does not name/, '... in words');
is(tlsoff('-q', 'scan', "$dir/nobody")->{err}, '', '... but not with -q');

# Failures on port 465 are told, and are no reason for an entry.
my $implicit = join '', map { my $pid = $_;
	"2026-11-23T13:30:00Z mx sm-mta[$pid]: STARTTLS=server, error: accept "
	. "failed=-1, reason=no shared cipher, SSL_error=1, errno=0, retry=-1, "
	. "relay=tls.example [192.0.2.8]\n"
	. "2026-11-23T13:30:01Z mx sm-mta[$pid]: x: tls.example [192.0.2.8] did not "
	. "issue MAIL/EXPN/VRFY/ETRN during connection to TLSMTA\n" } 20, 21;
spew("$dir/implicit", $implicit);
$r = tlsoff('scan', "$dir/implicit");
like($r->{out}, qr/^server .*\(2 on port 465: no entry helps there\)$/m,
    'failures on port 465');
is(tlsoff('scan', '--hosts', '--role=server', "$dir/implicit")->{out}, '',
    '... name no host to except');

# ---- a terminal ----

my @before; # words in front of the command

# What the terminal shows, a line an element.
sub shown {
	my ($environment, @arguments) = @_;
	my %unset = map { $_ => '' } qw(LC_ALL LC_CTYPE LANG);
	my $t = Tlsoff::Terminal->start({ %unset, %$environment }, @before, 'sh', '-c',
	    '"$@"; echo done.', 'sh', $TLSOFF, '-q', 'scan', @arguments);
	ok($t->wait_for(qr/done\./), "shown with @{[%$environment]}");
	$t->end();
	return split /\r?\n/, $t->{seen};
}

my @plain = shown({}, "$dir/log");
like($plain[0], qr/TLS +OVER TIME +REASON/, 'a terminal has bars');
my ($busy) = grep { /busy/ } @plain;
like($busy, qr/[.:=+*#\@-]{16}  /, '... of signs that every terminal has');
like($busy, qr/\@/, '... the most is the largest');
my ($once) = grep { /once/ } @plain;
like($once, qr/ \@ +unknown/, 'one failure is one sign') or diag($once);

# Under it the commands, ready to copy: none where no entry helps.
{
	spew("$dir/some", $log . $implicit . "2026-11-23T13:30:00Z mx sm-mta[13]: STARTTLS=server, "
	    . "error: accept failed=-1, reason=x, SSL_error=1, errno=0, retry=-1, relay=[192.0.2.9]\n"
	    . "2026-11-23T13:30:00Z mx sm-mta[14]: STARTTLS=server, error: accept failed=-1, "
	    . "reason=x, SSL_error=1, errno=0, retry=-1, relay=[192.0.2.9] [192.0.2.9]\n"
	    # a second row of either role: a hint, and another address
	    . "2026-11-23T13:32:00Z mx mta[15]: ruleset=tls_server, arg1=SOFTWARE, relay=busy.example$failed\n"
	    . "2026-11-23T13:32:00Z mx sm-mta[16]: STARTTLS=server, error: accept failed=-1, "
	    . "reason=x, SSL_error=1, errno=0, retry=-1, relay=in.example [192.0.2.77]\n");
	my $t = Tlsoff::Terminal->start({}, 'sh', '-c', '"$@"; echo done.', 'sh', $TLSOFF,
	    'scan', '-f', "$dir/none", '-C', '/dev/null', "$dir/some");
	ok($t->wait_for(qr/done\./), 'a terminal, with commands');
	$t->end();
	my @commands = grep { /^tlsoff (?:client|server) / } split /\r?\n/, $t->{seen};
	is_deeply([sort @commands], [sort 'tlsoff client busy.example', 'tlsoff client once.example',
		'tlsoff client hint.example', 'tlsoff client ' . 'x' x 60 . '.example',
		'tlsoff server in.example', "tlsoff server '[192.0.2.9]'"], '... one for each');
}

# A host that begins like an option, and hosts for --fallback.
{
	spew("$dir/dash", client('12:00:00Z', '-dash.example'));
	my $t = Tlsoff::Terminal->start({}, 'sh', '-c', '"$@"; echo done.', 'sh', $TLSOFF,
	    'scan', '-f', "$dir/none", '-C', '/dev/null', "$dir/dash");
	$t->wait_for(qr/done\./);
	$t->end();
	like($t->{seen}, qr/^tlsoff client -- -dash\.example\r?$/m, 'a host is no option');
}
my $document = tlsoff('scan', '--hosts', '-j', "$dir/log")->{out};
like($document, qr/\A\{.*"host":"busy\.example"/s, '--hosts goes with a document');

for ({ LC_ALL => 'en_US.UTF-8' }, { LC_CTYPE => 'C.utf8' },
    { LANG => 'de_DE.UTF-8' }) {
	my ($line) = grep { /busy/ } shown($_, "$dir/log");
	like($line, qr/\xe2\x96\x88/, '... blocks where it speaks UTF-8');
}
my ($line) = grep { /busy/ } shown({ LC_ALL => 'C', LANG => 'de_DE.UTF-8' },
    "$dir/log");
unlike($line, qr/\xe2/, '... and the first variable counts');
@before = ('env', '-u', 'LC_ALL', '-u', 'LC_CTYPE');
($line) = grep { /busy/ } shown({ LANG => 'C.UTF-8' }, "$dir/log");
like($line, qr/\xe2\x96\x88/, '... and one that is not there does not');
@before = ();
spew("$dir/late", client('12:00:45Z', 'late.example'));
($line) = grep { /late/ } shown({}, "$dir/late");
like($line, qr/ \@ +unknown/, 'a failure late in its minute is one sign') or diag($line);
($line) = grep { /cat/ } shown({}, "$dir/cat");
like($line, qr/cat\.example +- +1 +0 +- +- +/, 'no stamps, an empty bar');

done_testing();
