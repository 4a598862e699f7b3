#!/usr/bin/perl
# What is told in several places is told alike: --help, the help of each verb,
# the manual page, README.md and those of src and tests name the same verbs, options,
# exit statuses, make targets and files.  And mandoc finds nothing to say about the
# manual page.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;

scratch();
my $page = "$TOP/man/tlsoff.8";
my $readme = slurp("$TOP/README.md");
my %readme = map { $_ => slurp("$TOP/$_") } 'README.md', 'src/README.md',
    'tests/README.md', 'tests/bench/README.md';

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
cmp_ok(scalar @help, '<=', 24, '... it fits 24 lines');
is_deeply([grep { length > 80 } @help], [], '... of 80 columns');
is(tlsoff('-h')->{out}, $help, '-h is the same');

$r = tlsoff('--version');
is($r->{status}, 0, '--version exits 0');
like($r->{out}, qr/\Atlsoff \d+\.\d+(?:\.\d+)?\n(?:built without libdb: .*\n)?\z/,
    '... with one line, and another where there is no libdb');
is(tlsoff('-V')->{out}, $r->{out}, '-V is the same');
my @versions = slurp("$TOP/src/dist/CHANGELOG.md") =~ /^## (.*)/mg;
is_deeply([grep { !/\A\d+\.\d+(?:\.\d+)? \(\d{4}-\d\d-\d\d\)\z/ } @versions],
    [], 'each version of CHANGELOG.md has its date');
is(($r->{out} =~ /(\S+)\n/)[0], ($versions[0] // '') =~ s/ .*//r,
    '--version is the first of them');

# ---- help of each verb ----

my @verbs = verbs_of($help);
cmp_ok(scalar @verbs, '>=', 3, '--help has verbs');

# What an option that takes an argument is given, where it is looked at.
my %argument = ('--builder' => 'libdb', '--restart' => 'none',
    '--until' => '30d', '--lock-wait' => 1, '--min' => 1, '--timeout' => 1,
    '--makemap' => '/nowhere', '--role' => 'client', '--expires' => '14d',
    '--warn' => '14d', '--sort' => 'key', '--color' => 'never');
# What says how a site is set up is taken by every verb, so that wrappers stay simple.
my %site = map { $_ => 1 } qw(--builder --makemap --restart --restart-command
    --lock-wait);
# The fewest words behind a verb.
my %words = (client => ['a.example'], server => ['a.example'],
    remove => ['client', 'a.example'], explain => ['client', 'a.example'],
    apply => ['/nowhere/list']);
my (%help_of, %exits);

for my $verb (@verbs) {
	my $r = tlsoff($verb, '--help');
	is($r->{status}, 0, "$verb --help exits 0");
	is($r->{err}, '', '... and says nothing on standard error');
	is(tlsoff('--help', $verb)->{out}, $r->{out}, '... nor does the order matter');
	my @lines = split /\n/, $r->{out};
	is_deeply([grep { length > 80 } @lines], [], '... it fits 80 columns');
	my ($usage) = $help =~ /(tlsoff \[options\] $verb\b.*?)(?:\s{2}|$)/m;
	is($lines[0], "Usage: $usage", '... it has the usage that --help has');
	my ($example) = $r->{out} =~ /^Example:\n  (.*)\n/m;
	like($example // 'none', qr/\Atlsoff .*\b$verb\b/, '... an example');
	unlike($r->{out}, qr/:\n(?:\S|\n)/, '... a line or more below each heading');
	my ($exits) = $r->{out} =~ /^Exit status:\n(.*)\z/ms;
	$exits{$_} = 1 for ($exits // '') =~ /^\s+(\d+)\s/mg;
	like($exits // '', qr/^   0  /m, '... and exit statuses');
	$help_of{$verb} = { map { $_ => 1 } options_of(@lines) };
}

unlike(tlsoff('help', 'help')->{out}, qr/^  (?:66|7[178])  /m, 'help reads no file');

my @options = unique(map { keys %$_ } values %help_of);
cmp_ok(scalar @options, '>=', 10, 'the verbs have options');
is_deeply([grep { my $o = $_; !grep { $_ eq $o } @options } options_of(@help)],
    [], 'each option of --help is an option of a verb');

for my $verb (@verbs) {
	my (@refused, @hidden);
	for my $option (@options) {
		my ($long, $takes) = $option =~ /(--[a-z-]+)(?: (.*))?/;
		my @call = ('-C', '/nowhere/sendmail.cf', $verb,
		    @{ $words{$verb} // [] }, $long,
		    defined $takes ? $argument{$long} // 'x' : ());
		next if $long =~ /\A--(?:help|version)\z/;
		my $useless = tlsoff(@call)->{err} =~ /has no effect with/;
		push @refused, $long if $useless && $help_of{$verb}{$option};
		push @hidden, $long
		    if !$useless && !$help_of{$verb}{$option} && !$site{$long};
	}
	is_deeply(\@refused, [], "$verb takes every option of its help");
	is_deeply(\@hidden, [], '... and no other');
}

# ---- manual page ----

my $manual = rendered();
my $described = section($manual, 'OPTIONS');
is_deeply([options_of(grep { /^ {5}-/ } split /\n/, $described)],
    [sort @options],
    'the manual page describes the options that the verbs have, and no others');

my %known = map { $_ => 1 } map { /(--[a-z-]+)/g } @options;
for my $text (['the manual page', $manual], map { [$_, $readme{$_}] } sort keys %readme) {
	my @named = unique($text->[1] =~ /(?<![\w-])(--[a-z][a-z-]+)/g);
	is_deeply([grep { !$known{$_} } @named], [],
	    "$text->[0] names no option that is not there");
}

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

# What is trusted is told, with its tests, and whom to tell of a hole.
my ($other) = slurp($page) =~
    /^\.Ss What is not promised\n(.*?)(?=^\.S[hs]|\z)/ms;
$other //= '';
like($other, qr/^\.It \Q$_\E$/m, "it is said what is trusted: $_")
    for 'Pa sendmail.cf', 'Pa Makefile', 'The access file', 'Programs';
like($other, qr/can still:\n\.Bl/, '... and what the mail user can do');
ok(-e "$TOP/tests/$_", "... tests/$_ is there")
    for map { split / , / } $other =~ /^\.Pq Pa ([^;.:]\S*(?: , \S+)*)/mg;
like($readme, qr/^## A hole\n.*?in private/ms,
    'README.md says how to report a hole');

# ---- README ----

my ($table) = $readme =~ /^## Verbs\n(.*?)^## /ms;
is_deeply([unique($table =~ /^\| `(\w+)\b/mg)], \@verbs,
    'README.md has a table of the same verbs');

my @statuses = section($manual, 'EXIT STATUS') =~ /^ {5}(\d+)\s/mg;
cmp_ok(scalar @statuses, '>=', 5, 'the manual page has exit statuses');
is_deeply([sort { $a <=> $b } keys %exits], \@statuses,
    '... those of the verbs');
cmp_ok(scalar(() = $readme =~ /\n/g), '<=', 190, 'README.md has at most 190 lines');
cmp_ok(scalar(() = $readme{'tests/README.md'} =~ /\n/g), '<=', 60,
    'tests/README.md has at most 60');

my $makefile = slurp("$TOP/Makefile");
my $all = join '', map { $readme{$_} } sort keys %readme;
for my $target (unique($all =~ /(?:^ {4}|`)make ([a-z]+)\b/mg)) {
	like($makefile, qr/^\Q$target\E:/m, "make $target is in the Makefile");
}
my @variables = $readme{'src/README.md'} =~ /^\| `([A-Za-z_]+)` \| `/mg;
cmp_ok(scalar @variables, '>=', 5, 'src/README.md has variables');
for my $variable (@variables) {
	like($makefile, qr/^\Q$variable\E \?=/m, "$variable is in the Makefile");
}
for my $path (unique($all =~ m{`((?:src|include|tests|man)/[\w./-]+)`}g)) {
	ok(-e "$TOP/$path", "$path is there");
}
for my $file (sort keys %readme) {
	my $from = $file =~ s{[^/]*\z}{}r;
	ok(-e "$TOP/$from$_", "$file: its link to $_ leads somewhere")
	    for unique($readme{$file} =~ /\]\(([^)#]+)/g);
}

done_testing();
