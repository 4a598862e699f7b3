#!/usr/bin/perl
# While a map is being built no SMTP session waits for it, and each sees the
# old map whole; during many changes in a row every session is answered from
# one whole map or the other.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;
use Time::HiRes qw(sleep time);

enter_namespace();
my $mx = sendmail_cf('mx', address => '127.0.0.2', tls => 1);
build_map($mx, "Connect:127\tRELAY\nTry_TLS:canary.example\tNO\n");
start_daemon($mx);
my $slow = script('/tlsoff.test/slow-makemap',
    "#!/bin/sh\n$MAKEMAP \"\$@\"; status=\$?\nsleep 2\nexit \$status\n");
my @site = ('-C', $mx->{file}, '--restart', 'none', '-b', 'makemap');

# Runs CODE beside the test; returns its process.
sub beside {
	my ($code) = @_;
	my $pid = fork // die "fork: $!";
	return $pid if $pid > 0;
	require POSIX;
	POSIX::_exit($code->() ? 0 : 1);
}

my $pid = beside(sub {
	tlsoff(@site, '--makemap', $slow, 'server', '127.0.0.1')->{status} == 0;
});
my ($longest, $sessions, $offered) = (0, 0, 0);
my $end = time + 1.5;
while (time < $end) {
	my $start = time;
	$offered += smtp_ehlo('127.0.0.2')->{starttls};
	my $took = time - $start;
	$longest = $took if $took > $longest;
	$sessions++;
	sleep 0.05;
}
cmp_ok($longest, '<', 1, "no session waited for the build: $longest s at most");
is($offered, $sessions, "all $sessions sessions saw the old map");
waitpid $pid, 0;
is($?, 0, 'the change succeeded');
is(smtp_ehlo('127.0.0.2')->{starttls}, 0, 'and is in force');

# Many changes in a row.
$pid = beside(sub {
	for my $n (1 .. 20) {
		for my $verb (['server'], ['remove', 'server']) {
			my $r = tlsoff(@site, @$verb, "h$n.example");
			return 0 if $r->{status} != 0;
		}
	}
	return 1;
});
my ($asked, $half, $busy) = (0, 0, 0);
until (waitpid $pid, 1) { # WNOHANG
	my $session = smtp_ehlo('127.0.0.2');
	$asked++;
	if ($session->{greeting} !~ /^220/ || $session->{lines} !~ /^250.HELP/m) {
		$busy++;
	} elsif ($session->{starttls}) {
		$half++;
	}
}
is($?, 0, '40 changes succeeded');
is($half, 0, "none of $asked sessions meanwhile saw a map without our entry");
cmp_ok($busy, '<=', 1 + $asked / 20, "and hardly one was put off: $busy");

done_testing();
