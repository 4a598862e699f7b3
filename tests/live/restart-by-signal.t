#!/usr/bin/perl
# A cf of its own is served by a signal to the pid in its PidFile: the daemon
# is back and tlsoff says so; none that runs is not started; one that does not
# come back is exit 69 with the change in place.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $mx = sendmail_cf('mx', address => '127.0.0.2', tls => 1);
build_map($mx, "Connect:127\tRELAY\n");
my @site = ('-C', $mx->{file});

# Nothing runs.
my $r = tlsoff_ok(@site, 'server', '192.0.2.1');
like($r->{out}, qr/not running/, 'says that no sendmail runs');
is(daemon_pid($mx), 0, 'and starts none');
$r = tlsoff_ok(@site, '-j', 'server', '192.0.2.2');
like($r->{out}, qr/"action":"not running"/, 'also in JSON');

# A pid file that is out of date is not a daemon.
spew($mx->{pid_file}, "$$\nperl\n");
$r = tlsoff_ok(@site, 'server', '192.0.2.3');
like($r->{out}, qr/not running/,
    'a pid that is not sendmail is left alone') or diag($r->{err});
unlink $mx->{pid_file};

# It runs: SIGHUP, and it is back.
my $pid = start_daemon($mx);
clear_mail_log();
$r = tlsoff_ok(@site, 'server', '127.0.0.1');
like($r->{out}, qr/restarted|reloaded/, 'says that sendmail was restarted');
like(wait_log(qr/starting daemon/), qr/restarting .* due to signal/,
    'sendmail logged that it was');
ok(daemon_pid($mx), 'it is back');
is(smtp_ehlo('127.0.0.2')->{starttls}, 0, 'and the change is in force');

$r = tlsoff_ok(@site, '-j', 'remove', 'server', '127.0.0.1');
like($r->{out}, qr/"action":"(?:restarted|reloaded)"/, 'JSON says so too');
is(smtp_ehlo('127.0.0.2')->{starttls}, 1, 'remove is in force');

clear_mail_log();
$pid = daemon_pid($mx);
$r = tlsoff_ok(@site, 'server', '192.0.2.3');
like($r->{out}, qr/^unchanged/m, 'nothing to change');
is(daemon_pid($mx), $pid, '... leaves the daemon alone');
$r = tlsoff_ok(@site, '--restart', 'none', 'server', '192.0.2.4');
is(daemon_pid($mx), $pid, '--restart none leaves the daemon alone');
$r = tlsoff_ok(@site, '-n', 'server', '192.0.2.5');
is(daemon_pid($mx), $pid, '-n leaves the daemon alone');
unlike(mail_log(), qr/restarting/, 'sendmail saw no signal');

# Another text is nothing to this sendmail.
spew('/tlsoff.test/other/access', "# another\n");
$r = tlsoff_ok(@site, '-f', '/tlsoff.test/other/access', 'server', '192.0.2.6');
like($r->{out}, qr/left alone/, '-f of another file leaves the service alone');
is(daemon_pid($mx), $pid, '... and the daemon runs on');
ok(-e '/tlsoff.test/other/access.db', '... its map stands beside it');

# A restart command that succeeds, one that fails.
my $command = counter('restart', ':');
$r = tlsoff_ok(@site, '--restart-command', $command, 'server', '192.0.2.7');
is(calls($command), 1, '--restart-command is run, once');
$command = counter('fails', 'exit 3');
$r = tlsoff(@site, '--restart-command', $command, 'server', '192.0.2.8');
is($r->{status}, 69, 'one that fails is exit 69');
is(map_value($mx->{file}, 'hash', $mx->{access}, 'Srv_Features:192.0.2.8'), 'S',
    '... with the change in place');

# A sendmail that does not come back: its cf is broken meanwhile, and it dies;
# or it lives and cannot listen.
my $good = slurp($mx->{file});
my %broken = (
	'dies of its cf' => "${good}Zgarbage\n",
	'cannot listen' => $good =~ s/^(O DaemonPortOptions=.*Addr=)[^,]*/${1}203.0.113.250/mr,
);
my $host = 10;
for my $what (sort keys %broken) {
	stop_daemon($mx);
	spew($mx->{file}, $good);
	start_daemon($mx);
	isnt($broken{$what}, $good, "a sendmail that $what");
	spew($mx->{file}, $broken{$what});
	my $address = '192.0.2.' . $host++;
	my $started = time;
	$r = tlsoff(@site, 'server', $address);
	is($r->{status}, 69, '... is exit 69') or diag($r->{out}, $r->{err});
	like($r->{err}, qr/sendmail/, '... and a message says it');
	like(slurp($mx->{access}), qr/^Srv_Features:\Q$address\E\tS$/m,
	    '... the change is in place');
	is(map_value($mx->{file}, 'hash', $mx->{access}, "Srv_Features:$address"),
	    'S', '... in the map too');
	cmp_ok(time - $started, '<', 25, '... and it does not wait for ever');
}

done_testing();
