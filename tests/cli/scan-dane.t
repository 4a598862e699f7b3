#!/usr/bin/perl
# DANE keeps mail waiting although no handshake failed: the host is listed, with
# the reason, and no exemption is proposed.
use strict;
use warnings;
use lib 'tests/lib';
use Scan;
use Test::More;

my $head = '2026-11-23T11:11:04-06:00 mailserver sm-mta[77]: ';
my $worked = 'version=TLSv1.3, verify=OK, cipher=TLS_AES_256_GCM_SHA384, bits=256/256';
my $to = '6ANGi8hT024429: to=<j@a.example>, delay=00:00:00, xdelay=00:00:00, mailer=esmtp, '
    . 'pri=30136, relay=mx.dane.example. [192.0.2.1], dsn=4.7.0, '
    . 'stat=Deferred: 454 4.7.0 DANE check failed.';
my @lines = (
	"STARTTLS=client, relay=mx.dane.example., " . $worked =~ s/OK/DANE_FAIL/r,
	"ruleset=tls_rcpt, arg1=<j\@a.example>, relay=mx.dane.example, reject=454 4.7.0 DANE check failed.",
	$to,
	'STARTTLS=client, relay=mx.refuses.example, warning=DANE configured in DNS but STARTTLS failed',
	'STARTTLS=client, relay=mx.lacks.example, warning=DANE configured in DNS but no STARTTLS available',
	"STARTTLS=client, relay=mx.good.example., $worked",
	'ruleset=tls_server, arg1=SOFTWARE, relay=mx.both.example, reject=454 4.7.0 TLS handshake failed.',
	'STARTTLS=client, relay=mx.both.example, warning=DANE configured in DNS but STARTTLS failed',
	# a stranger's words
	"6ANGi8hT024430: from=<x\@a.example>, msgid=STARTTLS=client, relay=mx.bank.example., version=x, verify=DANE_FAIL",
);
my $log = join '', map { "$head$_\n" } @lines;
my ($rows, $said) = scan_rows($log);

is_deeply($rows, ['client mx.both.example - 2', 'client mx.dane.example - 1',
	'client mx.lacks.example - 1', 'client mx.refuses.example - 1'], 'who');
my %of = map { ($_->{host} => $_) } @{$said->{hosts}};
is($of{'mx.dane.example'}{dane}, 1, 'counted apart');
is($of{'mx.both.example'}{dane}, 1, '... beside a handshake');
is($of{'mx.dane.example'}{successes}, 0, 'it did not work');
is_deeply([map { keys %{$of{"mx.$_.example"}{reasons}} } qw(dane refuses lacks)],
    ['DANE: the certificate is not that of TLSA', 'DANE: STARTTLS is refused',
	'DANE: STARTTLS is not offered'], 'why');
my ($out) = scan($log);
like($out, qr/mx\.dane\.example .*\(1 by DANE: no entry helps, the other side has to mend its TLSA record\)/,
    'the cure is said');
is((scan($log, '--hosts'))[0], "mx.both.example\n", 'only a handshake is a reason for an entry');
is($said->{unread}, 0, 'nothing else to tell');

done_testing;
