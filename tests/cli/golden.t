#!/usr/bin/perl
# What list, check, explain and -n say, kept as files: each directory of
# tests/golden is one test.
#
#   access   the access file; its map is built by makemap
#   cf       lines that the cf has beyond those of every site (may be missing)
#   map      the text that the map is made of instead (may be missing)
#   call     calls, one a line, as a shell has them: explain client a.example
#   out      what becomes of them; made anew by GOLDEN=new prove tests/cli/golden.t
#
# Nothing here changes a file.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Text::ParseWords 'shellwords';
use Tlsoff;
use Tlsoff::Site;

my $golden = "$FindBin::Bin/../golden";
my @cases = map { m{.*/(.*)} } sort glob "$golden/*";
my $dir = scratch() . '/site';

# What stands on standard error is marked with !, a status other than 0 told.
sub transcript {
	my ($line) = @_;
	my $r = tlsoff('-C', $CF, shellwords($line));
	my $out = "\$ tlsoff $line\n$r->{out}" . $r->{err} =~ s/^(?=.)/! /gmr;
	$out =~ s{\Q$dir\E}{/etc/mail}g;
	$out =~ s{\Q$MAKEMAP\E}{/usr/sbin/makemap}g;
	return $out . ($r->{status} == 0 ? '' : "exit $r->{status}\n");
}

cmp_ok(scalar @cases, '>', 10, 'there are cases');
for my $case (@cases) {
	my $in = "$golden/$case";
	my $text = slurp("$in/access");
	site($text);
	append($CF, slurp("$in/cf")) if -e "$in/cf";
	if (-e "$in/map") {
		unlink "$ACCESS.db";
		makemap($CF, 'hash', $ACCESS, slurp("$in/map"));
	}
	my $out = join '', map { transcript($_) } grep { /\S/ } split /\n/, slurp("$in/call");
	spew("$in/out", $out) if ($ENV{GOLDEN} // '') eq 'new';
	is($out, -e "$in/out" ? slurp("$in/out") : undef, $case);
	is(text(), $text, '... and nothing is changed');
}

done_testing();
