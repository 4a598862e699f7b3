#!/usr/bin/perl
# A log that becomes shorter while it is read (logrotate's copytruncate): scan
# says so and tells nothing that is not whole; it does not die of SIGBUS.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Tlsoff;

my $dir = scratch();
my $line = "2026-11-23T12:00:00Z mx sm-mta[7]: ruleset=tls_server, arg1=SOFTWARE, "
    . "relay=a.example, reject=454 4.7.0 TLS handshake failed.\n";
POSIX::mkfifo("$dir/fifo", 0600) or die "fifo: $!";

# Scans the fifo, then the log, which gets another size once both are open.
sub scan_resized {
	my ($size, $then) = @_;
	spew("$dir/log", $line);
	truncate "$dir/log", $size or die "truncate: $!";
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDOUT, '>', "$dir/out" or die;
		open STDERR, '>', "$dir/err" or die;
		exec $TLSOFF, 'scan', "$dir/fifo", "$dir/log" or die;
	}
	open my $fifo, '>', "$dir/fifo" or die "fifo: $!"; # when it is opened
	# It gives up the right to open files when it has opened all of them.
	for (1 .. 6000) {
		last if slurp("/proc/$pid/status") =~ /^Seccomp:\s+2/m;
		select undef, undef, undef, 0.01;
	}
	truncate "$dir/log", $then or die "truncate: $!";
	close $fifo;
	waitpid $pid, 0;
	return { status => $?, out => slurp("$dir/out"), err => slurp("$dir/err") };
}

my $split = 80 << 20; # more than one window of it, and sparse
for (['a short log', 1 << 20, 0], ['... by half', 1 << 20, 1 << 19],
    ['a long log', $split, 0], ['... in its second half', $split, $split * 3 / 4]) {
	my ($name, $size, $then) = @$_;
	my $r = scan_resized($size, $then);
	is($r->{status}, 74 << 8, "$name: exit 74") or diag($r->{err});
	like($r->{err}, qr/^tlsoff: \Q$dir\E\/log: became shorter while it was read; scan it again$/,
	    '... says why');
	is($r->{out}, '', '... and no half of an answer');
}
my $r = scan_resized(length $line, 4096);
is($r->{status}, 0, 'one that grows is no trouble');
like($r->{out}, qr/^client .* a\.example /m, '... and is read as it was');

# Records of many lines go on from one window to the next.
my $pretty = "{\n\t\"SYSLOG_IDENTIFIER\" : \"sm-mta\",\n\t\"MESSAGE\" : \""
    . ($line =~ s/.*?: (.*)\n/$1/sr) . "\"\n}\n";
spew("$dir/pretty", $pretty x (1 + int($split / length $pretty)));
$r = tlsoff('-j', 'scan', "$dir/pretty");
my $count = 1 + int($split / length $pretty);
like($r->{out}, qr/"host":"a\.example".*"failures":$count\b/,
    'a long log of another shape is counted whole');

done_testing();
