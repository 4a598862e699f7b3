#!/usr/bin/perl
# --restart reload with a systemd whose unit for sendmail has no ExecReload, as
# most have none: systemd refuses to reload it, so sendmail is restarted.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $site = debian_site("Connect:127\tRELAY\n");
start_daemon($site);

# As systemctl answers for such a unit.
script('/tlsoff.test/systemctl', <<'END');
#!/bin/sh
echo "$*" >>/tlsoff.test/systemctl.calls
case $1 in
reload)
	echo 'Failed to reload sendmail.service: Job type reload is not applicable for unit sendmail.service.' >&2
	exit 1
	;;
restart | reload-or-restart)
	exec /etc/init.d/sendmail restart
	;;
esac
exit 64
END
add_to_directory('/usr/bin', systemctl => '/tlsoff.test/systemctl');
spew('/run/systemd/system/sendmail.service',
    "[Service]\nExecStart=/usr/sbin/sendmail -bd\n");

my $pid = daemon_pid($site);
my $r = tlsoff_ok('--restart', 'reload', 'server', '127.0.0.1');
like($r->{out}, qr/^sendmail reloaded by systemctl reload-or-restart sendmail$/m,
    'it says what it did');
is(slurp('/tlsoff.test/systemctl.calls'), "reload-or-restart sendmail\n",
    '... with one call');
isnt(daemon_pid($site), $pid, '... sendmail is another process');
is(smtp_ehlo('127.0.0.1')->{starttls}, 0, '... that obeys the change');

done_testing();
