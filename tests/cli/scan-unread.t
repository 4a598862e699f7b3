#!/usr/bin/perl
# scan is never silent: a failure that only sendmail writes, in a line whose
# shape is not understood, is counted and told.
use strict;
use warnings;
use lib 'tests/lib';
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Scan;
use Test::More;
use Tlsoff::Terminal;

my $client = 'ruleset=tls_server, arg1=SOFTWARE, relay=mx.a.example, '
    . 'reject=454 4.7.0 TLS handshake failed.';
my $server = 'STARTTLS=server, error: accept failed=-1, reason=no shared cipher, '
    . 'SSL_error=1, errno=0, retry=-1, relay=in.example [192.0.2.7]';
my $deferred = '6ANGi8hT024429: to=<j@a.example>, delay=00:00:00, xdelay=00:00:00, '
    . 'mailer=esmtp, pri=30136, relay=mx.a.example. [192.0.2.1], dsn=4.7.0, '
    . 'stat=Deferred: 403 4.7.0 TLS handshake failed.';
my $known = "2026-11-23T11:11:04-06:00 h sm-mta[7]: 6ANGi8hT024429: from=<x\@a.example>, size=1\n";

# What no row of the table knows.
sub odd { map { "== $_ ==\n" } @_ }

for (['the client role', $client], ['the server role', $server],
    ['a delivery', $deferred], ['... of 8.17', $deferred =~ s/403/454/r],
    ['escaped JSON', $client =~ s/=/\\u003d/gr],
    ['JSON in JSON', "{\\\"x\\\":\\\"$client\\\"}"]) {
	my ($name, $message) = @$_;
	my ($out, $err, $status) = scan(join('', odd('x', $message, $message)));

	is($status, 65, "$name: 65 where nothing was understood");
	is($out, '', '... and no table');
	like($err, qr/^tlsoff: scan: 2 lines look like failures of TLS but their shape is not understood, the first in line 2: "== /,
	    '... and it is told');
	like($err, qr/"; see LOG SHAPES in the manual$/, '... with what helps');
	is($err =~ tr/\n//, 1, '... in one line');

	my ($rows, $said) = scan_rows($known . join('', odd($message)));
	is_deeply($rows, [], "$name: a warning where there are records");
	is($said->{unread}, 1, '... and a count in JSON');
	(undef, $err, $status) = scan($known . join('', odd($message)));
	is($status, 0, '... exit 0');
	like($err, qr/^tlsoff: scan: 1 line looks like/, '... and it is told');
	(undef, $err) = scan($known . join('', odd($message)), '-q');
	like($err, qr/look/, '... also with -q: it is a warning');
}

# Objects that have the message under a name that is not known, or deeper.
for (['GELF', '"version":"1.1","host":"h","timestamp":1795455064,"short_message":"%s"'],
    ['nxlog', '"Hostname":"h","SourceName":"sm-mta","Message":"%s"'],
    ['Splunk', '"preview":false,"result":{"_raw":"%s"}'],
    ['Elasticsearch', '"_id":"1","_source":{"message":"%s"}'],
    ['Google Cloud', '"insertId":"1","textPayload":"%s"']) {
	my ($name, $fields) = @$_;
	my $log = sprintf("{$fields}\n", $client) . sprintf("{$fields}\n", 'x');
	my ($out, $err, $status) = scan($log);

	is($status, 65, "$name: 65");
	like($err, qr/^tlsoff: scan: 1 line looks like .*, the first in line 1: "\{/, '... and it is told');
	(undef, my $said) = scan_rows($known . $log);
	is($said->{unread}, 1, '... and counted behind a record');
}

# Frames one behind the other, of which one has lost its beginning: what it
# holds is told, and those behind the next line's end are read.
{
	my $frames = shape('frames', (records(slurp("$FIXTURES/real.log")))[0 .. 2]);
	my $line = "<22>1 2026-11-23T11:11:04Z h sm-mta 7 - - $client";
	my ($rows, $said) = scan_rows("$frames$line\n" . length($line) . " $line");

	is_deeply($rows, ['client mx.a.example - 1'], 'frames: read again');
	is($said->{unread}, 1, '... and one was not');
	(undef, $said) = scan_rows($frames . 'x' x 100000 . "$line\n");
	is($said->{unread}, 1, '... also far behind');
}

# Where the first one is, however far.
my $text = slurp("$FIXTURES/real.log");
my $lines = $text =~ tr/\n//;
for my $copies (1, 20) {
	my (undef, $err) = scan($text x $copies . join '', odd($client));
	my $number = $lines * $copies + 1;

	like($err, qr/the first in line $number: /, "in line $number");
}
{
	my $dir = $ENV{TMPDIR} || '/tmp';
	my @logs = map { "$dir/tlsoff-unread.$$.$_" } 1, 2;

	for ([$logs[0], $known], [$logs[1], $known . "\n" . join '', odd($client)]) {
		open my $f, '>', $_->[0] or die;
		print $f $_->[1];
	}
	my (undef, $err) = scan('', @logs);
	like($err, qr/the first in line 3 of \Q$logs[1]\E: /, 'of several logs, which');
	unlink @logs;
}

# A stranger's bytes reach no terminal, and not without end.
my (undef, $err) = scan(join '', odd("\e[2J$client" . 'x' x 1000));
unlike($err, qr/[^\n\x20-\x7e]/, 'the text is escaped');
cmp_ok(length $err, '<', 500, '... and cut');

# ---- nothing to tell ----

for (['OpenVPN', "Nov 30 02:33:00 h ovpn[77]: TLS Error: TLS handshake failed\n"],
    ['OpenVPN, a shape of its own', "TLS Error: TLS handshake failed\n"],
    ['postfix', "Nov 30 02:33:00 h postfix/smtp[77]: ABC: to=<x\@a.example>, relay=none, "
	. "delay=1, status=deferred (Cannot start TLS: handshake failure)\n"],
    ['words of a stranger', "Nov 30 02:33:00 h sm-mta[77]: 6ANGi8hT024429: from=<x>, "
	. "msgid=$client\n"],
    ['... with -L', "Nov 30 02:33:00 h mta[77]: 6ANGi8hT024429: from=<x>, msgid=$client\n"],
    ['... without a header', "6ANGi8hT024429: from=<x>, msgid=$client\n"],
    ['a line that goes on', "Nov 30 02:33:00 h x: y\n   $client\n"],
    ['another program, by journald\'s word', '{"_COMM":"logger","SYSLOG_IDENTIFIER":"sm-mta",'
	. "\"MESSAGE\":\"$client\"}\n"]) {
	my ($name, $log) = @$_;
	my (undef, $said) = scan_rows($log);

	is($said->{unread}, 0, "nothing to tell: $name");
}
my ($out, undef, $status) = scan('');
(undef, $err) = scan('');
is("$out$err$status", '0', 'an empty log');

# ---- what cannot be read at all ----

for my $code ('UTF-16LE', 'UTF-16BE', 'UTF-16') {
	require Encode;
	my ($out, $err, $status) = scan(Encode::encode($code, $text));

	is($status, 65, $code);
	like($err, qr/^tlsoff: standard input: is UTF-16; iconv/, '... is told');
}
for my $shape (qw(iso traditional short-monotonic short-unix json export json-pretty)) {
	my ($out, $err, $status) = scan(shape($shape, reverse records($text)));

	is($status, 65, "newest first: $shape");
	like($err, qr/^tlsoff: standard input: its newest lines come first; .*-r/, '... is told');
}
($out, $err, $status) = scan($text . $text);
is($status, 0, 'a log twice is in order');

# ---- a terminal ----

{
	my $t = Tlsoff::Terminal->start({}, 'sh', '-c', "echo nothing | $TLSOFF scan; echo done.");
	ok($t->wait_for(qr/done\./), 'on a terminal');
	$t->end();
	like($t->{seen}, qr/not one line of sendmail's/, '... a log of something else is told');
}

done_testing;
