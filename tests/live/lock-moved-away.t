#!/usr/bin/perl
# Whoever owns the mail directory moves away, or removes, what tlsoff locks,
# while four runs are at work: what a run says it did is there, and of one that
# says it failed nothing is; or, where another run had built on its text by then,
# it says that this stays.
#
# ROUNDS=N asks for N calls of each run, SEED=N repeats them.  There are more
# calls, for a minute, until one did its work and one was stopped: on a fast
# machine few are, on a busy one many.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX qw(_exit);
use Time::HiRes qw(sleep);
use Tlsoff;
use Tlsoff::Site;

my $calls = $ENV{ROUNDS} // 20;
my $seed = $ENV{SEED} // time;
diag("SEED=$seed");
srand $seed;

sub child {
	my ($code) = @_;
	my $pid = fork // die "fork: $!";
	return $pid if $pid > 0;
	srand $seed + $$;
	$code->();
	_exit(0);
}

# As the mail user can: a directory of ours that holds something can be moved,
# an empty one or a file can be removed.
sub move_away {
	my ($dir) = @_;
	for (my $n = 0; !-e scratch() . '/stop'; $n++) {
		for my $name ('.access.tlsoff.d', '.access.db.tlsoff.d',
		    '.access.tlsoff-lock') {
			next if rand() < 0.5;
			rmdir "$dir/$name";
			unlink "$dir/$name";
			rename "$dir/$name", "$dir/moved-$n-$name";
		}
		# Often enough to meet each run, now and then long enough for one to
		# do its work, also on a busy machine.
		sleep(rand() < 0.01 ? 1 : rand 0.002);
	}
	return;
}

# Whether some run has said that it ended with STATUS.
sub seen {
	my ($status) = @_;
	return scalar grep { /\A$status / } map { lines($_) } glob scratch() . '/said-*';
}

site("Connect:127\tRELAY\n");
my ($dir) = $ACCESS =~ m{(.*)/};
my $mover = child(sub { move_away($dir) });
my $enough = time + 60;
my @runs = map {
	my $run = $_;
	child(sub {
		for (my $n = 1; $n <= $calls || (!(seen(0) && seen(75)) && time < $enough); $n++) {
			my $r = edit('-b', 'libdb', '--lock-wait', 5, 'client',
			    "h$run-$n.example");
			my $stays = $r->{err} =~ /what was written there meanwhile stays/
			    ? 'stays' : '';
			append(scratch() . "/said-$run",
			    "$r->{status} h$run-$n.example $stays\n");
			append(scratch() . "/err-$run", $r->{err});
		}
	});
} 1 .. 4;
waitpid $_, 0 for @runs;
spew(scratch() . '/stop', '');
waitpid $mover, 0;

my $text = text();
my (%statuses, @lost, @stayed);
for my $run (1 .. 4) {
	for (lines(scratch() . "/said-$run")) {
		my ($status, $host, $stays) = /(\d+) (\S+) (\S*)/;
		my $there = $text =~ /^Try_TLS:\Q$host\E\tNO$/m;
		$statuses{$status}++;
		push @lost, $host if $status == 0 && !$there;
		push @stayed, $host if $status != 0 && $there && !$stays;
	}
}
note(join ', ', map { "$statuses{$_} x $_" } sort keys %statuses);
is("@lost", '', 'what was said to be done is there');
is("@stayed", '', '... and what was said to have failed is not');
is(join(' ', grep { !/\A(?:0|75)\z/ } keys %statuses), '',
    '... each run did its work or gave up with 75')
    or diag(map { grep { !/was moved away|is locked by/ } lines(scratch() . "/err-$_") } 1 .. 4);
cmp_ok($statuses{0} // 0, '>', 0, '... and some did it');
cmp_ok($statuses{75} // 0, '>', 0, '... and some were stopped');
run(['sh', '-c', "rmdir $dir/moved-*; rm -rf $dir/moved-*"]);
edit_ok('client', 'last.example');
is(entry('Try_TLS:last.example'), 'NO', 'the next run does its work');
my %wanted = map { lc($_) => 'NO' } text() =~ /^(Try_TLS:\S+)\tNO$/mg;
my $map = dump_map($CF, 'hash', $ACCESS);
is_deeply({ map { $_ => $map->{$_} } grep { /^try_tls/ } keys %$map }, \%wanted,
    '... and the map is the text');
is(names(), 'access access.db sendmail.cf', '... and nothing is left');

done_testing();
