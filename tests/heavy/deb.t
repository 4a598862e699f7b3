#!/usr/bin/perl
# The Debian package: lintian has nothing to say, it installs, its program and
# its cron line work, nothing is started or enabled, sendmail and /etc/mail are
# left alone, and after a purge nothing of it is left.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Root;
use Tlsoff::Shipped;

my $build = built('deb');
enter_namespace();
my ($package) = grep { !/dbgsym/ } glob "$build/deb/tlsoff_*.deb";
ok(defined $package, 'make deb builds a package') or BAIL_OUT('no package');
my ($version) = tlsoff('--version')->{out} =~ /(\S+)\n\z/;
like($package, qr{/tlsoff_\Q$version\E-1_\w+\.deb\z},
    '... of the version that the program has');

is((run(['dpkg-deb', '-f', $package, 'Recommends'])->{out}), "openssl\n",
    '... and recommends what review runs');

# ---- lintian ----

my $r = run(['lintian', '--tag-display-limit', '0', '--display-info',
	'--pedantic', '--fail-on', 'error,warning,info,pedantic',
	glob "$build/deb/*.changes"], env => { TMPDIR => scratch() });
is($r->{status}, 0, 'lintian is content');
is($r->{out}, '', '... and silent');

# ---- install ----

my $root = new_root();
my $info = "$root/var/lib/dpkg";

# The packages it depends on, as this machine has them, and no others.
my $depends = run(['dpkg-deb', '-f', $package, 'Depends'])->{out};
my @depends = $depends =~ /([a-z][a-z0-9.+-]+)(?: \(|,|\n)/g;
my $status = run(['dpkg-query', '-s', @depends]);
is($status->{status}, 0, "it depends on packages of this Debian: @depends");
is_deeply([grep { !/\Alib(?:c6|db|pcre2)/ } @depends], [],
    '... on libc, libdb and libpcre2 only');
spew("$info/status", $status->{out});
# They own the directories that every machine has.
my ($architecture) = run(['dpkg', '--print-architecture'])->{out} =~ /(\w+)/;
for my $name (map { ($_, "$_:$architecture") } @depends) {
	spew("$info/info/$name.list", map { "$_\n" } qw(/. /etc /lib /usr
	    /usr/lib /usr/lib/systemd /usr/lib/systemd/system /usr/sbin
	    /usr/share /usr/share/doc /var /var/lib));
}
# Their own dependencies do not matter here.
sub dpkg { return run(['dpkg', "--root=$root", '--force-depends', @_]) }

spew("$root/etc/mail/access", "Connect:192.0.2.1\tREJECT\n");
my $before = files_of();
$r = dpkg('-i', $package);
is($r->{status}, 0, 'dpkg installs it') or diag($r->{out}, $r->{err});
unlike($r->{err}, qr/tlsoff depends on/, '... with nothing missing');

my $after = files_of();
my @new = grep { !exists $before->{$_} } sort keys %$after;
is_deeply([grep { $after->{$_} ne $before->{$_} } keys %$before], [],
    'no file that was there is changed');
is_deeply([grep { m{\A/etc/} && !m{\A/etc/systemd/} } @new], [],
    'nothing is put below /etc');
is_deeply([grep { m{\.wants/} } @new], [], 'the timer is not enabled');
unlike(systemctl_calls(), qr/sendmail/, 'sendmail is not touched');
unlike(systemctl_calls(), qr/^(?:--\S+ )*(?:start|restart|enable)\b.*tlsoff/m,
    'nothing is started');

shipped_files_work($root, '/usr', 'vendor-completions');
my $changed = slurp("$root/etc/mail/access");

# ---- upgrade, remove, purge ----

$r = dpkg('-i', $package);
is($r->{status}, 0, 'dpkg installs it over itself') or diag($r->{err});
enable_timer('/lib/systemd/system');
$r = dpkg('-P', 'tlsoff');
is($r->{status}, 0, 'dpkg purges it') or diag($r->{out}, $r->{err});
like(systemctl_calls(), qr/\bstop\b.*tlsoff-expire\.timer/,
    '... and stops the timer');
my $left = files_of();
delete $left->{$_}, delete $before->{$_} for grep { m{\A/etc/mail/} } keys %$left;
is_deeply([grep { !exists $before->{$_} } sort keys %$left], [],
    'nothing of it is left, the link of the enabled timer neither');
is_deeply([grep { !exists $left->{$_} } sort keys %$before], [],
    '... and nothing else is gone');
is(slurp("$root/etc/mail/access"), $changed, '/etc/mail stays as it was');
unlike(systemctl_calls(), qr/sendmail/, 'sendmail was never touched');

done_testing();
