#!/usr/bin/perl
# "make demo" and "make check" do their work wherever people keep a checkout,
# as whoever they are there, with whatever umask; and touch nothing of that
# machine's own mail system.  Of the tests those are run that such a place once
# made fail.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path qw(make_path);
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Bystander;

my %user = (name => 'tlsoff-worker', id => 4242);

enter_namespace();
plan(skip_all => 'only root may be several users: run this as root')
    if knows_one_user();
append('/etc/passwd', "$user{name}:x:$user{id}:$user{id}::/home/$user{name}:/bin/sh\n");
append('/etc/group', "$user{name}:x:$user{id}:\n");
# There is work for tests without a machine of their own, too.
my $mail = bystander();

# ---- places ----

# A directory of this name, in place of the machine's own.
sub own_directory {
	my ($path, $mode, $owner) = @_;
	my $own = scratch() . "/own$path";
	make_path($own);
	chown $owner, $owner, $own;
	chmod $mode, $own;
	make_path($path);
	system(qw(mount -n --bind), $own, $path) == 0 or BAIL_OUT("mount $path");
	return;
}

# The sources there, and what was built of them.
sub checkout_at {
	my ($place, $owner) = @_;
	make_path("$place/build");
	system("tar -C '$TOP' --exclude=./build --exclude=./.git -cf - . |"
	    . " tar -C '$place' -xf -") == 0
	    && system("cd '$BUILD' && cp -a needs-* rules.mk tlsoff src tests unit"
		. " faults sendmail '$place/build'") == 0
	    && system('chown', '-R', "$owner:$owner", $place) == 0
	    or BAIL_OUT("no checkout at $place");
	return $place;
}

# Runs it there, with nothing of this test's environment; no word of it is
# shown where it does what it should.
sub run_at {
	my ($place, $how, @command) = @_;
	my @as = $how->{user} ? ('setpriv', "--reuid=$how->{user}",
	    "--regid=$how->{user}", '--clear-groups') : ();
	push @as, @{ $how->{by} // [] };
	return run([@as, 'env', '-i', 'PATH=/usr/local/bin:/usr/bin:/bin',
	    "HOME=$place", 'sh', '-c', "cd '$place' && umask $how->{umask} && "
	    . join(' ', @command)], time_limit => 900);
}

sub tests { return "TESTS='" . join(' ', @_) . "'" }

sub passes {
	my ($what, $r, $left_out) = @_;
	ok($r->{status} == 0 && ($left_out || $r->{out} !~ /left out/) && $r->{out} =~ /^Files=\d+, Tests=(\d+),.*\nResult: PASS$/m
	    && $1 > 0, "$what: make check passes")
	    or diag(grep { !/ ok / } $r->{out} =~ /.*\n/g, $r->{err});
	return;
}

sub leaves_nothing {
	my ($what, $place) = @_;
	is_deeply([glob("$place/build/scratch/*"), glob("$place/build/scratch/.[!.]*")],
	    [], "$what: no scratch directory is left");
	return;
}

# [what, directory, its mode, its user, umask, tests]
my @root_alone = qw(build/unit/site-daemon.t tests/cli/check-map.t
    tests/cli/exit-status.t tests/live/server-not-offered.t);
my @user_alone = qw(build/unit/update-attributes-refused.t build/unit/site-daemon.t
    build/unit/update-commit.t build/unit/update-surroundings.t tests/cli/check-map.t
    tests/cli/exit-status.t tests/cli/scan-input.t tests/live/usual-places.t
    tests/live/attributes-survive.t tests/faults/order.t);
my @places = (
	['root, below /root', '/root', 0700, 0, '022', @root_alone],
	['root, below /srv', '/srv', 0755, 0, '022',
	    qw(tests/live/server-not-offered.t tests/live/systemd-reload.t
	    tests/faults/order.t)],
	['root, below /tmp', '/tmp', 01777, 0, '022',
	    qw(tests/cli/builder-make.t tests/cli/scan-table.t)],
	['root, with umask 077', '/opt', 0755, 0, '077',
	    qw(build/unit/update-refused-swap.t build/unit/update-refused-private.t
	    build/unit/update-commit.t build/unit/site-read.t build/unit/site-service.t
	    tests/cli/builder-make.t tests/faults/order.t)],
	['a user, in a home for him alone', "/home/$user{name}", 0700, $user{id},
	    '022', @user_alone],
	['a user, who shares with his group', '/home/shared', 02775, $user{id},
	    '002', @user_alone, 'tests/cli/builder-make.t'],
	['a user, with umask 077', '/home/private', 0755, $user{id}, '077',
	    @user_alone],
);
for my $case (@places) {
	my ($what, $directory, $mode, $owner, $umask, @tests) = @$case;
	own_directory($directory, $mode, $owner);
	my $place = checkout_at("$directory/tlsoff", $owner);
	my $how = { user => $owner, umask => $umask };
	passes($what, run_at($place, $how, 'make check', tests(@tests)));
	leaves_nothing($what, $place);
	my $r = run_at($place, $how, 'make demo');
	is($r->{status}, 0, "$what: make demo ends well") or diag($r->{err});
	like($r->{out}, qr/do not try TLS.*byte for byte\.\n\z/s,
	    '... and shows what sendmail does');
}

# ---- a build elsewhere, of a source that cannot be written ----

my $place = '/srv/tlsoff';
my $elsewhere = '/srv/built';
rename "$place/build", $elsewhere or die "$place/build: $!";
system("mount -n --bind $place $place && mount -n -o remount,bind,ro $place") == 0
    or BAIL_OUT("mount $place");
my $r = run_at($place, { umask => '022' }, "BUILD=$elsewhere sh tests/run",
    "$elsewhere/unit/map-lookup.t", qw(tests/cli/check-map.t
    tests/live/seed-examples.t tests/faults/order.t));
passes('a source that cannot be written', $r);
$r = run_at($place, { umask => '022' },
    "BUILD=$elsewhere sh tests/demo $elsewhere/tlsoff");
is($r->{status}, 0, '... and the demo ends well') or diag($r->{err});
system('umount', '-n', $place);
rename $elsewhere, "$place/build" or die "$elsewhere: $!";

# ---- no namespaces ----

# What needs none runs, and one line says what to do for the rest.
my $how = { umask => '022', by => ['setpriv', '--bounding-set=-sys_admin'] };
my @tests = qw(build/unit/access-host.t build/unit/site-daemon.t tests/cli/insert-above-marker.t
    tests/live/seed-examples.t tests/faults/order.t);
$r = run_at($place, $how, 'make check', tests(@tests));
passes('root of a container', $r, 1);
like($r->{err}, qr/^machine: .*run as root.*--privileged/m,
    '... and says what to do for more');
like($r->{out}, qr/^run: 4 of 5 test files need namespaces and were left out/m,
    '... and that tests were left out: those whose words would go to the log, too');
$r = run_at($place, $how, 'make demo');
isnt($r->{status}, 0, '... the demo does not write to that log');
like($r->{err}, qr/^demo: would write to the log of this machine$/m, '... and says so');

is_deeply([touched($mail)], [], "nothing of the machine's own mail system is touched");

# Where nobody listens to the log, more can be run.
unlink '/dev/log';
$r = run_at($place, $how, 'make check', tests(@tests));
passes('root of a container without a log', $r, 1);
like($r->{out}, qr/^run: 2 of 5 test files/m, '... with tests of the program');
$r = run_at($place, $how, 'make demo');
is($r->{status}, 0, '... and the demo') or diag($r->{err});
like($r->{out}, qr/^TLS is off when .*byte for byte\.\n\z/sm,
    '... which shows what sendmail would do');

done_testing();
