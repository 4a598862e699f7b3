#!/usr/bin/perl
# A persistent queue runner holds the map open; a rename alone would never
# reach it.  With --restart none it still obeys a change made by tlsoff.
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
my $sender = sendmail_cf('sender', tls => 1, address => '127.0.0.1',
    smart_host => '[luna.bagoona.com]');
build_map($sender, "# nothing yet\n");
start_daemon($sender, '-bd', '-qp1s');

my $count = 0;
sub way {
	my $from = 'queued' . $count++ . '@test.example';
	clear_mail_log();
	send_mail($sender, $from, 'someone@bagoona.com', '-odq');
	my $log = wait_log(qr/ luna\[\d+\]: .*from=<\Q$from\E>.*proto=\w+/, 20);
	my ($protocol) = $log =~ /from=<\Q$from\E>.*proto=(\w+)/;
	diag($log) unless defined $protocol;
	return $protocol // 'not delivered';
}

my @site = ('-C', $sender->{file}, '--restart', 'none');
is(way(), 'ESMTPS', 'the runner delivers over TLS');
for my $builder (qw(makemap libdb)) {
	tlsoff_ok(@site, '-b', $builder, 'client', 'luna.bagoona.com');
	is(way(), 'ESMTP', "$builder: in clear after the change");
	tlsoff_ok(@site, '-b', $builder, 'remove', 'client', 'luna.bagoona.com');
	is(way(), 'ESMTPS', "$builder: over TLS after remove");
}

done_testing();
