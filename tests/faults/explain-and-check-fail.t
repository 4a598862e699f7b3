#!/usr/bin/perl
# explain and check, with each of their system calls failing in turn: the answer
# is the same as ever, or there is none and a message says why; nothing changes.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Faults;

faults_begin();

for my $words (['explain', 'client', 'old.example'], ['check']) {
	my $change = change(words => $words, builder => 'none', brief => 1);
	my @cases = map { my $call = $_;
	    map { { %$call, error => $_ } } @{ $call->{errors} } }
	    calls_of($change);
	sweep($change, 'failing calls', \@cases, sub {
		my ($case) = @_;
		reset_files($change);
		my $r = inject($change, $case, $case->{error});
		return grep { !is_explained($_) } wrong($change, $r);
	});
}

# A map that cannot be read is one without entries, for sendmail too.  And how
# often an answer is waited for depends on how fast it comes, and whether a child
# waits for a question that does not come on how soon it is ended.
sub is_explained {
	my ($wrong) = @_;
	return 1 if $wrong =~ / (?:p?poll|at 1\.0 read) \d+: was not hit/;
	return $wrong =~ /: exits 1: tlsoff: warning: \S+ .*sendmail goes on as if/;
}

done_testing();
