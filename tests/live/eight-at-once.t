#!/usr/bin/perl
# Eight tlsoff at once add and remove 1,000 hosts: every host is as it was
# asked for, no call spoils another's, and what stood there still stands.  The
# same while somebody who takes no lock adds lines to the file.
#
# ROUNDS=N asks for N calls in all (at most 1,500: one for each host), SEED=N
# repeats a run.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use List::Util qw(shuffle);
use POSIX qw(_exit);
use Time::HiRes qw(sleep);
use Tlsoff;
use Tlsoff::Site;

my $processes = 8;
my $calls = $ENV{ROUNDS} // 100;
my $seed = $ENV{SEED} // time;
diag("SEED=$seed");
srand $seed;
$Tlsoff::TIME_LIMIT = 900;

# A process's calls in their order: its hosts are added in some order, then
# every third removed in another.
sub calls_of {
	my ($process, $each, $at_once) = @_;
	my @hosts = map { "h$process-$_.example" } 0 .. $each - 1;
	return batches(['client'], $at_once, shuffle @hosts),
	    batches(['remove', 'client'], $at_once,
	    shuffle @hosts[grep { $_ % 3 == 0 } 0 .. $#hosts]);
}

sub batches {
	my ($verb, $at_once, @hosts) = @_;
	my @calls;
	push @calls, [@$verb, splice @hosts, 0, $at_once] while @hosts;
	return @calls;
}

# Runs them in a process of their own.  Each call's answer is held to what it
# was asked; one that gives up because the file changes is made again.
sub worker {
	my ($process, @calls) = @_;
	my $pid = fork // die "fork: $!";
	return $pid if $pid > 0;
	my $complaint = '';
	for my $call (@calls) {
		my $hosts = grep { /\.example\z/ } @$call;
		my $r;
		for (1 .. 1000) {
			$r = edit('-b', $process % 4 ? 'libdb' : 'makemap',
			    '--lock-wait', 600, @$call);
			last if $r->{status} != 75;
		}
		my $said = () = $r->{out} =~ /^(?:added|removed) Try_TLS:/mg;
		$complaint .= "@$call: $r->{status}, $said of $hosts\n$r->{err}"
		    if $r->{status} != 0 || $said != $hosts;
	}
	spew(scratch() . "/complaint.$process", $complaint);
	_exit(0);
}

# Somebody with an editor of their own: a line at the end now and then.
sub other {
	my $pid = fork // die "fork: $!";
	return $pid if $pid > 0;
	for (my $n = 0; !-e scratch() . '/stop'; $n++) {
		append($ACCESS, "Connect:o$n.example\tREJECT\n");
		spew(scratch() . '/others', $n + 1);
		sleep rand 0.05;
	}
	_exit(0);
}

sub at_once {
	my ($what, $each, $at_once, $other) = @_;
	my $before = debian_access() . "Try_TLS:here.example\tNO\n"
	    . ($other ? '' : canit_section());
	site($before);
	unlink map { scratch() . "/$_" } qw(stop others);
	my $others = $other ? other() : undef;
	waitpid $_, 0 for map { worker($_, calls_of($_, $each, $at_once)) }
	    1 .. $processes;
	if ($other) {
		spew(scratch() . '/stop', '');
		waitpid $others, 0;
		edit_ok('client', 'here.example'); # what was added last
	}
	for my $process (1 .. $processes) {
		is(slurp(scratch() . "/complaint.$process"), '',
		    "$what: process $process: each call did what it was asked for");
	}

	my @wanted = sort map {
		my $process = $_;
		map { "h$process-$_.example" } grep { $_ % 3 } 0 .. $each - 1;
	} 1 .. $processes;
	my $text = text();
	is_deeply([sort $text =~ /^Try_TLS:(h\d\S+\.example)\tNO$/mg], \@wanted,
	    "$what: the text has each host that was to stay once, no other");
	my @others = $text =~ /^Connect:o(\d+)\.example\tREJECT$/mg;
	is_deeply(\@others, [$other ? 0 .. slurp(scratch() . '/others') - 1 : ()],
	    "$what: and every line of others, in their order");
	my $rest = $text =~ s/^(?:Try_TLS:h\d|Connect:o\d)\S+\t\w+\n//mgr;
	is($rest, $before, "$what: all else is as it was");

	my $map = dump_map($CF, 'hash', $ACCESS);
	my @in_map = grep { /^try_tls:h\d/ } keys %$map;
	is_deeply([sort @in_map], [map { "try_tls:$_" } @wanted],
	    "$what: and so has the map");
	is(scalar(grep { /^connect:o\d/ } keys %$map), scalar @others,
	    "$what: with the lines of others");
	is($map->{'try_tls:here.example'}, 'NO', "$what: ... and what stood there");
	is(names(), 'access access.db sendmail.cf', "$what: nothing is left beside");
	return;
}

at_once('alone', 125, int(1500 / $calls) || 1, 0);
at_once('beside another writer', $calls > 100 ? 30 : 6, 2, 1);

done_testing();
