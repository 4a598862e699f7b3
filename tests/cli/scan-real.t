#!/usr/bin/perl
# What real sendmail logged, in every shape, gives the hosts that really
# failed.
use strict;
use warnings;
use lib 'tests/lib';
use Scan;
use Test::More;

my (undef, @expected) = split /\n/, slurp("$FIXTURES/expected.tsv");
my @table = map { [split /\t/] } @expected;

# An address that stands in no line of the same host cannot be known.
sub expect {
	my ($known) = @_;
	return [sort map {
		my ($role, $host, $address, $failures, $logged) = @$_;
		$address = '-' if $role eq 'client' && $logged eq 'no';
		"$role $host $address $failures"
	} grep { $known->($_) } @table];
}

my $all = expect(sub { 1 });
my @records = records(slurp("$FIXTURES/real.log"));

is_deeply((scan_rows(slurp("$FIXTURES/$_.log")))[0], $all, "$_.log")
    for qw(real traditional);
for my $shape (grep { !$no_pid{$_} } shapes()) {
	my ($rows, $said) = scan_rows(shape($shape, @records));

	is_deeply($rows, $all, $shape);
	is($said->{unattributed}, 0, "$shape: all attributed");
	is($said->{unread}, 0, "$shape: all understood");
	my %grades = map { $_->{evidence} => 1 } @{$said->{hosts}};
	is(join(' ', sort keys %grades), $hint{$shape} ? 'hint' : 'confirmed',
	    "$shape: its evidence");
}

# No pid: what was cut stays cut, and is said to be.
my ($rows, $said);
for my $shape (sort keys %no_pid) {
	($rows, $said) = scan_rows(shape($shape, @records));
	is_deeply($rows, expect(sub { ($_[0][5] // '') !~ /cut at 100/ }), $shape);
	is($said->{unattributed}, 8, "$shape: what was cut is not guessed");
	is($said->{unread}, 0, "$shape: and all was understood");
	is_deeply([grep { ($_->{evidence} eq 'hint') != ($hint{$shape} // 0) }
	    @{$said->{hosts}}], [], "$shape: its evidence");
}

my %of = map { (join(" ", $_->{role}, $_->{host}, $_->{address} // "-") => $_) }
    @{(scan_rows(slurp("$FIXTURES/real.log")))[1]{hosts}};
my $close = $of{'client mx.close.example 198.51.100.10'};
is_deeply($close->{reasons}, { 'unexpected eof while reading' => 12 }, 'reasons');
is($close->{evidence}, 'confirmed', 'evidence');
is($close->{first}, '2026-11-23T17:11:10Z', 'first');
is($close->{last}, '2026-11-23T17:14:40Z', 'last');
is($of{'client mx.flaky.example 198.51.100.57'}{successes}, 1, 'it worked later');
is($of{'server out.close.example 203.0.113.11'}{implicit}, 1, 'port 465');
is($of{'server out.http.example 203.0.113.23'}{implicit}, 1, 'port 465, again');
is($of{'server out.garbage.example 203.0.113.10'}{implicit}, 0, 'port 25');

# The wiki's own example.
my $seed = "2018-02-15T14:28:09.293840-06:00 mailserver sendmail[24164]: "
    . "w1FJpcv5021072: to=<someone\@exampledomain.com>, delay=00:36:30, "
    . "xdelay=00:00:01, mailer=esmtp, pri=572428, relay=luna.bagoona.com. "
    . "[123.45.67.89], dsn=4.0.0, stat=Deferred: 403 4.7.0 TLS handshake failed.\n";
($rows, $said) = scan_rows($seed);
is_deeply($rows, ['client luna.bagoona.com 123.45.67.89 1'], 'the wiki\'s example');
is($said->{hosts}[0]{evidence}, 'hint', '... is a hint');
is_deeply((scan_rows($seed, '--confirmed'))[0], [], '... and nothing more');
my ($out) = scan($seed, '--hosts');
is($out, "luna.bagoona.com\n", '... for "tlsoff client -"');

done_testing;
