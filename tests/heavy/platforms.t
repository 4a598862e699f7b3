#!/usr/bin/perl
# The program builds without a warning with each compiler, make, C library and
# word size that it claims, and passes its unit and CLI tests there.  "make
# check" has passed them as the default compiler and make build it.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Path qw(remove_tree);
use FindBin;
use Test::More;

chdir "$FindBin::Bin/../.." or die "chdir: $!\n";
my $top = $ENV{BUILD} // 'build';

# What tests/foreign prints: one argument of make a line.
sub foreign {
	my ($name) = @_;
	open my $from, '-|', 'sh', 'tests/foreign', $name or die "sh: $!\n";
	chomp(my @args = <$from>);
	close $from or die "tests/foreign $name failed\n";
	return @args;
}

# Runs it, its words kept for the failure; true when it ends with 0.
sub quietly {
	my ($log, @command) = @_;
	my $pid = fork // die "fork: $!\n";
	if ($pid == 0) {
		open STDOUT, '>', $log or die "$log: $!\n";
		open STDERR, '>&', \*STDOUT or die "dup: $!\n";
		delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS)};
		exec @command or die "$command[0]: $!\n";
	}
	waitpid $pid, 0;
	return 1 if $? == 0;
	open my $said, '<', $log or die "$log: $!\n";
	diag(do { local $/; <$said> });
	return 0;
}

# The CLI tests; without libdb those that do not ask for it as the builder, and
# not check-map.t: makemap -u has words of its own for a map that is unsafe.
sub cli_tests {
	my ($name) = @_;
	my @tests = glob('tests/cli/*.t');
	return @tests if $name ne 'without-db';
	return grep { $_ ne 'tests/cli/check-map.t' } grep {
		open my $from, '<', $_ or die "$_: $!\n";
		!grep { /'-b', 'libdb'|qw\(makemap libdb\)/ } <$from>;
	} @tests;
}

sub builds {
	my ($name, $make, @args) = @_;
	my $build = "$top/$name";
	my $log = "$top/$name.log";
	mkdir $build;
	remove_tree("$build/unit"); # of another time, perhaps
	symlink abs_path("$top/sendmail"), "$build/sendmail";
	return ok(quietly($log, $make, '-j2', "BUILD=$build",
	    'CFLAGS=-O2 -g -Werror', @args, 'all', 'unit-tests'),
	    "$name: builds without a warning");
}

sub passes {
	my ($name, @args) = @_;
	builds($name, 'make', @args) or return;
	local $ENV{BUILD} = "$top/$name";
	ok(quietly("$top/$name.log", 'sh', 'tests/run',
	    glob("$ENV{BUILD}/unit/*.t"), cli_tests($name)),
	    "$name: passes its unit and CLI tests");
}

builds('gcc', 'make', 'CC=gcc');
builds('bmake', 'bmake');
passes('clang', 'CC=clang');
passes('32bit', foreign('32bit'));
passes('musl', foreign('musl'));
passes('without-db', 'WITH_DB=no');

done_testing();
