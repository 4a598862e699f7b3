#!/usr/bin/perl
# The two commands on a fresh system of another Debian release, with the
# sendmail of that release: made by debootstrap below the build directory, where
# "make check" installs all it needs.  Then it runs without a network, beside a
# mail system that counts.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Bystander;

# The sendmail that each has, and which to take where this machine has the other.
my %sendmail = (bookworm => '8.17.1', trixie => '8.18.1');
my ($here) = slurp('/etc/os-release') =~ /^VERSION_CODENAME=(\w+)/m;
my $release = ($here // '') eq 'trixie' ? 'bookworm' : 'trixie';
my $root = "$BUILD/roots/$release";
my $checkout = '/usr/src/tlsoff';

# ---- the other system ----

sub quietly {
	my ($what, @command) = @_;
	my $log = "$BUILD/roots/log";
	system("exec >'$log' 2>&1 </dev/null; " . join ' ', @command) == 0 and return;
	fail($what);
	diag(scalar `tail -n 30 '$log'`);
	done_testing();
	exit 1;
}

# From the mirror that this machine's apt asks.
sub debootstrap {
	chomp(my @mirrors = `apt-get indextargets --format '\$(REPO_URI)' 'Created-By: Packages'`);
	my ($mirror) = grep { m{/debian/?\z} } @mirrors;
	system('rm', '-rf', $root, "$root.new");
	quietly("debootstrap of $release", 'debootstrap', '--variant=minbase',
	    '--include=git,make', $release, "'$root.new'", "'$mirror'");
	rename "$root.new", $root or die "$root: $!";
	return;
}

# A command there, as on a machine of its own.
sub in_system {
	my @command = @_;
	my $enter = "mount -n --make-rprivate / && mount -n --rbind '$root' '$root'"
	    . " && mount -n -t proc proc '$root/proc' && mount -n --rbind /dev '$root/dev'"
	    . " && mount -n -t tmpfs tmp '$root/tmp' && cd '$root' && pivot_root . ."
	    . " && umount -n -l . && cd '$checkout' && \"\$@\"; exit \$?";
	return ('unshare', '-m', '-p', '-f', '--kill-child', 'env', '-i',
	    'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root',
	    'sh', '-c', $enter, 'sh', @command);
}

sub quoted { return join ' ', map { "'" . s/'/'\\''/gr . "'" } @_ }

# Outside, where there is a network.
sub prepare {
	plan(skip_all => 'only root may make a root directory: run this as root')
	    if $> != 0;
	mkdir "$BUILD/roots";
	debootstrap() if !-e "$root/etc/debian_version";
	system('rm', '-rf', "$root$checkout");
	quietly('a copy of the sources', "mkdir -p '$root$checkout' &&"
	    . " tar -C '$TOP' --exclude=./build --exclude=./.git -cf - . |"
	    . " tar -C '$root$checkout' -xf -");
	quietly("make demo on $release", quoted(in_system('make', 'demo')));
	quietly("setting up make check on $release",
	    quoted(in_system('make', 'setup-check', 'unit-tests', 'fault-tools')));
	return;
}

prepare() if !defined $ENV{TLSOFF_TEST_MACHINE};
enter_namespace();

# ---- its tests ----

my $r = run([in_system('sh', '-c',
    'build/sendmail/bin/sendmail -d0.1 -bv -C /dev/null root </dev/null')]);
like($r->{out}, qr/^Version \Q$sendmail{$release}\E/m,
    "the sendmail of $release is $sendmail{$release}");

my $mail = bystander($root);
$r = run([in_system('make', 'check')], time_limit => 1800);
ok($r->{status} == 0 && $r->{out} =~ /^Result: PASS$/m && $r->{out} !~ /left out/,
    "make check passes on $release")
    or diag(grep { !/ ok / } $r->{out} =~ /.*\n/g, $r->{err});
like($r->{out}, qr/^Files=\d{3}, Tests=\d{4}/m, '... with all tests');
is_deeply([touched($mail)], [], "nothing of the machine's own mail system is touched");

done_testing();
