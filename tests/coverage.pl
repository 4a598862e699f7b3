#!/usr/bin/perl
# coverage.pl LCOV LINES: branches taken, a file and a room a line; into LINES
# each line of the source with a branch that no test took.
use strict;
use warnings;
use Cwd qw(getcwd);

my ($lcov, $lines) = @ARGV;
my $top = getcwd();
my %file;
my $name = "";
open my $in, '<', $lcov or die "$lcov: $!\n";
while (<$in>) {
	if (/\ASF:(.*)/) {
		$name = $1 =~ s/\A\Q$top\E\///r;
	} elsif ($name =~ m{\Asrc/} && /\ABRDA:(\d+),\d+,\d+,(\S+)/) {
		my $taken = $2 ne '-' && $2 > 0;
		$file{$name}{all}++;
		$file{$name}{taken}++ if $taken;
		$file{$name}{missed}{$1}++ if !$taken;
	}
}
close $in;

sub row {
	my ($what, $taken, $all) = @_;
	printf "%-34s %5d of %5d  %5.1f %%\n", $what, $taken, $all,
	    $all ? 100 * $taken / $all : 100;
	return;
}

my (%room, @total);
open my $out, '>', $lines or die "$lines: $!\n";
for my $path (sort keys %file) {
	my ($taken, $all) = ($file{$path}{taken} // 0, $file{$path}{all});
	my ($room) = $path =~ m{\A(src/[^/]+)};
	row($path, $taken, $all);
	$room{$room}[0] += $taken;
	$room{$room}[1] += $all;
	$total[0] += $taken;
	$total[1] += $all;
	my @source = do { open my $c, '<', $path or die "$path: $!\n"; <$c> };
	for my $line (sort { $a <=> $b } keys %{ $file{$path}{missed} }) {
		print {$out} "$path:$line: $source[$line - 1]";
	}
}
close $out or die "$lines: $!\n";
print "\n";
row($_, @{ $room{$_} }) for sort keys %room;
row('all', @total);
print "\nlines with a branch never taken:\n";
for my $path (sort keys %file) {
	my @missed = sort { $a <=> $b } keys %{ $file{$path}{missed} };
	print "$path: @missed\n" if @missed;
}
