#!/usr/bin/perl
# Role client, by real deliveries between two sendmails: a message goes over
# TLS, after "tlsoff client" in clear, after "remove" over TLS again; both
# sides' logs say so.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
add_host('127.0.0.2', 'luna.bagoona.com');
my $luna = sendmail_cf('luna', address => '127.0.0.2', tls => 1);
build_map($luna, "Connect:127\tRELAY\n");
start_daemon($luna);

my $sender = sendmail_cf('sender', tls => 1,
    smart_host => '[luna.bagoona.com]');
build_map($sender, "# nothing yet\n");
my @site = ('-C', $sender->{file}, '--restart', 'none');

# "tls" or "clear", where the sender's and the receiver's log agree.
my $count = 0;
sub way {
	clear_mail_log();
	my $from = 'sender' . $count++ . '@test.example';
	send_mail($sender, $from, 'someone@exampledomain.com');
	my $log = wait_log(qr/ sender\[.*stat=/);
	like($log, qr/ sender\[\d+\]: .*relay=luna\.bagoona\.com\. .*stat=Sent/,
	    'sent') or diag($log);
	my $client = $log =~ / sender\[\d+\]: STARTTLS=client, relay=luna/;
	my $server = $log =~ / luna\[\d+\]: STARTTLS=server/;
	my ($protocol) = $log =~ / luna\[\d+\]: .*from=<\Q$from\E>.*proto=(\w+)/;
	return 'tls' if $client && $server && $protocol eq 'ESMTPS';
	return 'clear' if !$client && !$server && $protocol eq 'ESMTP';
	return "the logs disagree:\n$log";
}

is(way(), 'tls', 'over TLS at first');
for my $host ('luna.bagoona.com', 'bagoona.com', '127.0.0.2') {
	tlsoff_ok(@site, 'client', $host);
	is(way(), 'clear', "in clear after: client $host");
	tlsoff_ok(@site, 'remove', 'client', $host);
	is(way(), 'tls', "over TLS after: remove client $host");
}
tlsoff_ok(@site, 'client', 'exampledomain.com');
is(way(), 'tls', "the recipient's domain is not the server: no effect");
unlike(mail_log(), qr/SYSERR|unsafe/, 'sendmail found nothing wrong');

done_testing();
