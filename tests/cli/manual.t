#!/usr/bin/perl
# What is told in three places is told alike: --help, the manual page and
# README.md name the same verbs, options, exit statuses and make targets.  And
# mandoc finds nothing to say about the manual page.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;

scratch();
my $page = "$TOP/man/tlsoff.8";
my $readme = slurp("$TOP/README.md");

# ---- reading ----

# The manual page as printed, without overstrikes.
sub rendered {
	my $r = run(['mandoc', '-T', 'ascii', '-O', 'width=200', $page]);
	is($r->{status}, 0, 'mandoc renders the manual page') or diag($r->{err});
	return $r->{out} =~ s/.\x08//gr;
}

# One section of it.
sub section {
	my ($manual, $name) = @_;
	my ($text) = $manual =~ /^\Q$name\E\n(.*?)(?=^\S|\z)/ms;
	ok(length($text // ''), "the manual page has the section $name");
	return $text // '';
}

# "-C --config FILE": from "-C, --config FILE" and "-C FILE, --config FILE".
sub option_of_line {
	my ($line) = @_;
	my ($short, $long, $argument) = $line =~
	    /^\s+(?:(-\w)(?: [^\s,]+)?, )?\s*(--[a-z-]+)(?: ([^\s].*?))?(?:\s{2}|$)/
	    or return;
	$argument = ($argument // '') =~ s/\s*\|\s*/|/gr;
	return join ' ', grep { length } $short // '', $long, $argument;
}

sub options_of { return sort grep { defined } map { option_of_line($_) } @_; }

sub unique { my %seen; return sort grep { !$seen{$_}++ } @_; }

sub verbs_of {
	my ($text) = @_;
	return unique($text =~ /\btlsoff \[options\] (\w+)/g);
}

# ---- help ----

my $r = tlsoff('--help');
is($r->{status}, 0, '--help exits 0');
is($r->{err}, '', '... and says nothing on standard error');
my $help = $r->{out};
my @help = split /\n/, $help;
cmp_ok(scalar @help, '<=', 40, '... it fits 40 lines');
is_deeply([grep { length > 80 } @help], [], '... of 80 columns');
is(tlsoff('-h')->{out}, $help, '-h is the same');

$r = tlsoff('--version');
is($r->{status}, 0, '--version exits 0');
like($r->{out}, qr/\Atlsoff \d+\.\d+(?:\.\d+)?\n\z/, '... with one line');
is(tlsoff('-V')->{out}, $r->{out}, '-V is the same');

# ---- manual page ----

my $manual = rendered();
my @options = options_of(@help);
cmp_ok(scalar @options, '>=', 10, '--help has options');
my $described = section($manual, 'OPTIONS');
is_deeply([options_of(grep { /^ {5}-/ } split /\n/, $described)], \@options,
    'the manual page describes the options that --help has, and no others');

my %known = map { $_ => 1 } map { /(--[a-z-]+)/g } @options;
for my $text (['the manual page', $manual], ['README.md', $readme]) {
	my @named = unique($text->[1] =~ /(?<![\w-])(--[a-z][a-z-]+)/g);
	is_deeply([grep { !$known{$_} } @named], [],
	    "$text->[0] names no option that is not there");
}

my @verbs = verbs_of($help);
cmp_ok(scalar @verbs, '>=', 3, '--help has verbs');
is_deeply([verbs_of(section($manual, 'SYNOPSIS'))], \@verbs,
    'the manual page has the same verbs in its SYNOPSIS');
my ($items) = section($manual, 'DESCRIPTION') =~ /\A(.*?)^ {3}\S/ms;
is_deeply([grep { $items !~ /^ {5}$_(?: |$)/m } @verbs], [],
    '... and describes each');

# What mandoc says of the pages and the index of this machine is not about ours.
my $lint = run(['mandoc', '-T', 'lint', $page]);
is_deeply([grep { !/referenced manual not found|mandoc\.db/ }
	split /\n/, $lint->{out} . $lint->{err}], [], 'mandoc -T lint is silent');

# ---- promises ----

# Of each thing that is promised the tests are named, and they are there.
my ($promised) = slurp($page) =~ /^\.Ss What is promised\n(.*?)^\.Ss /ms;
my (undef, @promises) = split /^\.It\n/m, $promised // '';
cmp_ok(scalar @promises, '>=', 10, 'the manual page promises something');
for my $promise (@promises) {
	my ($first) = $promise =~ /\A(?:\.\w+ )?(.*)/;
	my @tests = map { split / , / } $promise =~ /^\.Pq Pa ([^;.:]\S*(?: , \S+)*)/mg;
	ok(scalar @tests, "\"$first ...\" names its tests");
	for my $test (@tests) {
		ok(-e "$TOP/tests/$test", "... tests/$test is there");
	}
}

# ---- README ----

my ($table) = $readme =~ /^## Verbs\n(.*?)^## /ms;
is_deeply([unique($table =~ /^\| `(\w+)\b/mg)], \@verbs,
    'README.md has a table of the same verbs');

my @statuses = section($manual, 'EXIT STATUS') =~ /^ {5}(\d+)\s/mg;
cmp_ok(scalar @statuses, '>=', 5, 'the manual page has exit statuses');
is_deeply([$readme =~ /^\| (\d+) \|/mg], \@statuses,
    'README.md has the same exit statuses');

my $makefile = slurp("$TOP/Makefile");
for my $target (unique($readme =~ /(?:^ {4}|`)make ([a-z]+)\b/mg)) {
	like($makefile, qr/^\Q$target\E:/m, "make $target is in the Makefile");
}
for my $variable ($readme =~ /^\| `([A-Za-z]+)` \| `/mg) {
	like($makefile, qr/^\Q$variable\E \?=/m, "$variable is in the Makefile");
}
for my $path (unique($readme =~ m{`((?:src|include|tests)/[\w./]+)`}g)) {
	ok(-e "$TOP/$path", "$path is there");
}

done_testing();
