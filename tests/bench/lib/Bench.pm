# Bench.pm: commands timed side by side, for the programs of tests/bench.
#
#   use lib "tests/bench/lib";
#   use Bench;
#   my $log = make_input('sparse.log', 'make-log', 'sparse', 1 << 30);
#   my $m = series(5, ours => [\&prepare, "$TLSOFF scan $log"],
#       theirs => "rg -c x $log");
#   row('what', $m, 'ours', 'theirs', 1.0);
#
# series() runs the commands in turn, A B C A B C, after one turn that does not
# count, each as a whole process under lib/measure.c; what prepares a run is
# not timed, nor is the disk's work for the one before.  row() takes the ratio pair by pair and prints its median:
#
#   ROW, name, our command, their command, median, least, largest ratio, goal,
#   our peak of memory, theirs
#
# between tabs; peaks in KiB, of the largest process; goal - for none.
package Bench;

use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Path qw(make_path);

our @EXPORT = qw($TLSOFF $DIR $QUICK $MAKEMAP $EDITMAP $PART $CONFIG pairs
    make_input run_one series row print_row spew site);

our $BUILD = abs_path($ENV{BUILD} // 'build');
our $TLSOFF = "$BUILD/tlsoff";
our $DIR = "$BUILD/bench";
our $QUICK = $ENV{BENCH_QUICK} ? 1 : 0;
our ($MAKEMAP, $EDITMAP, $PART, $MEASURE) =
    map { "$DIR/bin/$_" } qw(makemap editmap part measure);
our $CONFIG = "$DIR/sendmail.cf";

$ENV{LC_ALL} = 'C';
$ENV{BENCH_CONFIG} = $CONFIG;
$| = 1;

# So many pairs; a quick run makes a quarter of them, or three.
sub pairs { my ($n) = @_; return !$QUICK ? $n : $n < 12 ? 3 : int($n / 4) }

sub spew {
	my ($path, @bytes) = @_;
	open my $file, '>:raw', $path or die "$path: $!\n";
	print {$file} @bytes;
	close $file or die "$path: $!\n";
	return $path;
}

# The path of an input, made where it is not there yet.
sub make_input {
	my ($name, $program, @arguments) = @_;
	my $path = "$DIR/$name";
	return $path if -e $path;
	system("tests/bench/lib/$program @arguments >$path.new") == 0
	    or die "tests/bench/lib/$program: status $?\n";
	rename "$path.new", $path or die "$path: $!\n";
	return $path;
}

# A directory with an access file, its map, and a cf that names them, for one
# who changes them.
sub site {
	my ($name, $text) = @_;
	my $dir = "$DIR/$name";
	my $cache = (1 << 24) + 2 * -s $text; # the map fits
	make_path($dir);
	run_one("cp $text $dir/access");
	run_one("$MAKEMAP -C $CONFIG -c $cache hash $dir/access <$dir/access");
	spew("$dir/cf", "V10/Debian\nKaccess hash -T<TMPF> $dir/access\n");
	return $dir;
}

# Seconds and peak of one run of a command; it has to succeed.
sub run_one {
	my ($command) = @_;
	my @words = ref $command ? @$command : ('sh', '-c', $command);
	my $pid = open my $said, '-|', $MEASURE, "$DIR/out", @words
	    or die "$MEASURE: $!\n";
	my ($seconds, $peak, $status) = split ' ', <$said> // '0 0 127';
	close $said;
	open my $out, '<', "$DIR/out" or die "$DIR/out: $!\n";
	my $text = do { local $/; <$out> // '' };
	die "@words: status $status: " . substr($text, 0, 500) . "\n" if $status != 0;
	$seconds = $1 if $text =~ /^seconds ([\d.]+)$/m;
	return { seconds => $seconds, peak => $peak };
}

# What the last one left to be written would slow down whoever comes next.
sub settled {
	my ($command) = @_;
	system('sync');
	return run_one($command);
}

sub prepared {
	my ($what) = @_;
	return settled($what) if ref $what ne 'ARRAY' || ref $what->[0] ne 'CODE';
	my $command = $what->[0]->();
	return settled($what->[1] // $command);
}

# {NAME => {seconds => [...], peak => KiB, command => TEXT}}
sub series {
	my ($pairs, @commands) = @_;
	my (%of, @names, %m);
	while (my ($name, $what) = splice @commands, 0, 2) {
		push @names, $name;
		$of{$name} = $what;
	}
	for my $turn (0 .. $pairs) {
		for my $name (@names) {
			my $run = prepared($of{$name});
			next if $turn == 0;
			push @{ $m{$name}{seconds} }, $run->{seconds};
			$m{$name}{peak} = $run->{peak}
			    if $run->{peak} > ($m{$name}{peak} // 0);
		}
	}
	return \%m;
}

sub median { my @s = sort { $a <=> $b } @_; return $s[$#s / 2] }

# What is told of a row: the commands as a person would type them; factor: by
# what the ratio is divided.
sub row {
	my ($name, $m, $ours, $theirs, $goal, %say) = @_;
	my ($a, $b) = @$m{$ours, $theirs};
	my @ratio = map { $a->{seconds}[$_] / $b->{seconds}[$_] / ($say{factor} // 1) }
	    0 .. $#{ $a->{seconds} };
	printf "# %s: %.4f s, %.4f s\n", $name, median(@{ $a->{seconds} }),
	    median(@{ $b->{seconds} });
	return print_row($name, $say{ours} // $ours, $say{theirs} // $theirs,
	    \@ratio, $goal, $a->{peak}, $b->{peak});
}

sub print_row {
	my ($name, $ours, $theirs, $ratio, $goal, @peaks) = @_;
	my @sorted = sort { $a <=> $b } @$ratio;
	print join("\t", 'ROW', $name, $ours, $theirs,
	    (map { sprintf '%.4f', $_ } median(@sorted), @sorted[0, -1]),
	    $goal // '-', map { int($_ // 0) } @peaks[0, 1]), "\n";
	return;
}

1;
