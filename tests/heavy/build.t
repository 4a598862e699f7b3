#!/usr/bin/perl
# The build as whoever types "make" meets it, with GNU make and bmake: a line a
# file, nothing outside BUILD, and one line that says what to do where it
# cannot be.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;

my @makes = qw(make bmake);
my $dir = scratch();

# In the source, unless -C says where, or dir => DIR.
sub make {
	my ($make, @arguments) = @_;
	my $option = ref $arguments[-1] ? pop @arguments : {};
	return run([$make, @arguments], dir => $TOP,
	    env => { BUILD => undef, V => undef, MAKEMAP => undef },
	    time_limit => 300, %$option);
}

# What stands in the source, but for where other tests are at work.
sub source {
	return join ' ', sort grep { !m{\A\Q$TOP\E/build(?:/|\z)} }
	    glob("$TOP/* $TOP/*/*");
}

# ---- a line a file ----

# Its words, but for those of make itself.
sub said { my ($r) = @_; return $r->{out} . $r->{err} }

for my $make (@makes) {
	my $build = "$dir/$make";
	my $object = "$build/src/base/bytes.o";
	my $before = source();
	my $r = make($make, "BUILD=$build", $object);
	is($r->{status}, 0, "$make builds elsewhere") or diag(said($r));
	is(said($r), "CC src/base/bytes.c\n", '... and prints a line a file');
	is(source(), $before, '... and nothing appears in the source');

	unlink $object;
	$r = make($make, "BUILD=$build", 'V=1', $object);
	like(said($r), qr{^cc .* -c -o \Q$object\E src/base/bytes\.c$}m,
	    '... with V=1 the whole command');
	unlike(said($r), qr/^CC /m, '... alone');

	unlink $object;
	spew("$dir/warn.h", "#warning seen\n");
	$r = make($make, "BUILD=$build", "CPPFLAGS=-include $dir/warn.h", $object);
	like(said($r), qr/warning: .*seen/, '... and warnings are seen');

	for my $jobs ([], ['-j2']) {
		$r = make($make, "BUILD=$build", '-n', @$jobs, 'demo');
		is($r->{status}, 0, "$make -n @$jobs demo") or diag($r->{err});
		is($r->{err}, '', '... warns of no jobs');
	}
}

# ---- where nothing can be built ----

my $blank = "$dir/a b";
mkdir $blank or die "$blank: $!";
for my $name (qw(Makefile include man src tests)) {
	symlink "$TOP/$name", "$blank/$name" or die "$name: $!";
}
for my $make (@makes) {
	for my $target (qw(all demo check clean quick)) {
		my $r = make($make, $target, { dir => $blank });
		isnt($r->{status}, 0, "$make $target: no path with a blank");
		like($r->{err}, qr/^tlsoff: .*"\Q$blank\E"; move the tree: .*\n/,
		    '... it says so, and what to do');
		is((() = said($r) =~ /\n/g), 2, '... before anything else');
	}
	for my $build ('my build', "my\tbuild", 'a#b', 'a:b', 'a%b', 'a;b', 'a=b',
	    'a*', 'a,b', q(a'b'c), 'a"b"c', '-x', '~/x', '') {
		my $before = source();
		my $r = make($make, "BUILD=$build", 'clean');
		isnt($r->{status}, 0, "$make BUILD='$build'");
		like($r->{err}, qr/\Atlsoff: BUILD is .*; (?:use|name) /,
		    '... is refused, with the cure');
		is(source(), $before, '... and nothing is made');
	}
	for my $build (q(a'b), 'a"b') {
		my $before = source();
		my $r = make($make, "BUILD=$build", 'all');
		isnt($r->{status}, 0, "$make BUILD=$build ends");
		is(source(), $before, '... and nothing is made');
	}
}

# ---- a source that cannot be written ----

# Below /mnt what may be written: a mount of its own.
my $inside = 'mount --bind "$2" /mnt && mount --bind "$1" "$1" &&
    mount -o remount,bind,ro "$1" && cd "$1" && umask 077 || exit 99
    shift 2; exec "$@"';
sub read_only {
	my @command = @_;
	return run(['unshare', $> == 0 ? () : '-r', '-m', 'sh', '-c', $inside, 'sh',
	    $TOP, "$dir/out", @command],
	    env => { BUILD => undef, TLSOFF_SCRATCH => '/mnt/scratch' },
	    time_limit => 300);
}
mkdir $_ or die "$_: $!" for "$dir/out", "$dir/out/scratch";
if (read_only('true')->{status} == 99) {
	note('left out, for there is no right to mount: a read-only source');
}
else {
	for my $make (@makes) {
		my $r = read_only($make, "BUILD=/mnt/$make",
		    "/mnt/$make/src/base/bytes.o");
		is($r->{status}, 0, "$make builds a source that it cannot write")
		    or diag(said($r));
		# The default is below the source.
		$r = read_only($make);
		isnt($r->{status}, 0, '... and not below it');
		like($r->{err}, qr{^tlsoff: cannot write to build; .*BUILD=/}m,
		    '... which it says');
	}
	# Those that make files by modes, below a umask that hides.
	for my $test (qw(site-daemon map-kinds map-makemap-child map-lookup
	    map-patch update-refused-swap site-read update-target)) {
		my $program = "$BUILD/unit/$test.t";
		next if !-x $program;
		my $r = read_only('env', "MAKEMAP=$MAKEMAP", $program);
		is($r->{status}, 0, "$test: passes there")
		    or diag($r->{out}, $r->{err});
	}
	is(join(' ', glob "$dir/out/scratch/*"), '', 'and no test leaves anything');
}

# ---- what is missing ----

# A compiler that has no header of that name.
sub compiler_without {
	my ($header) = @_;
	return script("$dir/cc-without", <<"END");
#!/bin/sh
case \$* in *" -E "*) ! grep '$header' >/dev/null ;; *) exec cc "\$@" ;; esac
END
}
for my $make (@makes) {
	for my $case (['db.h', qr/libdb-dev.*WITH_DB=no/],
	    ['pcre2.h', qr/libpcre2-dev/], ['stdio.h', qr/libc6-dev/]) {
		my ($header, $cure) = @$case;
		my $r = make($make, "BUILD=$dir/needs", 'CC=' . compiler_without($header));
		isnt($r->{status}, 0, "$make without $header");
		like($r->{err}, qr/^tlsoff: not found: \Q$header\E; install .*$cure/m,
		    '... names the package');
		unlike(said($r), qr/^CC /m, '... before it compiles');
	}
	my $r = make($make, "BUILD=$dir/needs", 'CFLAGS=-fno-such-option');
	like($r->{err}, qr/^tlsoff: the compiler fails: .*-fno-such-option/m,
	    "$make with an option that the compiler refuses");
	$r = make($make, "BUILD=$dir/needs", 'CC=/nowhere/cc');
	like($r->{err}, qr{^tlsoff: not found: /nowhere/cc; install gcc}m,
	    "$make without a compiler");
}

# A machine where a header is missing, and apt-get does what the script says.
sub setup {
	my ($apt_get, $id) = @_;
	my $bin = "$dir/bin";
	system('rm', '-rf', $bin);
	mkdir $bin or die "$bin: $!";
	for my $name (qw(cat grep head mkdir paste prove sed sh sort)) {
		my ($path) = grep { -x } map { "$_/$name" } split /:/, $ENV{PATH};
		symlink $path, "$bin/$name" or die "$bin/$name: $!";
	}
	script("$bin/id", "#!/bin/sh\necho $id\n");
	script("$bin/apt-cache", "#!/bin/sh\n");
	script("$bin/apt-get", "#!/bin/sh\n$apt_get\n") if defined $apt_get;
	return run(["$bin/sh", "$TOP/tests/setup", 'quick'],
	    env => { BUILD => "$dir/setup", PATH => $bin });
}
my %setup = (
	'no apt-get' => [undef, 0, qr/^setup: no apt-get here; install .*\bgcc\b/],
	'no right' => ['exit 0', 1000,
	    qr/^setup: neither root nor sudo; ask root for: .*\bgcc\b/],
	'no network' => ["echo 'E: Failed to fetch http://x  Could not connect';"
	    . ' exit 100', 0, qr{^setup: apt-get cannot fetch: http://x .*the network}],
	'a lock' => ["echo 'E: Could not get lock'; exit 100", 0,
	    qr/^setup: apt-get: Could not get lock; .*log.*by hand: .*\bgcc\b/],
);
for my $what (sort keys %setup) {
	my ($apt_get, $id, $said) = @{ $setup{$what} };
	my $r = setup($apt_get, $id);
	isnt($r->{status}, 0, "set-up with $what fails");
	like($r->{err}, qr/\A$said.*\n\z/, '... and says why in one line');
}

done_testing();
