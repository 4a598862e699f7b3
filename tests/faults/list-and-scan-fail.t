#!/usr/bin/perl
# Each system call of list, explain -j and scan fails in turn, with its plausible
# errors.  The verb then answers as ever, or says what it could not
# read; it never gives another answer without a word, and touches nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Faults;

faults_begin();

my $log = "$TOP/tests/fixtures/maillog/traditional.log";
my $packed = scratch() . '/fs/old.gz';
system("gzip -c '$log' >'$packed'") == 0 or die 'gzip';

# What is wrong with the answer of such a run.
sub wrong_answer {
	my ($look, $r) = @_;
	my @wrong;
	push @wrong, "dies of signal $r->{signal}" if $r->{signal};
	push @wrong, "leaves process $r->{left}" if $r->{left} ne '';
	push @wrong, 'hangs' if $r->{hangs};
	push @wrong, 'changes ' . state($look) if state($look) ne 'new old';
	push @wrong, 'leaves ' . beside() if beside() ne '';
	push @wrong, 'says "Success"' if $r->{err} =~ /\bSuccess/;
	my $told = $r->{err} =~ /^tlsoff: \S/m;
	my $as_ever = $r->{status} == $look->{status} && $r->{out} eq $look->{out};
	push @wrong, "exits $r->{status} and says $r->{out} without a word"
	    if !$as_ever && !$told && $r->{what} !~ / write \d+\z/; # standard error itself
	push @wrong, "exits $r->{status}"
	    if $r->{status} != $look->{status} && $r->{status} < 64
	    && !($told && $r->{status} == 1);
	return map { "$r->{what}: $_: $r->{err}" } @wrong;
}

# Brief: one error each time, where another verb makes the same calls.
for (['list'], ['brief', '-j', 'explain', 'client', 'old.example'],
    ['brief', 'scan', $log], ['scan', $packed]) {
	my @words = @$_;
	my $brief = $words[0] eq 'brief' && shift @words;
	my $look = change(words => \@words, builder => 'none', brief => $brief,
	    name => join ' ', map { s{.*/}{}r } @words);
	my @calls = calls_of($look);
	is(join(' ', grep { /\Anumber/ } map { $_->{name} } @calls), '',
	    "$look->{name}: tests/faults/calls.h has each call");
	my @cases = map { my $call = $_;
	    map { { %$call, error => $_ } } @{ $call->{errors} } }
	    grep { $_->{label} !~ /\.[1-9]/ } @calls;
	sweep($look, 'failing calls', \@cases, sub {
		my ($case) = @_;
		reset_files($look);
		return wrong_answer($look, inject($look, $case, $case->{error}));
	});
}

done_testing();
