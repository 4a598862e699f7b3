#!/usr/bin/perl
# The same failures as the real syslog daemons and journalctl wrote them: each
# log names the same hosts, as often.
use strict;
use warnings;
use lib 'tests/lib';
use Scan;
use Test::More;

my $dir = "$FIXTURES/writers";
my ($expected, $said) = scan_rows(slurp("$dir/rsyslog-file.log"));

is(scalar @$expected, 12, 'hosts');
is($said->{unattributed}, 0, 'all of them known');
for my $log (grep { !/rsyslog-file/ } glob "$dir/*.log") {
	my ($rows, $said) = scan_rows(slurp($log));
	my ($name) = $log =~ m{([^/]+)\.log$};

	is($said->{unread}, 0, "$name: all understood");
	if ($name eq 'journalctl-fields') {
		# No pid: what is cut stays so, and nothing says who wrote.
		is($said->{unattributed}, 3, "$name: some unknown");
		is_deeply([grep { $_->{evidence} ne 'hint' } @{$said->{hosts}}], [],
		    "$name: hints");
		next;
	}
	is_deeply($rows, $expected, $name);
	is($said->{unattributed}, 0, "$name: all known");
	is_deeply([grep { $_->{evidence} ne 'confirmed' } @{$said->{hosts}}], [],
	    "$name: confirmed");
}

done_testing;
