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

my @changes = (
	{ words => ['client', 'a.example'], builder => 'makemap' },
	{ words => ['client', 'a.example'], builder => 'libdb' },
	{ words => ['remove', 'client', 'old.example'], builder => 'libdb',
	    exchange => 0 },
);
for my $words (@changes) {
	my $change = change(%$words);
	my %seen;
	for my $call (calls_of($change)) {
		my $seen = $seen{ $call->{name} } //= [0];
		push @$seen, 'a call that tests/faults/calls.h does not know'
		    if $call->{name} =~ /^number/;
		for my $error (@{ $call->{errors} }) {
			reset_files($change);
			my $r = inject($change, $call, $error);
			$seen->[0]++;
			push @$seen, wrong($change, $r);
		}
	}
	verdicts($change->{name}, \%seen);
}

done_testing();
