#!/usr/bin/perl
# The process is killed before each system call of a change in turn.  Text and
# map are both old or both new; or, between the two renames, the text is new
# and the map old, each whole.  What is left beside them never grows, however
# often that happens, and the next run mends and removes all of it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Faults;

faults_begin();

for my $change (all_changes()) {
	my @calls = calls_of($change);
	my @ours = grep { $_->{label} =~ /\A(?:0|T)/ } @calls;
	my %left;
	sweep($change, 'killed before', \@ours, sub {
		my ($call) = @_;
		reset_files($change);
		my $r = inject($change, $call, 'kill');
		return wrong_when_killed($change, $r), mended($change, $r->{what});
	});

	# Its children: then it is still there to clean up.
	sweep($change, 'child killed before',
	    [grep { $_->{label} !~ /\A(?:0|T)/ } @calls], sub {
		my ($call) = @_;
		reset_files($change);
		return wrong($change, inject($change, $call, 'kill'));
	});

	# Many in a row, each finding what the one before left.
	my @wrong;
	reset_files($change);
	for my $call (@ours) {
		renew_files($change);
		my $r = inject($change, $call, 'kill');
		push @wrong, wrong_when_killed($change, $r);
	}
	is("@wrong[0 .. ($#wrong > 4 ? 4 : $#wrong)]", '',
	    "$change->{name}: killed " . @ours . ' times in a row');
	is(join("\n", mended($change, 'after that')), '',
	    "$change->{name}: the next run mends all of it");
}

done_testing();
