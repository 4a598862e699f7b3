#!/usr/bin/perl
# A change and a scan that take long say on a terminal how far they are, and
# take it back; -q, a pipe, and whoever is quick see nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Fcntl qw(O_NOCTTY O_RDWR);
use IO::Select;
use Time::HiRes qw(sleep time);

my $dir = scratch();
my $limit = 60; # seconds that a machine may take for anything here

# Where a test dies, what it started ends with it.
my %running;
END { kill 'KILL', keys %running }

# A terminal: its master, and the name of the other side.
sub terminal {
	my ($unlock, $number) = (pack('i', 0), pack('i', 0));
	sysopen my $master, '/dev/ptmx', O_RDWR | O_NOCTTY or die "/dev/ptmx: $!";
	ioctl $master, 0x40045431, $unlock or die "TIOCSPTLCK: $!";
	ioctl $master, 0x80045430, $number or die "TIOCGPTN: $!";
	return ($master, '/dev/pts/' . unpack 'i', $number);
}

# Starts tlsoff with its messages on a terminal: {pid, master, screen}.
sub start {
	my ($stdin, @arguments) = @_;
	my ($master, $name) = terminal();
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		close $master;
		open STDIN, ref $stdin ? '<&' : '<', $stdin or die "$stdin: $!";
		open STDOUT, '>', "$dir/out" or die "$dir/out: $!";
		sysopen my $tty, $name, O_RDWR | O_NOCTTY or die "$name: $!";
		open STDERR, '>&', $tty or die "$name: $!";
		exec $TLSOFF, @arguments or die "$TLSOFF: $!";
	}
	$running{$pid} = 1;
	return { pid => $pid, master => $master, screen => '' };
}

# Reads what is on the screen until it matches, or the program ended; meanwhile
# something may be done.
sub watch {
	my ($r, $pattern, $meanwhile) = @_;
	my $end = time + $limit;
	until (defined $pattern && $r->{screen} =~ $pattern) {
		$meanwhile->() if defined $meanwhile;
		die "nothing for $limit s: $r->{screen}" if time > $end;
		next if !IO::Select->new($r->{master})->can_read(0.05);
		last if !sysread $r->{master}, $r->{screen}, 4096, length $r->{screen};
	}
	return $r->{screen};
}

sub finished {
	my ($r) = @_;
	watch($r, undef);
	waitpid $r->{pid}, 0;
	delete $running{$r->{pid}};
	return $? >> 8;
}

# The last thing seen of a progress line is that it is taken back.
sub is_erased {
	my ($r, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return like($r->{screen}, qr/\r\e\[K\z/, $name);
}

# ---- a change ----

# makemap that has read half of its input, takes a little more every moment
# until the file "go" is there, or a second is over when "wait" is not, and then
# the rest.
my $text = join '', map { "Connect:host$_.example\tERROR:" . 'x' x 950 . "\n" } 1 .. 9000;
my $half = int(length($text) / 2);
my $makemap = script("$dir/makemap", <<"END");
#!/usr/bin/perl
use Time::HiRes 'sleep', 'time';
my (\$read, \$began) = ('', 0);
sub more { return sysread STDIN, \$read, \$_[0], length \$read }
1 while length \$read < $half && more($half - length \$read);
\$began = time;
until (-e "$dir/wait" ? -e "$dir/go" : time - \$began > 1) {
	more(4096);
	sleep 0.02;
}
open my \$makemap, '|-', '$MAKEMAP', \@ARGV or die;
1 while more(1 << 16);
print {\$makemap} \$read;
close \$makemap;
exit \$? >> 8;
END
my $cf = spew("$dir/sendmail.cf", "V10/Berkeley\nKaccess hash $dir/access\n");
my @change = ('-C', $cf, '--restart', 'none', '-b', 'makemap');
spew("$dir/access", $text);

spew("$dir/wait", '');
my $r = start('/dev/null', @change, '--makemap', $makemap, 'client', 'a.example');
my $halfway = qr/map: \d+ of \d+ kB \([567]\d %\)/;
like(watch($r, $halfway), $halfway,
    'a build that takes long says how much of the text makemap was given');
spew("$dir/go", '');
is(finished($r), 0, 'and succeeds');
is_erased($r, 'and then takes it back');
like(slurp("$dir/out"), qr/\Aadded /, 'what was done is told as ever');
unlink "$dir/wait", "$dir/go";

$r = start('/dev/null', @change, '-q', '--makemap', $makemap, 'client', 'b.example');
is(finished($r), 0, 'the same with -q');
is($r->{screen}, '', 'shows nothing');

$r = tlsoff(@change, '--makemap', $makemap, 'client', 'c.example');
is($r->{err}, '', 'nor does one without a terminal');

my $began = time;
$r = start('/dev/null', @change, '--makemap', $MAKEMAP, 'client', 'd.example');
is(finished($r), 0, 'a quick change');
ok(time - $began > 0.5 || $r->{screen} eq '', 'shows nothing')
    or diag($r->{screen});

# ---- a scan ----

# Feeds a log until PATTERN is on the screen, or some seconds long.
sub scan_pipe {
	my ($pattern, @options) = @_;
	pipe my $out, my $in or die "pipe: $!";
	my $r = start($out, '-f', "$dir/access", @options, 'scan', '--hosts');
	close $out;
	my $line = "Nov 23 11:14:09 mx sm-mta[1]: nothing of interest\n";
	if (defined $pattern) {
		watch($r, $pattern, sub { syswrite $in, $line x 100 });
	} else {
		for (1 .. 20) { syswrite $in, $line; sleep 0.05 }
	}
	close $in;
	return $r;
}

$r = scan_pipe(qr/MB/);
like($r->{screen}, qr/scan: \d+ MB/, 'a scan that takes long says what it has read');
is(finished($r), 0, 'and succeeds');
like($r->{screen}, qr/MB \r\e\[K/, 'and takes it back');
unlike($r->{screen} =~ s/.*\e\[K//sr, qr/MB/, 'before it reports');

$r = scan_pipe(undef, '-q');
is(finished($r), 0, 'the same with -q');
is($r->{screen}, '', 'shows nothing');

done_testing();
