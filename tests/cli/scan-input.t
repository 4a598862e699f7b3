#!/usr/bin/perl
# Where logs come from, what is asked of them, and how it goes wrong.
use strict;
use warnings;
use lib 'tests/lib';
use File::Temp 'tempdir';
use JSON::PP ();
use POSIX ();
use Scan;
use Tlsoff ();
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my $log = "$FIXTURES/real.log";
my $text = slurp($log);
my $all = (scan_rows($text))[0];

sub put {
	my ($name, $bytes) = @_;
	open my $f, '>:raw', "$dir/$name" or die;
	print $f $bytes;
	close $f or die;
	return "$dir/$name";
}

# ---- where from ----

is_deeply((scan_rows('', $log))[0], $all, 'a file');
is_deeply((scan_rows($text, '-'))[0], $all, '- is standard input');
{
	open my $cat, '-|', "cat $log | $TLSOFF scan -j" or die;
	my $said = JSON::PP::decode_json(do { local $/; <$cat> });
	is(scalar @{$said->{hosts}}, scalar @$all, 'a pipe');
	is($said->{lines}, ($text =~ tr/\n//), 'lines');
}
# As wide as we may make one, which the sandbox forbids later.
{
	my ($get, $set) = (1032, 1031); # F_GETPIPE_SZ, F_SETPIPE_SZ
	pipe my $other, my $unused or die;
	my $most = fcntl $other, $set, 1 << 20;
	pipe my $in, my $out or die;
	my $pid = fork // die;
	if ($pid == 0) {
		close $out;
		open STDIN, '<&', $in or die;
		open STDOUT, '>', '/dev/null' or die;
		exec $TLSOFF, 'scan', '-q' or die;
	}
	print $out $text;
	close $out;
	waitpid $pid, 0;
	is(fcntl($in, $get, 0), $most || fcntl($other, $get, 0), 'a pipe is made wider');
}

# Small pieces: it sleeps while the pipe fills.
sub fed_slowly {
	my ($output) = @_;
	my $pid = open my $pipe, '|-', "exec $TLSOFF scan -j - >$output 2>/dev/null" or die;
	for my $piece (unpack '(a300)*', $text) {
		syswrite $pipe, $piece;
		select undef, undef, undef, 0.001;
	}
	return ($pid, $pipe);
}
{
	my (undef, $pipe) = fed_slowly("$dir/slowly");
	close $pipe;
	my $said = JSON::PP::decode_json(slurp("$dir/slowly"));
	is(scalar @{$said->{hosts}}, scalar @$all, 'a pipe that fills slowly');
	is($said->{lines}, ($text =~ tr/\n//), '... to its end');
}
SKIP: {
	skip 'valgrind keeps the signal back', 1
	    if ($ENV{TLSOFF_ANALYZED} // '') eq 'valgrind';
	my ($pid, $pipe) = fed_slowly('/dev/null');
	kill TERM => $pid;
	local $SIG{ALRM} = sub { kill KILL => $pid };
	alarm 20;
	waitpid $pid, 0;
	alarm 0;
	is($? & 127, POSIX::SIGTERM(), 'a signal ends it while the pipe is idle');
}
for my $tool (qw(gzip xz zstd bzip2)) {
	system("$tool -c <$log >$dir/old.$tool") == 0 or die;
	is_deeply((scan_rows('', "$dir/old.$tool"))[0], $all, $tool);
}
{
	my @lines = split /^/, $text;
	my @parts = map { [splice @lines, 0, 450] } 0 .. 2;
	put("mail.log.$_", join '', @{$parts[$_]}) for 0 .. 2;
	system("gzip $dir/mail.log.1 $dir/mail.log.0") == 0 or die;
	my ($rows) = scan_rows('', map { "$dir/mail.log.$_" } '2', '1.gz', '0.gz');
	my %sum;
	for (@$rows) { /(.*) (\d+)$/; $sum{$1} += $2 }
	is($sum{'client mx.close.example 198.51.100.10'}, 12, 'a log and its old ones');

	my $cut = put('cut.gz', substr(slurp("$dir/mail.log.1.gz"), 0, 3000));
	my ($out, $err, $status) = scan('', $cut);
	is($status, 69, 'a damaged log');
	like($err, qr/^tlsoff: \Q$cut\E: gzip failed/, '... and it is said');
	($out, $err, $status) = scan('', $cut, $log);
	is_deeply([$out, $status], ['', 69], '... in front of a good one, too');
	open my $pipe, '-|', "cat $dir/mail.log.1.gz | $TLSOFF scan 2>&1; echo \$?" or die;
	like(do { local $/; <$pipe> }, qr/compressed.*gzip -dc.*\n65\n/s, 'a compressed stream');
}

# A long file is read window by window, a stream block by block.
{
	my $copies = 270;
	my $long = put('long.log', $text x $copies);
	my $said = (scan_rows('', $long))[1];
	open my $cat, '-|', "cat $long | $TLSOFF scan -j" or die;
	is_deeply($said, JSON::PP::decode_json(do { local $/; <$cat> }), 'a long file and a stream say the same');
	my $failures = 0;
	$failures += $_->{failures} for @{$said->{hosts}};
	is($failures, 147 * $copies, '... and all of it');
	$failures = 0;
	$failures += $_->{failures} for @{(scan_rows('', $long, $log))[1]{hosts}};
	is($failures, 147 * ($copies + 1), '... and of a short one behind it');
	unlink $long;
}

# ---- odd logs ----

is_deeply((scan_rows(''))[0], [], 'an empty log');
is_deeply((scan_rows($text =~ s/\n\z//r))[0], $all, 'no newline at the end');
is_deeply((scan_rows("\n\n$text"))[0], $all, 'empty lines first');
is_deeply((scan_rows($text =~ s/\n/\r\n/gr))[0], $all, 'CRLF');
my $stamp = "2026-11-23T11:11:03.082052-06:00 mailserver sm-mta[1]: ";
is_deeply((scan_rows("${stamp}x" . 'y' x 3_000_000 . "\n$text"))[0], $all, 'a line of 3 MB');
is_deeply((scan_rows($text . "${stamp}x" . "STARTTLS=server, error: " x 200_000))[0], $all,
    'a line of 5 MB full of bait');
my $failure = "${stamp}ruleset=tls_server, arg1=SOFTWARE, relay=mx.long.example, "
    . 'reject=454 4.7.0 TLS handshake failed';
is(@{ (scan_rows("$text$failure\n"))[0] }, @$all + 1, 'a failure');
is_deeply((scan_rows("$text$failure " . 'x' x 70_000 . "\n"))[0], $all,
    '... but not in a line longer than 64 KiB');
is_deeply((scan_rows("$stamp\0\0\xff\xfe\n$text"))[0], $all, 'any byte');

# ---- what is asked ----

sub count { scalar grep { /$_[1]/ } @{$_[0]} }
my ($rows) = scan_rows($text, '--role', 'client');
is(count($rows, '^server'), 0, '--role client');
is(@$rows, count($all, '^client'), '... all of them');
($rows) = scan_rows($text, '--role=server');
is(@$rows, count($all, '^server'), '--role server');
($rows) = scan_rows($text, '--min', 5);
is(@$rows, grep({ / (\d+)$/ && $1 >= 5 } @$all), '--min');
my $none = Tlsoff::tlsoff('scan', '--min', '99999', '-', { stdin => $text });
like($none->{err}, qr/\Atlsoff: scan: TLS failed with \d+ hosts, none of which fits --role, --min or --confirmed\n\z/,
    '... none so often: it is told that there are others');
$none = Tlsoff::tlsoff('scan', '--since', '2998-12-31', '-', { stdin => $text });
like($none->{err}, qr/\Atlsoff: scan: no host whose TLS handshake failed since then\n\z/,
    '... none since then');
{
	local $ENV{TZ} = 'UTC';
	my ($few) = scan_rows($text, '--since', '2026-11-23T17:14:30');
	ok(@$few > 0 && @$few < @$all, '--since, in the middle');
	is_deeply((scan_rows($text, '--since', '2026-11-24'))[0], [], '--since, after');
	is_deeply((scan_rows($text, '--since', '2026-11-23'))[0], $all, '--since, a day');
	is_deeply((scan_rows($text, '--since', '100000w'))[0], $all, '--since, weeks');
	local $ENV{TZ} = 'CST6CDT';
	is_deeply((scan_rows(slurp("$FIXTURES/traditional.log"), '--since', '2100-01-01'))[0], [],
	    '--since, no year in the log');
}
my ($out, $err, $status) = scan($text, '--hosts');
is($out, join('', map { "$_\n" } $out =~ /(\S+)/g), '--hosts: a name a line');
is((() = $out =~ /\n/g), count($all, '^client'), '... of one role');
like($out, qr/^mx\.close\.example\n/, '... worst first');
($out) = scan($text, '--hosts', '--role', 'server');
is((() = $out =~ /^dual\.client\.example$/mg), 1, '... each once');
unlike($out, qr/client mx/, '... of the other role');

for ([['--since', 'soon'], 64, qr/--since/], [['--role', 'both'], 64, qr/--role/],
    [["$dir/none"], 66, qr/none.*No such file/], [[$dir], 66, qr/directory/]) {
	my ($args, $want, $like) = @$_;
	(undef, $err, $status) = scan('', @$args);
	is($status, $want, "@$args");
	like($err, qr/^tlsoff: .*$like/, '... and it is said');
	is($err =~ tr/\n//, 1, '... in one line');
}
(undef, $err) = scan('', "$dir/\e[2Jx");
like($err, qr/\\x1b\[2Jx: cannot open/, 'a name is shown, not obeyed');
{
	# Root may read everything, so it asks as somebody else.
	my $as = $> == 0 ? 'setpriv --reuid=65534 --regid=65534 --clear-groups ' : '';
	my $closed = "$dir/closed";
	mkdir $closed, 0755;
	chmod 0755, $dir;
	chmod 0, put('closed/secret', $text);
	# The program may stand where only we can go: it is open already.
	open my $program, '<', $TLSOFF or die;
	fcntl $program, 2, 0 or die; # F_SETFD: keep it over exec
	system($as . '/proc/self/fd/' . fileno($program)
	    . " scan $closed/secret 2>/dev/null");
	my $refused = $? >> 8;
	SKIP: {
		skip 'nobody else can run this program', 1 if !Tlsoff::others_can_run();
		is($refused, 77, 'no permission');
	}
}
($out, $err, $status) = scan("nothing\n");
is("$out$status", '0', 'nothing found is no failure');
like($err, qr/no host/, '... and it is said');
{
	my $full = -e '/dev/full';
	system("$TLSOFF scan $log >/dev/full 2>/dev/null") if $full;
	is($full ? $? >> 8 : 74, 74, 'a full disk');
}

# ---- the sandbox ----

SKIP: {
	skip 'a program that is analyzed goes without', 3 if $ENV{TLSOFF_ANALYZED};
	POSIX::mkfifo("$dir/fifo", 0600) or die;
	my $pid = fork // die;
	if ($pid == 0) {
		open STDOUT, '>', '/dev/null';
		open STDERR, '>', '/dev/null';
		exec $TLSOFF, 'scan', "$dir/fifo";
	}
	open my $fifo, '>', "$dir/fifo" or die;
	my $status;
	for (1 .. 100) {
		$status = slurp("/proc/$pid/status");
		last if $status =~ /^Seccomp:\s+2/m;
		select undef, undef, undef, 0.05;
	}
	like($status, qr/^NoNewPrivs:\s+1/m, 'no new privileges');
	like($status, qr/^Seccomp:\s+2/m, 'a filter on its calls');
	print $fifo $text;
	close $fifo;
	waitpid $pid, 0;
	is($?, 0, 'and it works in there');
}

done_testing;
