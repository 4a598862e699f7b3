#!/usr/bin/perl
# Everything a stranger can write into the log: the bank, which had no part in
# it, is never named.  [192.0.2.99] is its address.
use strict;
use warnings;
use lib 'tests/lib';
use JSON::PP ();
use POSIX ();
use Scan;
use Test::More;

my $second = 0;
sub record {
	my ($pid, $message, %more) = @_;
	my $local = 1795432320 + ++$second;
	return { stamp => POSIX::strftime('%Y-%m-%dT%H:%M:%S.000001-06:00', gmtime $local),
		host => 'mailserver', tag => 'sm-mta', pid => $pid, us => '000001',
		local => $local, seconds => $local + 6 * 3600, message => $message, %more };
}

my $server = 'STARTTLS=server, error: accept failed=-1, reason=wrong version number, SSL_error=1, errno=0, retry=-1';
my $client = 'ruleset=tls_server, arg1=SOFTWARE, relay=mx.bank.example, reject=454 4.7.0 TLS handshake failed.';
my $deferred = 'dsn=4.7.0, stat=Deferred: 454 4.7.0 TLS handshake failed.';
my $to = 'delay=00:00:00, xdelay=00:00:00, mailer=esmtp, pri=30136';
my $end = 'did not issue MAIL/EXPN/VRFY/ETRN during connection to MTA-v4';
my $evil = 'spam.evil.example [203.0.113.66]';
my $mta = "proto=ESMTP, daemon=MTA-v4, relay=$evil";
my $id = '6ANGrRL3025587';

# name => [messages of one process, the rows that are right]
my @cases = (
	'7.1 reply of a remote server' => [[
		"$id: to=<joe\@evilrcpt.example>, $to, relay=mx.evilrcpt.example. [198.51.100.100], dsn=4.3.0, reply=451 4.7.0 busy, relay=bank.example [192.0.2.99], $deferred, stat=Deferred: 451 4.7.0 busy, relay=bank.example [192.0.2.99], $deferred"], []],
	'7.1 reply, before sendmail 8.16' => [[
		"$id: to=<joe\@evilrcpt.example>, $to, relay=mx.evilrcpt.example. [198.51.100.100], dsn=4.3.0, stat=Deferred: 451 busy, relay=bank.example [192.0.2.99], $deferred"], []],
	'7.1 reply that is the text itself' => [[
		"$id: to=<joe\@evilrcpt.example>, $to, relay=mx.evilrcpt.example. [198.51.100.100], dsn=4.7.0, reply=454 4.7.0 TLS handshake failed., stat=Deferred: 454 4.7.0 TLS handshake failed."], []],
	'7.1 quoted recipient' => [[
		"$id: to=<\"x, $to, relay=mx.bank.example. [192.0.2.99], $deferred\"\@evil.example>, $to, relay=mx.evil.example. [198.51.100.100], dsn=2.0.0, stat=Sent"], []],
	'7.1 quoted recipient, then a true failure' => [[
		"$id: to=<\"x, $to, relay=mx.bank.example. [192.0.2.99], dsn=4.7.0, stat=\"\@evil.example>, $to, relay=mx.evil.example. [198.51.100.100], $deferred"], []],
	'7.1 recipients with a comma' => [[
		"$id: to=<a\@evil.example>, relay=mx.bank.example. [192.0.2.99],<b\@evil.example>, $to, relay=mx.evil.example. [198.51.100.100], $deferred"], []],
	'7.1 message id, client' => [[
		"$id: from=<a\@evil.example>, size=124, class=0, nrcpts=1, msgid=$client, $mta"], []],
	'7.1 message id, server' => [[
		"$id: from=<a\@evil.example>, size=124, class=0, nrcpts=1, msgid=$server, relay=bank.example [192.0.2.99], $mta"], []],
	'7.1 message id with a whole line' => [[
		"$id: from=<a\@evil.example>, size=124, class=0, nrcpts=1, msgid=2026-11-23T11:11:03.082052-06:00 mailserver sm-mta[1]: $client, $mta"], []],
	'7.1 recipient that is no user' => [[
		"$id: <\"$server, relay=bank.example [192.0.2.99]\"\@test.example>... User unknown"], []],
	'7.1 VRFY' => [[
		"$server",
		"$id: $evil: VRFY mx.bank.example [192.0.2.99] $end",
		"$id: $evil $end"], ['server spam.evil.example 203.0.113.66 1']],
	'7.1 a worked handshake in a message id' => [[
		"$id: from=<a\@evil.example>, size=1, msgid=STARTTLS=client, relay=bank.example., version=TLSv1.3, $mta"], []],
	'7.2 split, RCPT reply' => [["${id}[2]: $client"], []],
	'7.2 split, message id' => [[
		"${id}[2]: ruleset=tls_server, arg1=SOFTWARE, relay=bank.example, reject=454, $mta",
		"${id}[2]: STARTTLS=server, error: accept failed=-1, relay=bank.example, $mta",
		"${id}[2]: $server, relay=bank.example [192.0.2.99]"], []],
	'7.2 split, delivery' => [[
		"${id}[2]: to=<a\@b.example>, $to, relay=mx.bank.example. [192.0.2.99], $deferred"], []],
	'7.2 split, end of a session' => [[
		$server, "${id}[2]: bank.example [192.0.2.99] $end"], undef],
	'queue id in front' => [["$id: $client", "$id: $server, relay=bank.example [192.0.2.99]", "NOQUEUE: $client"], []],
	'7.3 MX that is the victim\'s' => [[
		"STARTTLS=client, error: connect failed=-1, reason=wrong version number, SSL_error=1, errno=0, retry=-1",
		"ruleset=tls_server, arg1=SOFTWARE, relay=mx.evil2.example, reject=454 4.7.0 TLS handshake failed.",
		"STARTTLS=client, relay=mx.bank.example., version=TLSv1.3, verify=OK, cipher=TLS_AES_256_GCM_SHA384, bits=256/256",
		"$id: to=<joe\@evil2.example>, $to, relay=mx.bank.example. [192.0.2.99], dsn=4.2.0, reply=450 4.2.0 Greylisted, try later, stat=Deferred: 450 4.2.0 Greylisted, try later"],
		['client mx.evil2.example - 1']],
	'7.3 MX with a comma' => [[
		"ruleset=tls_server, arg1=SOFTWARE, relay=relay=bank.evilmx.example., reject=454 4.7.0 TLS handshake failed."], undef],
	'7.4 forged PTR' => [[
		"$server, relay=bank.example [203.0.113.42] (may be forged)",
		"$id: bank.example [203.0.113.42] (may be forged) $end"],
		['server [203.0.113.42] 203.0.113.42 1']],
	'7.4 the mark of the forgery cut off' => [[
		"$server, relay=" . substr('a' x 68 . ".mail.bank.example [203.0.113.58] (may be forged)", 0, 100),
		"$id: " . 'a' x 68 . ".mail.bank.example [203.0.113.58] (may be forged) $end"],
		['server [203.0.113.58] 203.0.113.58 1']],
	'7.4 cut off, and nothing more is said' => [[
		"$server, relay=" . substr('a' x 68 . ".mail.bank.example [203.0.113.58] (may be forged)", 0, 100)], undef],
	'7.4 cut off, and another host ends' => [[
		"$server, relay=" . 'b' x 100,
		"$id: bank.example [192.0.2.99] $end"], undef],
	'7.5 IDENT' => [[
		"$server, relay=bank.example192.0.2.99relaybank.example\@ident.evil.example [203.0.113.50]",
		"$id: bank.example192.0.2.99relaybank.example\@ident.evil.example [203.0.113.50] $end"],
		['server ident.evil.example 203.0.113.50 1']],
	'7.5 IDENT with a text' => [[
		"$server, relay=IDENT:relaybank.example\@bank.example\@ident.evil.example [203.0.113.57]"],
		['server ident.evil.example 203.0.113.57 1']],
	'7.5 IDENT, cut before the host' => [[
		"$server, relay=" . substr("bank.example" x 9, 0, 95) . "\@evil"], undef],
	'7.7 certificate' => [[
		"STARTTLS: TLS cert verify: depth=0 /O=x, relay=bank.example [192.0.2.99], verify=OK/CN=bank.example, state=0, reason=$server, relay=bank.example [192.0.2.99]",
		"STARTTLS=client, cert-subject=/CN=$client, cert-issuer=x, verifymsg=ok"], []],
	'an HELO' => [["NOQUEUE: invalid domain name (ruleset=tls_server, arg1=SOFTWARE, relay=mx.bank.example) from $evil"], []],
	'SMTP dialogue' => [["$id: <-- $client", "$id: --- 454 $server, relay=bank.example [192.0.2.99]"], []],
	'an older session of that pid' => [[
		"NOQUEUE: connect from bank.example [192.0.2.99]",
		"$id: bank.example [192.0.2.99] $end",
		$server, "$id: $evil $end"], ['server spam.evil.example 203.0.113.66 1']],
	'a delivery of another host after the failure' => [[
		"ruleset=tls_server, arg1=SOFTWARE, relay=mx.evil.example, reject=454 4.7.0 TLS handshake failed.",
		"$id: to=<a\@bank.example>, $to, relay=mx.bank.example. [192.0.2.99], dsn=2.0.0, stat=Sent"],
		['client mx.evil.example - 1']],
	'a continuation' => [["NOQUEUE: connect from $evil", "x\n    $client\n\t$client"], []],
);

# A process of its own each; the bytes of a control character are in the log
# of an old syslogd as they are.
my @every = map { my ($n, $c) = @cases[2 * $_, 2 * $_ + 1]; [$n, @$c] } 0 .. $#cases / 2;

my $pid = 25000;
for my $case (@every) {
	my ($name, $messages, $right) = @$case;
	my $broken = grep { /\n/ } @$messages;

	$pid++;
	for my $shape (shapes()) {
		next if $broken ? $shape =~ /cat|export$|freebsd|solaris|fields-json/
		    : !$first_hand{$shape};
		my $log = shape($shape, map { record($pid, $_) } @$messages);
		my ($rows, $said) = scan_rows($log);

		unlike("@$rows", qr/bank|192\.0\.2\.99/, "$name: $shape")
		    or diag "@$rows";
		# sendmail escapes a newline: who wrote one is not sendmail.
		is($said->{unread}, 0, "$name: $shape: nothing to tell") if !$broken;
		if (!$no_pid{$shape}) {
			is_deeply($rows, $right, "$name: $shape: who") if $right;
			is($said->{unattributed}, 1, "$name: $shape: nobody") if !$right;
		}
	}
}

# All of them in one log, in every shape.
my @whole = grep { "@{$_->[1]}" !~ /\n/ } @every;
for my $shape (shapes()) {
	my ($pid, %right, @records) = 25000;

	for my $case (@whole) {
		$pid++;
		push @records, map { record($pid, $_) } @{$case->[1]};
		/(.*) (\d+)$/ and $right{$1} += $2 for @{$case->[2] // []};
	}
	my ($rows, $said) = scan_rows(shape($shape, @records));

	unlike("@$rows", qr/bank|192\.0\.2\.99/, "all cases: $shape") or diag "@$rows";
	is($said->{unread}, 0, "all cases: $shape: nothing to tell");
	next if $no_pid{$shape};
	is_deeply($rows, [sort map { "$_ $right{$_}" } keys %right], "all cases: $shape: who");
	is($said->{unattributed}, scalar(grep { !$_->[2] } @whole),
	    "all cases: $shape: nobody");
}

# 7.6 Look-alikes are hosts of their own.
my ($rows) = scan_rows(shape('iso', map { record(31000,
	"ruleset=tls_server, arg1=SOFTWARE, relay=$_, reject=454 4.7.0 TLS handshake failed.") }
	'mx.bank.example.evilmx4.example', 'mx.test.example.evil.example'));
is_deeply($rows, ['client mx.bank.example.evilmx4.example - 1',
	'client mx.test.example.evil.example - 1'], '7.6 whole names');

# 7.9 The journal knows who wrote.
for my $shape (qw(json json-seq json-sse export export-binary)) {
	for my $who (
		['a user', uid => 65534, comm => 'logger', exe => '/usr/bin/logger', real_pid => 999],
		['a user who calls it sendmail', uid => 1000],
		['a service', uid => 33, comm => 'php'],
		['another pid', real_pid => 4711]) {
		my ($name, @fields) = @$who;
		my $log = shape($shape, record(32000, $client, @fields),
		    record(32000, "$server, relay=bank.example [192.0.2.99]", @fields));

		is_deeply((scan_rows($log))[0], [], "7.9 $shape: $name");
	}
}
# An entry hidden in a value of another.
my $inner = shape('export', record(33000, $client));
is_deeply((scan_rows(shape('export-binary', record(33000, "x\n\n$inner\n"))))[0],
    [], '7.9 an entry within an entry');
is_deeply((scan_rows(shape('json', record(33000, "x\n\n$inner\n"))))[0], [],
    '7.9 ... in JSON');

# A repeated line counts for the process it names, and only then.
($rows) = scan_rows(shape('iso', record(34000, "message repeated 3 times: [ $server, relay=$evil]")));
is_deeply($rows, ['server spam.evil.example 203.0.113.66 3'], 'repeated');
($rows) = scan_rows(shape('iso', record(34000, "$server, relay=$evil"),
	record(34000, "message repeated 2 times: [ $server, relay=$evil]")));
is_deeply($rows, ['server spam.evil.example 203.0.113.66 3'], 'once and repeated');

# Nothing a terminal obeys.
my $bytes = join '', map { chr } 0 .. 9, 11 .. 255;
for my $message ("ruleset=tls_server, arg1=SOFTWARE, relay=a${bytes}b.example, reject=454 x",
	"$server, relay=a${bytes}b.example [192.0.2.1]",
	"STARTTLS=server, error: accept failed=-1, reason=\e[31m$bytes, SSL_error=1, relay=$evil",
	"$id: to=<a\@b.example>, $to, relay=mx.b.example. [\e[2J], $deferred") {
	my $log = shape('iso', record(35000, $message));

	for my $how ([], ['-j'], ['--hosts'], ['--hosts', '--role', 'server']) {
		my ($out, $err, $status) = scan($log, @$how);

		is($status, 0, "status @$how");
		unlike("$out$err", qr/[^\n\x20-\x7e]/, "bytes of a stranger: @$how");
	}
}

done_testing;
