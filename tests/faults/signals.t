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
	my @calls = grep { $_->{label} =~ /\A(?:0|T)/ } calls_of($change);
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

# Where makemap takes its time nobody waits for it, and it does not stay.
my $slow = script(scratch() . '/fs/slow-makemap',
    "#!/bin/sh\n[ -e " . scratch() . "/fs/slow ] && exec sleep 60\n"
    . "exec $MAKEMAP \"\$@\"\n");
my $change = change(words => ['client', 'a.example'], builder => 'makemap',
    makemap => $slow);
spew(scratch() . '/fs/slow', '');
for my $signal (qw(INT TERM HUP KILL)) {
	reset_files($change);
	# At the first call of sleep tlsoff is waiting.
	my $call = { label => '2.2', index => 1, name => 'brk' };
	my $r = inject($change, $call, $signal);
	my @wrong = $signal eq 'KILL' ? wrong_when_killed($change, $r)
	    : wrong_when_asked($change, $r, $number{$signal});
	is("@wrong", '', "SIG$signal while makemap works: both end");
}

done_testing();
