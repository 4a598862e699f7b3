#!/usr/bin/perl
# The timer in a systemd that runs, with all its restrictions: once enabled, it
# removes the entry that is past its date from text and map, and sendmail is
# restarted by systemd and offers STARTTLS again.
#
# That systemd is the first process of a namespace of its own, sees no units
# but those written here, and has its own cgroups.  That takes root.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path qw(make_path);
use POSIX ();
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

if (!defined $ENV{TLSOFF_TEST_INSIDE} && $> != 0
    && system('sudo -n true >/dev/null 2>&1') != 0) {
	plan skip_all => 'only root may start a systemd: run this as root';
}
enter_namespace();
my ($cgroups) = grep { -e "$_/cgroup.procs" }
    qw(/sys/fs/cgroup/unified /sys/fs/cgroup);
plan skip_all => 'this machine has no cgroups of version 2'
    if !defined $cgroups;

my $soon = POSIX::strftime('%Y-%m-%d', localtime(time + 7 * 86400));
my $site = debian_site("Connect:192.0.2.1\tREJECT\n"
    . "# tlsoff until 2020-01-01: long ago\nSrv_Features:127.0.0.1\tS\n"
    . "# tlsoff until $soon: soon\nTry_TLS:soon.example\tNO\n");
chomp(my $owner = `stat -c '%u:%g %a' $site->{access} $site->{map_file}`);

# ---- units ----

my $units = '/etc/systemd/system';
system('rm', '-rf', $units);
spew("$units/$_.target", "[Unit]\nDefaultDependencies=no\n")
    for qw(basic shutdown sysinit test timers);
spew("$units/sendmail.service", <<"END");
[Service]
Type=forking
PIDFile=$site->{pid_file}
ExecStart=$SENDMAIL -bd -L debian -odq
END
run(['make', '-C', $TOP, "BUILD=$BUILD", 'DESTDIR=/tlsoff.test/root', "unitdir=$units",
	'install']);
spew("$units/$_", slurp("/tlsoff.test/root$units/$_"))
    for qw(tlsoff-expire.service tlsoff-expire.timer);
my ($program) = slurp("$units/tlsoff-expire.service") =~ /^ExecStart=(\S+)/m;
my ($post) = slurp("$units/tlsoff-expire.service") =~ /^ExecStartPost=-\S+ (.*)/m;
# Only what is written to, and that it does not wait until midnight; and no
# journal runs.
spew("$units/tlsoff-expire.timer.d/now.conf",
    "[Timer]\nOnActiveSec=1s\nRandomizedDelaySec=0\n");
spew("$units/tlsoff-expire.service.d/here.conf", "[Service]\n"
    . "ExecStart=\nExecStart=/tlsoff.test/root$program expire\n"
    . "ExecStartPost=\nExecStartPost=-/tlsoff.test/root$program $post\n"
    . "StandardOutput=append:/tlsoff.test/expire.out\nStandardError=file:/tlsoff.test/expire.err\n");

# ---- systemd ----

my $group = "$cgroups/" . $ENV{TLSOFF_TEST_INSIDE} =~ s{.*/}{tlsoff-}r;
mkdir $group or BAIL_OUT("$group: $!");
# What it copies into the service's own /dev has to be there.
spew('/dev/console', '');
make_path('/run/systemd/system', '/run/systemd/journal');
# Where the service's own /dev/log leads.
spew('/run/systemd/journal/dev-log', '');
system(qw(mount --bind /dev/log /run/systemd/journal/dev-log)) == 0
    or BAIL_OUT('mount');
script('/tlsoff.test/boot', <<"END");
#!/bin/sh
exec >/tlsoff.test/boot.log 2>&1
mount -t sysfs -o ro sys /sys && mount -t tmpfs cgroup /sys/fs/cgroup &&
    mount -t cgroup2 cgroup /sys/fs/cgroup &&
    mount --bind /proc/sys /proc/sys &&
    mount -o remount,bind,ro /proc/sys || exit 1
exec env -i container=tlsoff-test SYSTEMD_UNIT_PATH=$units PATH=/usr/sbin:/usr/bin \\
    /lib/systemd/systemd --system --unit=test.target
END
my $outer = fork // die "fork: $!";
if ($outer == 0) {
	spew("$group/cgroup.procs", "$$\n");
	exec 'unshare', qw(-p -f -m -C --mount-proc --kill-child /tlsoff.test/boot);
}
my $inner = wait_for(sub {
	my ($first) = split / /, slurp("/proc/$outer/task/$outer/children");
	return $first;
});

sub systemctl {
	return run(['nsenter', '-t', $inner, qw(-m -p -C -r systemctl), @_]);
}

my $state = wait_for(sub {
	my $r = systemctl('is-system-running');
	return $r->{out} =~ /\A(?:running|degraded)/ ? $r->{out} : undef;
}, 30);
is($state, "running\n", 'systemd runs') or diag(slurp('/tlsoff.test/boot.log'));

my $r = systemctl('start', 'sendmail');
is($r->{status}, 0, 'sendmail is started by it') or diag($r->{err});
wait_for(sub { eval { smtp_ehlo('127.0.0.1') } }, 20);
is(smtp_ehlo('127.0.0.1')->{starttls}, 0, '... and answers, without STARTTLS');
my $pid = slurp($site->{pid_file});

# ---- the timer ----

$r = systemctl('enable', '--now', 'tlsoff-expire.timer');
is($r->{status}, 0, 'the timer is enabled') or diag($r->{err});
ok(wait_for(sub {
	my $said = systemctl('show', '-p', 'Result,ActiveState,ExecMainExitTimestamp',
	    'tlsoff-expire.service')->{out};
	return $said =~ /^ExecMainExitTimestamp=\S/m
	    && $said =~ /^ActiveState=(?:inactive|failed)/m;
}, 60), '... and runs the service');
my $said = -e '/tlsoff.test/expire.out' ? slurp('/tlsoff.test/expire.out') : '';
like(systemctl('show', '-p', 'Result', 'tlsoff-expire.service')->{out},
    qr/^Result=success$/m, '... which succeeds')
    or diag(systemctl('status', 'tlsoff-expire.service')->{out}, $said,
	map { -e $_ ? slurp($_) : () } '/tlsoff.test/expire.err', '/tlsoff.test/boot.log');
like($said, qr/^removed Srv_Features:127\.0\.0\.1/m,
    '... removes what is past its date');
like($said, qr/^\Q$site->{access}\E:3: Try_TLS:soon\.example ends on $soon; /m,
    '... tells what ends soon')
    or diag($said);
like($said, qr/^sendmail restarted by systemctl restart sendmail$/m,
    '... and has sendmail restarted');
is(slurp($site->{access}), "Connect:192.0.2.1\tREJECT\n"
    . "# tlsoff until $soon: soon\nTry_TLS:soon.example\tNO\n", 'the text is right');
is_deeply(dump_map($site->{file}, 'hash', $site->{access}),
    { 'connect:192.0.2.1' => 'REJECT', 'try_tls:soon.example' => 'NO' }, '... and the map');
chomp(my $after = `stat -c '%u:%g %a' $site->{access} $site->{map_file}`);
is($after, $owner, '... with owner, group and mode as they were');
isnt(slurp($site->{pid_file}), $pid, 'sendmail is another process');
is(smtp_ehlo('127.0.0.1')->{starttls}, 1, '... and offers STARTTLS again');
like(wait_log(qr/Srv_Features/), qr/tlsoff.*Srv_Features:127\.0\.0\.1/, 'the change is logged');

# ---- the end ----

kill 'KILL', $outer;
waitpid $outer, 0;
wait_for(sub {
	system("find '$group' -depth -type d -exec rmdir {} + 2>/dev/null");
	return !-d $group;
});
ok(!-d $group, 'nothing of that systemd is left');
done_testing();
