#!/usr/bin/perl
# Each fuzz target keeps its promises for a while longer than its corpus asks:
# FUZZ_SECONDS each, 30 where nobody says.
use strict;
use warnings;
use File::Basename qw(basename);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;

$ENV{SECONDS_EACH} = $ENV{FUZZ_SECONDS} // 30;
$ENV{FUZZ_SEED} = 1; # the same inputs each time; "make fuzz" takes others
for my $target (sort glob("$TOP/tests/fuzz/*.c")) {
	my $r = run(['sh', "$TOP/tests/fuzz/run", $target],
	    time_limit => $ENV{SECONDS_EACH} + 600);
	is($r->{status}, 0, basename($target, '.c') . ' keeps its promises')
	    or diag(substr $r->{err}, -4000);
	like($r->{err}, qr/stat::number_of_executed_units:\s*[1-9]/,
	    '... of inputs that were run');
}

done_testing();
