#!/usr/bin/perl
# What goes on beside the planning, in threads: the copy of the old map, and
# the new text's way to the disk.  Each of their calls fails in turn.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Faults;

faults_begin();

my $change = change(words => ['client', 'a.example'], builder => 'patch');
my @cases = map { my $call = $_;
    map { { %$call, error => $_ } } @{ $call->{errors} } }
    grep { $_->{label} =~ /\AT/ } calls_of($change);
cmp_ok(scalar @cases, '>', 20, 'threads have calls that fail');
sweep($change, 'failing calls of threads', \@cases, sub {
	my ($case) = @_;
	reset_files($change);
	return wrong($change, inject($change, $case, $case->{error}));
});

done_testing();
