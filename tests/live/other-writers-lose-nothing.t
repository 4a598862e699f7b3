#!/usr/bin/perl
# Somebody who takes no lock rewrites the access file again and again while
# tlsoff changes it: not one of their lines is ever lost.  tlsoff does its
# change, or leaves the file to them and says so (75).
#
# ROUNDS=N asks for N changes beside each kind of writer, SEED=N repeats a run.
use strict;
use warnings;
use Fcntl qw(O_WRONLY O_APPEND O_TRUNC O_RDWR O_CREAT O_EXCL);
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX qw(_exit WNOHANG);
use Time::HiRes qw(sleep);
use Tlsoff;
use Tlsoff::Site;

my $changes = $ENV{ROUNDS} // 20;
$changes = 500 if $changes > 500;
my $seed = $ENV{SEED} // time;
diag("SEED=$seed");
srand $seed;

# Each puts TEXT in the place of $ACCESS in its own way, pausing in the
# middle, when the file is empty, half or missing.
my %writes = (
	'in place' => sub {
		my ($text) = @_;
		my $file = opened(O_WRONLY | O_TRUNC);
		pause(4);
		halves($file, $text);
	},
	'in place, cut at the end' => sub {
		my ($text) = @_;
		my $file = opened(O_RDWR);
		halves($file, $text);
		truncate $file, length $text or die $!;
	},
	'in place, opened twice' => sub {
		my ($text) = @_;
		my $half = index($text, "\n", length($text) / 2) + 1;
		write_to(opened(O_WRONLY | O_TRUNC), substr $text, 0, $half);
		pause(4);
		# What came meanwhile is theirs to keep: this one only adds.
		write_to(opened(O_WRONLY | O_APPEND), substr $text, $half);
	},
	'by a rename' => sub {
		my ($text) = @_;
		halves(opened(O_WRONLY | O_CREAT | O_TRUNC, "$ACCESS.new"), $text);
		rename "$ACCESS.new", $ACCESS or die $!;
	},
	'by a new file after a backup' => sub {
		my ($text) = @_;
		rename $ACCESS, "$ACCESS~" or die $!;
		pause(2);
		halves(opened(O_WRONLY | O_CREAT | O_EXCL), $text);
	},
);

sub opened {
	my ($how, $path) = @_;
	sysopen my $file, $path // $ACCESS, $how, 0644 or die "$ACCESS: $!";
	return $file;
}

sub halves {
	my ($file, $text) = @_;
	my $half = int(length($text) / 2);
	write_to($file, substr $text, 0, $half);
	pause(6);
	write_to($file, substr $text, $half);
	return;
}

sub write_to {
	my ($file, $bytes) = @_;
	defined(syswrite $file, $bytes) or die "$ACCESS: $!";
	return;
}

# Up to so many milliseconds, often none.
sub pause {
	my ($most) = @_;
	sleep rand($most) / 1000 if rand() < 0.7;
	return;
}

# A writer's process: reads, adds the next line of its own, writes, until the
# file "stop" is there.  It ends with 1 when a line that it wrote is gone.
sub writer {
	my ($write) = @_;
	my $pid = fork // die "fork: $!";
	return $pid if $pid > 0;
	srand $seed + 1;
	my $written = 0;
	until (-e scratch() . '/stop') {
		my $text = slurp($ACCESS);
		# A rename at the very moment of the exchange stands beside the
		# file until tlsoff has looked back, and then takes its place.
		for (my $wait = 0; lost_of($text, $written) && $wait < 200; $wait++) {
			sleep 0.01;
			$text = slurp($ACCESS);
		}
		if (my @lost = lost_of($text, $written)) {
			spew(scratch() . '/lost', "after $written lines: @lost\n");
			_exit(1);
		}
		$written++;
		$write->($text . "Connect:w$written.example\tREJECT\n");
		spew(scratch() . '/written', $written);
		sleep rand() < 0.5 ? rand 0.005 : rand 0.06;
	}
	_exit(0);
}

sub lost_of {
	my ($text, $written) = @_;
	my %there = map { $_ => 1 } $text =~ /^Connect:w(\d+)\.example\tREJECT$/mg;
	return grep { !$there{$_} } 1 .. $written;
}

# The text's entries as the map should have them.
sub entries_of {
	my ($text) = @_;
	my %entries;
	for my $line (split /\n/, $text) {
		my ($key, $value) = $line =~ /^([^#\s]\S*)\s+(.*)/ or next;
		$entries{lc $key} //= $value;
	}
	return \%entries;
}

for my $kind (sort keys %writes) {
	site(debian_access() . ('# ' . 'x' x 70 . "\n") x 200);
	unlink map { scratch() . "/$_" } qw(stop lost written);
	my $pid = writer($writes{$kind});
	my %statuses;
	for my $n (1 .. $changes) {
		my $r = edit('-b', 'libdb', $n % 3 ? () : 'remove', 'client',
		    'h' . ($n % 3 ? $n : $n - 1) . '.example');
		$statuses{$r->{status}}++;
		diag($r->{err}) if $r->{status} != 0 && $r->{status} != 75;
		last if waitpid($pid, WNOHANG) != 0;
	}
	spew(scratch() . '/stop', '');
	waitpid $pid, 0;
	my $text = slurp($ACCESS);
	my $written = slurp(scratch() . '/written');
	ok(!-e scratch() . '/lost', "$kind: the writer found all its lines each time")
	    or diag(substr slurp(scratch() . '/lost'), 0, 300);
	is_deeply([lost_of($text, $written)], [],
	    "$kind: all its $written lines are there at the end");
	is_deeply([grep { $_ != 0 && $_ != 75 } keys %statuses], [],
	    "$kind: each call did its work or gave up with 75");
	note("$kind: ", join ', ', map { "$statuses{$_} x $_" } sort keys %statuses);
	edit_ok('client', 'last.example');
	is_deeply(dump_map($CF, 'hash', $ACCESS), entries_of(text()),
	    "$kind: with the writer gone the map is the text");
	unlink "$ACCESS~"; # the editor's
	is(names(), 'access access.db sendmail.cf',
	    "$kind: nothing is left beside them");
}

# One with a write lease, as a file server takes them: it is asked to give the
# file up, and waited for; text or map.
for my $file ($ACCESS, "$ACCESS.db") {
	site(debian_access());
	my @before = (identity($ACCESS), identity("$ACCESS.db"));
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		local $SIG{IO} = 'IGNORE';
		open my $leased, '+<', $file or die $!;
		my $taken = fcntl $leased, 1024, 1; # F_SETLEASE, F_WRLCK
		spew(scratch() . '/leased', $taken ? 'yes' : 'no');
		sleep 60;
		_exit(0);
	}
	sleep 0.02 until -s scratch() . '/leased';
	my $r = edit('--lock-wait', 1, 'client', 'h.example');
	kill 'KILL', $pid;
	waitpid $pid, 0;
	if (slurp(scratch() . '/leased') eq 'yes') {
		is($r->{status}, 75, "another's lease on $file: exit 75");
		is_deeply([identity($ACCESS), identity("$ACCESS.db")], \@before,
		    '... nothing changed');
		like($r->{err}, qr/^tlsoff: \Q$file\E: another program has a lease on it; try/,
		    '... and said');
	}
	unlink scratch() . '/leased';
	edit_ok('client', 'h.example');
}

# One that never ends.
site(debian_access());
my $theirs = opened(O_WRONLY | O_APPEND);
my $r = changes_nothing('a file held open for writing', sub {
	edit('--lock-wait', 1, 'client', 'h.example');
});
is($r->{status}, 75, '... is exit 75');
like($r->{err}, qr/^tlsoff: \Q$ACCESS\E: .*open for writing/, '... and said');
$r = tlsoff('-C', $CF, 'list');
is($r->{status}, 0, '... while list only reads');
write_to($theirs, "Connect:theirs.example\tREJECT\n");
close $theirs;
edit_ok('client', 'h.example');
is(entry('Connect:theirs.example'), 'REJECT', 'once it is closed both are there');
is(entry('Try_TLS:h.example'), 'NO', '... in text and map');

done_testing();
