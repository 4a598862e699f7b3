#!/usr/bin/perl
# The release is the same bytes each time, and is complete: it builds, passes
# tests of each kind, installs and uninstalls without the repository.  "make
# install" of both makes puts each file where the variables say.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Find qw(find);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;

my $dir = scratch();
my $build = "$BUILD/packages/dist";
my ($version) = tlsoff('--version')->{out} =~ /(\S+)\n\z/;
my $tarball = "$build/dist/tlsoff-$version.tar.gz";

# "make check" of the same commit passes them all.
my $tests = 'build/unit/*.t tests/cli/*.t tests/live/seed-examples.t'
    . ' tests/live/restart-by-signal.t tests/faults/order.t';

sub make {
	my ($make, @arguments) = @_;
	my $option = ref $arguments[-1] ? pop @arguments : {};
	return run([$make, '-C', $TOP, @arguments],
	    env => { BUILD => undef, MAKEMAP => undef, TESTS => $tests },
	    time_limit => 1800,
	    %$option);
}

sub files_below {
	my ($root) = @_;
	my @files;
	find({ no_chdir => 1, wanted => sub {
		push @files, substr $_, length $root if !-d;
	} }, $root) if -d $root;
	@files = sort @files;
	return @files;
}

# ---- the release ----

my $r = make('make', "BUILD=$build", 'dist');
is($r->{status}, 0, 'make dist') or diag($r->{err});
my $first = slurp($tarball);
# Another time of day, umask, zone and make.
sleep 1;
umask 077;
$r = run(['bmake', '-C', $TOP, "BUILD=$build", 'dist'],
    env => { TZ => 'Pacific/Auckland', LC_ALL => 'C.UTF-8', BUILD => undef });
umask 022;
is($r->{status}, 0, 'bmake dist, later') or diag($r->{err});
ok(slurp($tarball) eq $first, '... makes the same bytes');

my @names = split /\n/, run(['tar', '-tzf', $tarball])->{out};
is_deeply([grep { !m{\Atlsoff-\Q$version\E/} } @names], [],
    'all of it is in one directory');
is_deeply([grep { m{/build/|/\.git(?:/|\z)} } @names], [],
    '... with nothing that was built, and no repository');

# Where "make distcheck" looks for the private sendmail.
symlink "$BUILD/sendmail", "$build/sendmail";
$r = make('make', "BUILD=$build", 'distcheck');
is($r->{status}, 0, 'make distcheck')
    or diag(grep { !/\bok\b|^(?:CC|LD) / } $r->{out} =~ /.*\n/g, $r->{err} =~ /.*\n/g);
ok($r->{out} =~ /^Files=\d+, .*\nResult: PASS$/m, '... runs the tests');
ok($r->{out} =~ /is good$/m, '... and is content');

# ---- install and uninstall ----

my %place = (sbindir => '/s', mandir => '/m', docdir => '/d/doc',
	unitdir => '/u', bashcompdir => '/b', zshcompdir => '/z',
	fishcompdir => '/f');
my @expected = sort '/s/tlsoff', '/m/man8/tlsoff.8', '/d/doc/tlsoff.cron', '/d/doc/tlsoff.schema.json',
    '/u/tlsoff-expire.service', '/u/tlsoff-expire.timer', '/b/tlsoff',
    '/z/_tlsoff', '/f/tlsoff.fish';

for my $make (qw(make bmake)) {
	my @all = ("BUILD=$BUILD", "DESTDIR=$dir/$make");
	my @each = map { "$_=$place{$_}" } sort keys %place;
	$r = make($make, @all, @each, 'install');
	is($r->{status}, 0, "$make install, a directory for each kind of file")
	    or diag($r->{err});
	is_deeply([files_below("$dir/$make")], \@expected,
	    '... puts all where it is told');
	for my $file (qw(u/tlsoff-expire.service d/doc/tlsoff.cron)) {
		like(slurp("$dir/$make/$file"), qr{[= \t]/s/tlsoff },
		    "... $file runs the program from there");
	}
	is_deeply([grep { ((stat "$dir/$make$_")[2] & 07777)
		    != (m{/s/} ? 0755 : 0644) } @expected], [],
	    '... readable for all, whatever the umask');
	make($make, @all, @each, 'uninstall');
	is_deeply([files_below("$dir/$make")], [], '... and uninstall removes it');

	$r = make($make, @all, 'PREFIX=/opt/tlsoff', 'install');
	is_deeply([grep { !m{\A/opt/tlsoff/} } files_below("$dir/$make")], [],
	    "$make install with PREFIX puts nothing elsewhere");
	is(scalar(files_below("$dir/$make")), scalar @expected, '... all of it');
	make($make, @all, 'PREFIX=/opt/tlsoff', 'uninstall');
	is_deeply([files_below("$dir/$make")], [], '... and uninstall removes it');
}

done_testing();
