#!/usr/bin/perl
# A damaged map whose pages have no end, in a file with a hole of a TiB, and a
# makemap that never ends: the run ends all the same, in a time by what is really
# there.  The rules of a Makefile may take theirs.  All at the same time, for
# each waits for half a minute.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Storable qw(retrieve store);
use Time::HiRes qw(time);
use Tlsoff;

my $dir = scratch();
my $limit = 31; # seconds, and as many as that on a machine that is overloaded

sub site {
	my ($name) = @_;
	my $at = "$dir/$name";
	mkdir $at;
	spew("$at/sendmail.cf", "V10/Berkeley\nDZ8.18.1\nKaccess hash $at/access\n");
	my $text = join '', map { "Connect:host$_.example.com\tREJECT\n" } 0 .. 599;
	spew("$at/access", $text);
	run([$MAKEMAP, '-C', '/dev/null', 'hash', "$at/access"], stdin => $text);
	return $at;
}

# More buckets than pages, and all of them nowhere.
sub endless {
	my ($at) = @_;
	my $bytes = slurp("$at/access.db");
	substr($bytes, 72, 12) = pack 'L3', 0x0fffffff, 0x0fffffff, 0x07ffffff;
	substr($bytes, 32, 4) = pack 'L', 0x0fffffff;
	substr($bytes, 96 + 40, 88) = pack 'L*', (1) x 22;
	spew("$at/access.db", $bytes);
	truncate "$at/access.db", 1 << 40 or die "truncate: $!";
	return;
}

# Of a file with a hole nobody reads all.
sub seen {
	my ($at) = @_;
	my @stat = (stat "$at/access.db")[0 .. 2, 4 .. 7, 9];
	open my $map, '<:raw', "$at/access.db" or die "$at: $!";
	read $map, my $bytes, 1 << 17;
	return join ' ', identity("$at/access"), @stat, $bytes;
}

my $stuck = script("$dir/stuck.sh", "#!/bin/sh\nexec sleep 600 >/dev/null 2>&1\n");
my $script = script("$dir/script.sh", "#!/bin/sh\nsleep 600\necho ended\n");
my %case = (
	check => [\&endless, 'check'],
	patch => [\&endless, '-b', 'patch', '--restart', 'none', 'client',
	    'a.example'],
	makemap => [sub { }, '-b', 'makemap', '--makemap', $stuck, '--restart',
	    'none', 'client', 'a.example'],
	script => [sub { }, '-b', 'makemap', '--makemap', $script, '--restart',
	    'none', 'client', 'a.example'],
	make => [sub {
		spew("$_[0]/Makefile", "access.db: access\n\tsleep 40; "
		    . "$MAKEMAP -C /dev/null hash access <access\n");
	}, '-b', 'make', '--restart', 'none', 'client', 'a.example'],
);
my %pid;
for my $name (sort keys %case) {
	my ($spoil, @words) = @{ $case{$name} };
	my $at = site($name);
	$spoil->($at);
	$pid{$name} = fork // die "fork: $!";
	next if $pid{$name} != 0;
	my $began = time;
	my $before = seen($at);
	my $r = tlsoff('-C', "$at/sendmail.cf", ('--makemap', $MAKEMAP) x
	    !grep({ $_ eq '--makemap' } @words), @words);
	$r->{took} = time - $began;
	$r->{same} = $before eq seen($at);
	$r->{left} = join ' ', glob "$at/.*tlsoff*";
	store($r, "$dir/$name.result");
	POSIX::_exit(0);
}
my %r;
for my $name (sort keys %case) {
	waitpid $pid{$name}, 0;
	$r{$name} = retrieve("$dir/$name.result");
	is($r{$name}{left}, '', "$name: nothing is left");
}

is($r{check}{status}, 1, 'check of a map without an end ends');
like($r{check}{out}, qr/damaged: libdb finds no end in it/, '... and says so');
ok($r{check}{same}, '... and does not touch it');
is($r{patch}{status}, 0, 'such a map is not patched');
like($r{patch}{err}, qr/could not be patched: .*finds no end/, '... as is told');
cmp_ok($r{$_}{took}, '<', 2 * $limit, "... $_ in its time") for qw(check patch);
for my $name (qw(makemap script)) {
	is($r{$name}{status}, 69, "$name: one without an end is ended")
	    or diag($r{$name}{err});
	like($r{$name}{err}, qr/no end after \d+ seconds/, '... which is told');
	ok($r{$name}{same}, '... and nothing changed');
	cmp_ok($r{$name}{took}, '<', 2 * $limit, '... in its time');
}
is($r{make}{status}, 0, 'rules of a Makefile may take longer')
    or diag($r{make}{err});

done_testing();
