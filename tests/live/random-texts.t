#!/usr/bin/perl
# tlsoff and makemap agree on what a text means: some hundred random files of
# odd lines go through the real makemap, and the proof, which compares its map
# with tlsoff's own reading of the same text, must hold each time.  Then the
# map that libdb builds must hold the same as makemap's.
#
# SEED=N in the environment repeats a run, ROUNDS=N makes it longer.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $seed = $ENV{SEED} // int rand 1_000_000_000;
my $rounds = $ENV{ROUNDS} // 150;
note("SEED=$seed");
srand $seed;

sub pick { return $_[rand @_] }
sub some { my ($n, $code) = @_; return join '', map { $code->() } 1 .. $n }

my @keys = map { "Connect:k$_.example" } 1 .. 6;
my @blanks = (' ', "\t", "\t\t", "  ", "\x0b", "\x0c", "\r", " \t");
my @bytes = map { chr } grep { $_ != 10 } 0 .. 255;
my @plain = ('a' .. 'z', 'A' .. 'Z', 0 .. 9, '.', '-', ':', '@', '#');

my @kinds = (
	sub { pick(@keys) . pick(@blanks) . pick(qw(OK RELAY REJECT NO S)) },
	sub { uc(pick(@keys)) . "\tOK" },
	sub { "Host:" . some(8, sub { pick(@plain) }) . pick(@blanks) . 'NO' },
	sub { '# ' . some(int rand 60, sub { pick(@bytes) }) },
	sub { '#' },
	sub { '' },
	sub { pick(@blanks) },
	sub { pick(@blanks) . pick(@keys) . "\tNO" },
	sub { pick(@keys) },
	sub { pick(@keys) . pick(@blanks) },
	sub { pick(@keys) . "\tvalue " . pick(@blanks) . pick(@blanks) },
	sub { some(1 + int rand 40, sub { pick(@bytes) }) },
	sub { some(1 + int rand 40, sub { pick(@bytes, @plain, @plain) })
	    . "\t" . some(1 + int rand 40, sub { pick(@bytes) }) },
	sub { "N" . some(int rand 9, sub { pick(@plain) }) . "\0x\tNO" },
	sub { pick(@keys) . "\tO\0K" },
	sub { pick(@keys) . "\tOK\r" },
	sub { "\r" },
	sub { "\xef\xbb\xbfbom.example\tOK" },
	sub { "quote\"d:" . int(rand 9) . "\t\"a b\"" },
	sub { long_line('key' . int(rand 1e6) . '.example' . "\t", 'v') },
	sub { long_line('# ', 'x') },
	sub { long_line('key' . int(rand 1e6), 'k') },
	sub { # the tail of a line too long is a line of its own
		my $head = '# ' . 'x' x (1018 + int rand 9);
		return $head . pick(@keys) . "\tNO";
	},
	sub { 'x' x (2040 + int rand 20) . "tail\tOK" },
);

sub long_line {
	my ($start, $fill) = @_;
	my $length = pick(1018 .. 1030, 2044 .. 2052, 3000);
	my $line = $start . $fill x $length;
	return substr $line, 0, $length;
}

sub random_text {
	my $end = pick("\n", "\n", "\n", "\r\n");
	my $text = join '', map { pick(@kinds)->() . $end } 1 .. 1 + int rand 40;
	$text =~ s/\n\z// if rand() < 0.3;
	return $text;
}

# Lines that no text may do without, each at least once.
my @fixed = ('', "\n", "\0", "\r\n", ' ', "a", "a\tb", "#", "# c\n \n",
    "a\tb\na\tc\nA\td\n", 'x' x 1022, 'x' x 1023 . "\n", 'x' x 1024,
    "k\t" . 'v' x 1020, "k\t" . 'v' x 1021, "k\t" . 'v' x 1022 . "\nz\tOK",
    "# " . 'x' x 1021 . "Try_TLS:luna.bagoona.com NO\n",
    "a\0b\tc\nd\te\n", "a\tb\0\nd\te\n", "\xff\xfe\tb\n");

my $site = sendmail_cf('mx');
mkdir '/tlsoff.test/t';
my ($text, $copy) = qw(/tlsoff.test/t/access /tlsoff.test/t/other);
my @bad;
for my $round (1 .. $rounds + @fixed) {
	my $bytes = $round <= @fixed ? $fixed[$round - 1] : random_text();
	unlink "$text.db", "$copy.db";
	spew($text, $bytes);
	my @call = ('-C', $site->{file}, '-f', $text, '--restart', 'none');
	my $r = tlsoff(@call, '-b', 'makemap', '--exact', '--force', 'client',
	    "proof$round.example");
	my $why = $r->{status} == 0 ? '' : "makemap: $r->{status} $r->{err}";
	if (!$why) {
		my $r2 = tlsoff(@call, '-b', 'libdb', '--exact', '--force', 'client',
		    "second$round.example");
		$why = "libdb: $r2->{status} $r2->{err}" if $r2->{status} != 0;
	}
	if (!$why) {
		makemap($site->{file}, 'hash', $copy, slurp($text));
		my @dumps = map {
			join '', sort split /(?<=\n)/, run([$MAKEMAP, '-C',
			    $site->{file}, '-u', 'hash', $_])->{out}
		} $text, $copy;
		$why = 'libdb and makemap differ' if $dumps[0] ne $dumps[1];
	}
	next if !$why;
	push @bad, $round;
	spew("$BUILD/random-texts.$seed.$round", $bytes);
	diag("SEED=$seed round $round: $why"
	    . "the text is build/random-texts.$seed.$round") if @bad <= 5;
}
is(scalar @bad, 0, "all texts are proven (SEED=$seed, " . ($rounds + @fixed)
    . ' of them)');

done_testing();
