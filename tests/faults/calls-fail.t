#!/usr/bin/perl
# Every system call of a change fails in turn, with each error that it can
# plausibly give, and with too few bytes: text and map are both the old ones or
# both the new ones, status and message say which, and nothing is left beside.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Faults;

faults_begin();

for my $change (all_changes()) {
	my @calls = calls_of($change);
	my @unknown = grep { /\Anumber/ } map { $_->{name} } @calls;
	is("@unknown", '', "$change->{name}: tests/faults/calls.h has each call");
	my @cases;
	for my $call (@calls) {
		push @cases, map { { %$call, error => $_ } } @{ $call->{errors} };
	}
	sweep($change, 'failing calls', \@cases, sub {
		my ($case) = @_;
		reset_files($change);
		return wrong($change, inject($change, $case, $case->{error}));
	});
}

done_testing();
