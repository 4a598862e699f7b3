#!/usr/bin/perl
# Role server, by a real daemon: STARTTLS is offered, is not offered after
# "tlsoff server", and is offered again after "remove"; by address and by name.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
add_host('127.0.0.3', 'outbound.cheddar.com');
add_host('127.0.0.4', 'mx.other.example');
my $mx = sendmail_cf('mx', address => '127.0.0.2', tls => 1);
build_map($mx, "Connect:127\tRELAY\n");
start_daemon($mx);

my @site = ('-C', $mx->{file}, '--restart', 'none');

sub offered {
	my ($from) = @_;
	return smtp_ehlo('127.0.0.2', from => $from)->{starttls} ? 'offered' : 'not';
}

is(offered('127.0.0.1'), 'offered', 'STARTTLS is offered at first');

tlsoff_ok(@site, 'server', '127.0.0.1');
is(offered('127.0.0.1'), 'not', 'not to the address that was named');
is(offered('127.0.0.4'), 'offered', 'still to another');
tlsoff_ok(@site, 'remove', 'server', '127.0.0.1');
is(offered('127.0.0.1'), 'offered', 'again after remove');

for my $name ('outbound.cheddar.com', 'cheddar.com') {
	is(offered('127.0.0.3'), 'offered', 'offered to outbound.cheddar.com');
	tlsoff_ok(@site, 'server', $name);
	is(offered('127.0.0.3'), 'not', "not after: server $name");
	is(offered('127.0.0.4'), 'offered', 'still to mx.other.example');
	tlsoff_ok(@site, 'remove', 'server', $name);
	is(offered('127.0.0.3'), 'offered', "again after: remove server $name");
}

unlike(mail_log(), qr/SYSERR|unsafe/, 'sendmail found nothing wrong');

done_testing();
