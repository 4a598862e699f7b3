#!/usr/bin/perl
# The RPM package: rpmlint has nothing to say, it installs, its program and its
# cron line work, nothing is started or enabled, sendmail and /etc/mail are left
# alone, and after its removal nothing of it is left.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Root;
use Tlsoff::Shipped;

my $build = built('rpm');
enter_namespace();
# Debian's rpm makes itself a database there.
$ENV{HOME} = scratch();
my ($package) = glob "$build/rpm/RPMS/*/tlsoff-*.rpm";
my ($source) = glob "$build/rpm/SRPMS/tlsoff-*.src.rpm";
ok(defined $package && defined $source,
    'make rpm builds a package, and one of the source')
    or BAIL_OUT('no package');
my ($version) = tlsoff('--version')->{out} =~ /(\S+)\n\z/;
like($package, qr{/tlsoff-\Q$version\E-1\b},
    '... of the version that the program has');

# ---- rpmlint ----

my $r = run(['rpmlint', '--strict', '--rpmlintrc', "$TOP/src/dist/rpm/rpmlintrc",
	$package, $source]);
is($r->{status}, 0, 'rpmlint is content');
is_deeply([$r->{out} =~ /^(\S+: [EWI]: .*)$/mg], [], '... and silent');

# ---- what it says of itself ----

$r = run(['rpm', '-qp', '--requires', $package]);
is_deeply([grep { !m{\A(?:/bin/sh|lib(?:c|db-5\.3|pcre2-8)\.so|rpmlib\(|rtld\()} }
	split /\n/, $r->{out}], [], 'it requires libc, libdb and libpcre2 only');
like($r->{out}, qr/^libdb-/m, '... which rpmbuild has found');
is(run(['rpm', '-qp', '--recommends', $package])->{out}, "openssl\n",
    '... and recommends what review runs');
like(run(['rpm', '-qp', '--changelog', $package])->{out},
    qr/\A\* .* - \Q$version\E-1\n- /, 'its changelog begins with its version');
$r = run(['rpm', '-qp', '--scripts', $package]);
unlike($r->{out}, qr/sendmail|etc\/mail/, 'its scripts leave sendmail alone');

# ---- install ----

my $root = new_root();
# The libraries come from no RPM here; that they are found is seen by running.
sub rpm {
	return run(['rpm', '--root', $root, '--dbpath', '/var/lib/rpm', @_]);
}

spew("$root/etc/mail/access", "Connect:192.0.2.1\tREJECT\n");
my $before = files_of();
$r = rpm('-i', '--nodeps', $package);
is($r->{status}, 0, 'rpm installs it') or diag($r->{out}, $r->{err});

my $after = files_of();
my @new = grep { !exists $before->{$_} } sort keys %$after;
is_deeply([grep { $after->{$_} ne $before->{$_} } keys %$before], [],
    'no file that was there is changed');
is_deeply([grep { m{\A/etc/} } @new], [],
    'nothing is put below /etc, nor is the timer enabled');
is(systemctl_calls(), '', 'nothing is started or enabled');
is_deeply([split /\n/, rpm('-V', '--nodeps', 'tlsoff')->{out}], [],
    'rpm verifies what it installed');

shipped_files_work($root, '/usr', 'site-functions');
my $changed = slurp("$root/etc/mail/access");

# ---- upgrade, remove ----

enable_timer('/usr/lib/systemd/system');
$r = rpm('-U', '--nodeps', '--replacepkgs', $package);
is($r->{status}, 0, 'rpm installs it over itself') or diag($r->{err});
ok(exists files_of()->{'/etc/systemd/system/timers.target.wants/tlsoff-expire.timer'},
    '... and a timer that is enabled stays so');
$r = rpm('-e', 'tlsoff');
is($r->{status}, 0, 'rpm removes it') or diag($r->{out}, $r->{err});
is(systemctl_calls(), "--no-reload disable --now tlsoff-expire.timer\n",
    '... and disables and stops the timer; more is not asked of systemd');
my $left = files_of();
delete $left->{$_}, delete $before->{$_} for grep { m{\A/etc/mail/} } keys %$left;
is_deeply([grep { !exists $before->{$_} } sort keys %$left], [],
    'nothing of it is left');
is_deeply([grep { !exists $left->{$_} } sort keys %$before], [],
    '... and nothing else is gone');
is(slurp("$root/etc/mail/access"), $changed, '/etc/mail stays as it was');

done_testing();
