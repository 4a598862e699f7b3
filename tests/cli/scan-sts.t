#!/usr/bin/perl
# MTA-STS keeps mail waiting although no handshake failed, by lines that
# sendmail 8.17.1 with FEATURE(sts) logged: the host is listed, with the reason,
# and no exemption is proposed.
use strict;
use warnings;
use lib 'tests/lib';
use Scan;
use Test::More;

my $head = '2026-11-30T14:43:33Z relay sendmail[264]: ';
my $worked = 'version=TLSv1.3, verify=OK, cipher=TLS_AES_256_GCM_SHA384, bits=256/256';

sub rcpt {
	my ($to, $host, $why) = @_;
	return "6AUEhX3L000264: ruleset=tls_rcpt, arg1=$to, relay=$host., "
	    . "reject=450 4.7.0 $to... $host not $why";
}

my @lines = (
	"STARTTLS=client, relay=mx.san.example., $worked",
	rcpt('u@san.example', 'mx.san.example', 'listed in SANs'),
	'6AUEhX3L000264: to=u@san.example, ctladdr=joe@test.example (0/0), delay=00:00:00, '
	    . 'xdelay=00:00:00, mailer=esmtp, pri=30014, relay=mx.san.example. [198.51.100.11], '
	    . 'dsn=4.2.0, stat=Deferred',
	rcpt('u@list.example', 'mx.list.example', 'found in mx1.other.example:.third.example'),
	'ruleset=tls_server, arg1=TEMP, relay=mx.tmpf.example, '
	    . 'reject=450 4.7.0 u@tmpf.example... STS lookup temp fail',
	# TLS_Srv: in the access file demands the same: whose demand, nobody knows
	'ruleset=tls_server, arg1=NONE, relay=mx.none.example, '
	    . 'reject=403 4.7.0 other side does not support STARTTLS',
	# both
	'ruleset=tls_server, arg1=SOFTWARE, relay=mx.both.example, reject=403 4.7.0 TLS handshake failed.',
	'ruleset=tls_server, arg1=TEMP, relay=mx.both.example, '
	    . 'reject=450 4.7.0 u@both.example... STS lookup temp fail',
	# a stranger's words
	rcpt('"x, relay=mx.bank.example., reject=450 4.7.0 x... mx.bank.example not listed in SANs"@a.example',
	    'mx.evil.example', 'listed in SANs'),
	'6AUEhX3L000265: from=<x@a.example>, msgid=ruleset=tls_server, arg1=TEMP, '
	    . 'relay=mx.bank.example, reject=450 4.7.0 x... STS lookup temp fail',
	'6AUEhX3L000266[2]: ruleset=tls_rcpt, arg1=x, relay=mx.bank.example., '
	    . 'reject=450 4.7.0 x... mx.bank.example not listed in SANs',
);
my $log = join '', map { "$head$_\n" } @lines;
my ($rows, $said) = scan_rows($log);

is_deeply($rows, ['client mx.both.example - 2', map { "client mx.$_.example - 1" }
	qw(evil list san tmpf)], 'who');
my %of = map { ($_->{host} => $_) } @{$said->{hosts}};
is(join(' ', map { $of{"mx.$_.example"}{sts} } qw(both evil list san tmpf)), '1 1 1 1 1',
    'counted apart');
is_deeply([map { keys %{$of{"mx.$_.example"}{reasons}} } qw(san list tmpf)],
    ['MTA-STS: the certificate is not the host\'s', 'MTA-STS: the host is not in the policy',
	'MTA-STS: the policy cannot be looked up'], 'why');
is_deeply([map { $of{"mx.$_.example"}{evidence} } qw(san list tmpf)], [qw(hint hint confirmed)],
    'a line that has the recipient\'s words in front of the host is a hint');
my ($out) = scan($log);
like($out, qr/mx\.san\.example .*\(1 by MTA-STS: no entry helps, the other side has to mend its policy or certificate\)/,
    'the cure is said');
is((scan($log, '--hosts'))[0], "mx.both.example\n", 'only a handshake is a reason for an entry');
is($said->{unread}, 0, 'nothing else to tell');

done_testing;
