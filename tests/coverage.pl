#!/usr/bin/perl
# coverage.pl LCOV LINES: branches taken, a file and a room a line; what no test
# took, a function a line, with the reason that the source gives for it, where it
# stands: a comment "Untested: REASON."; into LINES each line of the source with
# such a branch.
use strict;
use warnings;
use Cwd qw(getcwd);

my ($lcov, $lines) = @ARGV;
my $top = getcwd();
my %file;     # path => { all, taken, missed => { line => branches } }
my %function; # path => { first line => name }
my $name = "";
open my $in, '<', $lcov or die "$lcov: $!\n";
while (<$in>) {
	if (/\ASF:(.*)/) {
		$name = $1 =~ s/\A\Q$top\E\///r;
	} elsif (/\AFN:(\d+),(?:[^:]*:)?(\S+)/) {
		$function{$name}{$1} = $2;
	} elsif ($name =~ m{\Asrc/} && /\ABRDA:(\d+),\d+,\d+,(\S+)/) {
		my $taken = $2 ne '-' && $2 > 0;
		$file{$name}{all}++;
		$file{$name}{taken}++ if $taken;
		$file{$name}{missed}{$1}++ if !$taken;
	}
}
close $in;

sub slurp {
	my ($path) = @_;
	open my $file, '<', $path or die "$path: $!\n";
	local $/;
	return scalar <$file>;
}

sub row {
	my ($what, $taken, $all) = @_;
	printf "%-34s %5d of %5d  %5.1f %%\n", $what, $taken, $all,
	    $all ? 100 * $taken / $all : 100;
	return;
}

# The function that a line of the source is in.
sub function_at {
	my ($path, $line) = @_;
	my ($first) = sort { $b <=> $a } grep { $_ <= $line }
	    keys %{ $function{$path} };
	return $function{$path}{$first};
}

# "path function" => why no test takes what it does not.
my %reason;
for my $path (keys %function) {
	next if $path !~ m{\Asrc/};
	my $text = slurp($path);
	while ($text =~ m{/\*[\s*]*Untested: (.*?)\.?\s*\*/}gs) {
		my $line = 1 + (substr($text, 0, $-[0]) =~ tr/\n//);
		my $why = $1 =~ s/\s*\n\s*\*\s*/ /gr;
		my $key = "$path " . function_at($path, $line);
		$reason{$key} = defined $reason{$key} ? "$reason{$key}; $why" : $why;
	}
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
	my @source = split /^/, slurp($path);
	for my $line (sort { $a <=> $b } keys %{ $file{$path}{missed} }) {
		print {$out} "$path:$line: $source[$line - 1]";
	}
}
close $out or die "$lines: $!\n";
print "\n";
row($_, @{ $room{$_} }) for sort keys %room;
row('all', @total);

my ($branches, $named) = (0, 0);
print "\nnever taken, by function, and why:\n";
for my $path (sort keys %file) {
	my (@functions, %missed);
	my $missed = $file{$path}{missed};
	for my $line (sort { $a <=> $b } keys %$missed) {
		my $function = function_at($path, $line);
		push @functions, $function unless $missed{$function};
		push @{ $missed{$function} }, ($line) x $missed->{$line};
	}
	print "$path\n" if @functions;
	for my $function (@functions) {
		my @at = @{ $missed{$function} };
		my $why = delete $reason{"$path $function"};
		my %seen;
		print "  $function (", join(' ', grep { !$seen{$_}++ } @at), '): ',
		    $why // 'no reason given', "\n";
		$branches += @at;
		$named += @at if defined $why;
	}
}
print "$branches branches never taken, $named of them with a reason\n";
print "nothing is untested any more in: $_\n" for sort keys %reason;
