#!/usr/bin/perl
# SIGINT, SIGTERM and SIGHUP before each system call of a change: it ends by
# that signal with everything as it was or everything done, cleaned up, and no
# process left behind.  SIGPIPE is no reason to end.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX qw(SIGHUP SIGINT SIGTERM);
use Time::HiRes qw(sleep);
use Tlsoff;
use Tlsoff::Faults;

faults_begin();

my %number = (INT => SIGINT, 'ALL-INT' => SIGINT, TERM => SIGTERM,
    HUP => SIGHUP);
my @changes = (
	[{ words => ['client', 'a.example'], builder => 'makemap' },
	    qw(ALL-INT TERM HUP PIPE)],
	[{ words => ['client', 'a.example'], builder => 'libdb' },
	    qw(INT ALL-INT)],
	[{ words => ['remove', 'client', 'old.example'], builder => 'libdb',
	    exchange => 0 }, qw(TERM)],
);
for (@changes) {
	my ($words, @signals) = @$_;
	my $change = change(%$words);
	my @calls = grep { $_->{label} eq '0.0' } calls_of($change);
	# main has to be there to hear it.
	shift @calls while $calls[0]{name} ne 'rt_sigprocmask';
	shift @calls;
	for my $signal (@signals) {
		sweep($change, "SIG$signal before", \@calls, sub {
			my ($call) = @_;
			reset_files($change);
			my $r = inject($change, $call, $signal);
			return $signal eq 'PIPE' ? wrong($change, $r)
			    : wrong_when_asked($change, $r, $number{$signal});
		});
	}
}

done_testing();
