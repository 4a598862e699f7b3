#!/usr/bin/perl
# The program builds without a warning and passes its unit and CLI tests with
# each compiler, make, C library and word size that it claims.
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

sub passes {
	my ($name, $make, @args) = @_;
	my $build = "$top/$name";
	my $log = "$top/$name.log";
	mkdir $build;
	remove_tree("$build/unit"); # of another time, perhaps
	symlink abs_path("$top/sendmail"), "$build/sendmail";
	ok(quietly($log, $make, '-j2', "BUILD=$build", 'CFLAGS=-O2 -g -Werror',
	    @args, 'all', 'unit-tests'), "$name: builds without a warning")
	    or return;
	local $ENV{BUILD} = $build;
	ok(quietly($log, 'sh', 'tests/run', glob("$build/unit/*.t"),
	    cli_tests($name)), "$name: passes its unit and CLI tests");
}

passes('gcc', 'make', 'CC=gcc');
passes('clang', 'make', 'CC=clang');
passes('bmake', 'bmake');
passes('32bit', 'make', foreign('32bit'));
passes('musl', 'make', foreign('musl'));
passes('without-db', 'make', 'WITH_DB=no');

done_testing();
