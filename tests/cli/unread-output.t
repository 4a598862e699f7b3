#!/usr/bin/perl
# Standard output that takes nothing: behind it the disk is full, or nobody reads
# any more.  A change that is in place is told on standard error; who only shows
# ends of SIGPIPE, without a word, as grep does.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Tlsoff;
use Tlsoff::Site;

my $dir = scratch();
my $old = "Connect:127\tRELAY\nTry_TLS:past.example\tNO\n";

# tlsoff with that standard output; {status, signal, err}.
sub unheard {
	my ($to, @words) = @_;
	pipe my $read, my $write or die "pipe: $!";
	close $read;
	open $write, '>', '/dev/full' or die "/dev/full: $!" if $to eq 'full';
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>&', $write;
		open STDERR, '>', "$dir/err";
		exec { $TLSOFF } 'tlsoff', '-C', "$dir/site/sendmail.cf", @words
		    or POSIX::_exit(127);
	}
	close $write;
	waitpid $pid, 0;
	return { status => $? >> 8, signal => $? & 127,
	    err => slurp("$dir/err") };
}

# musl gives lost bytes up, and then only knows that there was an error.
my $FULL = qr{(?:No space left on device|Input/output error|I/O error)};
my %reason = (full => $FULL, unread => qr/Broken pipe/);
my @none = qw(--restart none);

for my $to (sort keys %reason) {
	for my $words ([qw(client a.example)], [qw(-j client a.example)],
	    [qw(remove client past.example)], [qw(server a.example)]) {
		site($old);
		my $r = unheard($to, @none, @$words);
		my $what = "$to: @$words";
		is($r->{status}, 74, "$what: status 74");
		like($r->{err}, qr/\Atlsoff: standard output: $reason{$to}; the change is in place\n\z/,
		    '... says that it is done');
		isnt(text(), $old, '... and so it is');
	}
	site($old . "To:broken\n");
	unlink "$dir/site/access.db";
	my $r = unheard($to, @none, 'check', '--fix');
	like($r->{err}, qr/^tlsoff: standard output: .*; the change is in place$/m,
	    "$to: check --fix says so");
	ok(-e "$dir/site/access.db", '... and it is');

	# With -q there is nothing to be said.
	site($old);
	$r = unheard($to, @none, '-q', 'client', 'a.example');
	is("$r->{status}$r->{signal}$r->{err}", '00', "$to: -q needs no reader");

	# A restart that failed is the worse news.
	site($old);
	$r = unheard($to, '--restart-command', 'false', 'client', 'a.example');
	is($r->{status}, 69, "$to: a restart that failed is told");
	like($r->{err}, qr/; the change is in place, but sendmail is not back$/m,
	    '... and that the change is in place');
}

spew("$dir/log", slurp("$FindBin::Bin/../fixtures/maillog/real.log"));
my @shows = ([qw(list)], [qw(-j list)], [qw(check)], [qw(--help)],
    [qw(explain client past.example)], [qw(-n --restart none client b.example)],
    [qw(--restart none client past.example)], ['scan', "$dir/log"]);
for my $words (@shows) {
	site($old . "To:broken\n");
	changes_nothing("@$words", sub {
		my $r = unheard('unread', @$words);
		is($r->{signal}, POSIX::SIGPIPE(), "@$words: ends of SIGPIPE");
		unlike($r->{err}, qr/standard output/, '... without a word of it');
		$r = unheard('full', @$words);
		is($r->{status}, 74, '... a full disk is exit 74');
		like($r->{err}, qr/^tlsoff: standard output: $FULL$/m,
		    '... and is said');
		unlike($r->{err}, qr/in place/, '... nothing is in place');
		return { out => '', err => $r->{err} };
	});
}

done_testing();
