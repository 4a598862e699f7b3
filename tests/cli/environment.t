#!/usr/bin/perl
# The environment is never trusted: variables, working directory, umask,
# limits, signals and descriptors that the caller left decide nothing, reach no
# program that is run, and no message gets into a file of ours.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Tlsoff;
use Tlsoff::Site;

my $dir = scratch();
my $old = "Connect:127\tRELAY\n";
my $new = $old . "Try_TLS:a.example\tNO\n";
my $all = 'access access.db sendmail.cf';

# A makemap that notes what it was given.
my $makemap = script("$dir/makemap", <<"END");
#!/bin/sh
tr '\\0' '\\n' </proc/\$\$/environ | LC_ALL=C sort >$dir/environment
readlink /proc/\$\$/cwd >$dir/directory
umask >$dir/umask
grep NoNewPrivs /proc/self/status >$dir/rights
ulimit -c >>$dir/rights
grep '^Sig[BI]' /proc/self/status >$dir/signals
for fd in /proc/\$\$/fd/*; do readlink \$fd; done >$dir/descriptors
stat -c '%a' . ../.access.tlsoff.d >$dir/modes
exec $MAKEMAP "\$@"
END
my @call = ('-C', "$dir/site/sendmail.cf", '--restart', 'none');
my @makemap = (@call, '-b', 'makemap', '--makemap', $makemap);
my @libdb = (@call, '-b', 'libdb', '--makemap', $MAKEMAP); # asked for its types
my @host = ('client', 'a.example');

# Starts COMMAND after CODE has spoilt its surroundings; {status, out, err}.
sub spoilt {
	my ($code, @command) = @_;
	site($old);
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$dir/said.out";
		open STDERR, '>', "$dir/said.err";
		$code->();
		exec { $TLSOFF } 'tlsoff', @command or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	return { status => $? & 127 ? 128 + ($? & 127) : $? >> 8,
	    out => slurp("$dir/said.out"), err => slurp("$dir/said.err") };
}

# Was the change made, whole and alone?
sub is_done {
	my ($what, $r) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($r->{status}, 0, "$what: done") or diag($r->{err});
	is(text(), $new, '... the text has the entry and nothing else');
	is(entry('Try_TLS:a.example'), 'NO', '... and so has the map');
	is(names(), $all, '... and nothing is left');
	return;
}

# Was nothing changed, and that told with STATUS and a message?
sub is_refused {
	my ($what, $r, $status, $said) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($r->{status}, $status, "$what: exit $status") or diag($r->{err});
	like($r->{err}, qr/\Atlsoff: .*$said.*\n\z/, '... and the message says why');
	is(text(), $old, '... nothing changed');
	is(names(), $all, '... and nothing is left');
	return;
}

# ---- variables ----

# Every variable that makes some program run, open or write something.
my $evil = "$dir/evil";
script("$evil/$_", "#!/bin/sh\n: >$dir/was-run\n")
    for qw(makemap make sh systemctl service sendmail);
spew("$evil/$_", "set_data_dir $evil\n")
    for qw(DB_CONFIG gconv-modules profile passwd hosts locale-archive);
my %evil = ((map { $_ => "$evil/profile" } qw(ENV BASH_ENV HOSTALIASES
    LOCALDOMAIN RES_OPTIONS NLSPATH MAKEFILES)), (map { $_ => $evil } qw(DB_HOME
    GCONV_PATH LOCPATH HOME TMPDIR TMP TERMINFO)), PATH => ".:$evil/../evil:",
    IFS => '/aeiou', POSIXLY_CORRECT => '1', LC_ALL => 'tr_TR.UTF-8',
    LANG => "../../$evil", LD_DEBUG_OUTPUT => "$evil/debug", MAKEFLAGS => '-n',
    SUDO_USER => "root\e[2J\nroot", MALLOC_TRACE => "$evil/trace", CDPATH => $evil,
    LINES => "\n", PS4 => "\$(touch $dir/was-run)", SHELLOPTS => 'xtrace');

for my $builder (\@makemap, \@libdb) {
	site($old);
	my $r = run(['strace', '-f', '-y', '-o', "$dir/trace", '-e',
	    'trace=%file', $TLSOFF, @$builder, 'client', 'A.EXAMPLE', '-q'],
	    env => { %evil, PATH => "$ENV{PATH}:.:" }, dir => $evil);
	is_done("a hostile environment, $builder->[5]", $r);
	is(join('', grep { /DB_CONFIG|= \d+<\Q$evil\E|execve\("\Q$evil\E/ }
	    lines("$dir/trace")), '', '... no file that it names is opened');
	ok(!-e "$dir/was-run", '... and no program of its run');
}
is(slurp("$dir/environment"), "LC_ALL=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n",
    'makemap gets two variables, and these');
is(slurp("$dir/directory"), "$dir/site/.access.db.tlsoff.d\n",
    '... its own directory');
is(slurp("$dir/rights"), "NoNewPrivs:\t1\n0\n",
    '... no new privileges, and no core');
is(slurp("$dir/umask") =~ s/\A0+//r, "77\n", '... and a umask that hides');

my $r = spoilt(sub { @ENV{keys %evil} = values %evil; chdir $evil }, @call,
    '--restart-command', "tr '\\0' '\\n' </proc/\$\$/environ >$dir/environment",
    @libdb[4 .. 7], @host);
is($r->{status}, 64, '--restart none contradicts it') or diag($r->{err});
$r = spoilt(sub { @ENV{keys %evil} = values %evil; chdir $evil }, @call[0, 1],
    '--restart-command', "LC_ALL=C tr '\\0' '\\n' </proc/\$\$/environ | sort"
    . " >$dir/environment; grep NoNewPrivs /proc/self/status >$dir/rights",
    @libdb[4 .. 7], @host);
is_done('a restart command', $r);
is(slurp("$dir/environment"), "LC_ALL=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n",
    '... gets two variables too');
is(slurp("$dir/rights"), "NoNewPrivs:\t0\n",
    '... and may gain privileges, for daemons start from it');
ok(!-e "$dir/was-run", '... and its shell runs nothing of theirs');

# The day is taken from TZ, which may be anything.
for my $tz ('', ':', 'Mars/Olympus', "$evil/passwd", '../../../etc/passwd',
    'X' x 100_000, "UTC\n\e[2J", 'A-99999999999999999999', ':/dev/null') {
	$r = spoilt(sub { $ENV{TZ} = $tz }, @call, 'expire');
	is($r->{status}, 0, 'expire with TZ=' . substr $tz =~ s/[\e\n]/./gr, 0, 30)
	    or diag($r->{err});
}

# ---- working directory ----

my $gone = sub { mkdir "$dir/gone"; chdir "$dir/gone"; rmdir "$dir/gone" };
is_done('a working directory that is gone', spoilt($gone, @makemap, @host));
is_refused('a relative path in it', spoilt($gone, '-C', 'sendmail.cf',
    '--restart', 'none', @host), 66, 'sendmail\.cf: current directory');

# ---- umask ----

for my $umask (0, 0777) {
	my $mask = sprintf '%03o', $umask;
	is_done("umask $mask", spoilt(sub { umask $umask }, @makemap, @host));
	is((stat $ACCESS)[2] & 07777, 0644, '... the text keeps its mode');
	is((stat "$ACCESS.db")[2] & 07777, 0640, '... and so does the map');
	is(slurp("$dir/modes"), "1700\n1700\n",
	    '... and what stands beside them is ours alone');
	$r = spoilt(sub { umask $umask; unlink "$ACCESS.db" }, @libdb, @host);
	is((stat "$ACCESS.db")[2] & 07777, 0640, '... and a new map has its own');
}

# ---- signals ----

my @catchable = grep { $_ != 9 && $_ != 19 } 1 .. 31, 34 .. 64;
my %signals = (
	'SIGCHLD and SIGPIPE ignored' => sub { $SIG{$_} = 'IGNORE' for qw(CHLD PIPE) },
	'all signals ignored' => sub {
		POSIX::sigaction($_, POSIX::SigAction->new('IGNORE')) for @catchable;
	},
	'all signals blocked' => sub {
		POSIX::sigprocmask(POSIX::SIG_BLOCK(), POSIX::SigSet->new(@catchable));
	},
);
for my $what (sort keys %signals) {
	my $spoil = $signals{$what};
	is_done($what, spoilt($spoil, @makemap, @host));
	# Signals 32 to 34 are libc's own, which lets nobody touch them.
	my ($block, $ignore) = slurp("$dir/signals") =~
	    /\ASigBlk:\s(\w+)\nSigIgn:\s(\w+)\n\z/;
	no warnings 'portable';
	is(hex($block) . ' ' . (hex($ignore) & ~(7 << 31)), '0 0',
	    '... makemap gets none of it');
	is_done("$what, libdb", spoilt($spoil, @libdb, @host));
	script("$dir/fails", "#!/bin/sh\nexit 73\n");
	is_refused("$what, a makemap that fails", spoilt($spoil, @call, '-b',
	    'makemap', '--makemap', "$dir/fails", @host), 69, 'exit status 73');
	$r = spoilt($spoil, @call[0, 1], '--restart-command', 'exit 3', @host);
	is($r->{status}, 69, "$what, a restart that fails: exit 69");
	like($r->{err}, qr/exit status 3.*the change is in place/, '... is told');
}

# ---- descriptors ----

# Closed ones: what is opened first would take their place.
for my $closed ([0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]) {
	for my $builder (\@makemap, \@libdb) {
		$r = spoilt(sub { POSIX::close($_) for @$closed }, @$builder, '-v', @host);
		is_done("descriptors @$closed closed, $builder->[5]", $r);
		is($r->{out} =~ tr/\n//, (grep { $_ == 1 } @$closed) ? 0 : 4,
		    '... what is said goes where it should');
		is($r->{err} eq '', (grep { $_ == 2 } @$closed) ? 1 : '',
		    '... and nowhere else');
	}
}
is_refused('a list of hosts on a closed standard input',
    spoilt(sub { POSIX::close(0) }, @call, 'client', '-'), 74,
    'standard input: cannot read: Bad file descriptor');
$r = spoilt(sub { POSIX::close($_) for 0 .. 2 }, 'scan', "$TOP/README.md");
is($r->{status}, 0, 'scan without any of the three');

# Open ones: nothing that is run gets them.
spew("$dir/secret", "secret\n");
$r = spoilt(sub {
	for (1 .. 30) {
		open my $file, '+<', "$dir/secret" or die;
		POSIX::dup2(fileno $file, 60 + $_);
	}
	POSIX::dup2(61, $_) for 3 .. 60;
}, @makemap, @host);
is_done('ninety inherited descriptors', $r);
unlike(slurp("$dir/descriptors"), qr/secret/, '... makemap gets none of them');
is(slurp("$dir/secret"), "secret\n", '... and none is written');

# ---- limits ----

# What a limit leaves is all or nothing, with a word about it.
sub limited {
	my ($what, $limit, @command) = @_;
	site($old);
	my $r = run(['sh', '-c', "ulimit $limit; exec \"\$@\"", 'sh', $TLSOFF,
	    @command, @host]);
	return if $r->{status} == 127; # the linker already did not get through
	if ($r->{status} == 0) {
		is(text(), $new, "$what: done");
		is(entry('Try_TLS:a.example'), 'NO', '... with its map');
	} else {
		ok((grep { $r->{status} == $_ } 69, 71), "$what: exit $r->{status}")
		    or diag($r->{err});
		like($r->{err}, qr/\Atlsoff: .*\n\z/, '... with a message');
		is(text(), $old, '... nothing changed');
	}
	is(names(), $all, '... nothing is left');
	return;
}
for my $builder ([@call, '-b', 'makemap', '--makemap', $MAKEMAP], \@libdb) {
	my $name = $builder->[5];
	# libdb sleeps twelve seconds before it says that it has none: spare that.
	limited("$name, $_ descriptors", "-n $_", @$builder)
	    for $name eq 'libdb' ? 4 .. 11 : 4 .. 16;
	limited("$name, $_ KiB of memory", "-v $_", @$builder)
	    for 6000, 8000, 10000, 14000, 20000;
	# A file that may not grow: the signal that comes then kills, unless ...
	$old = "Connect:127\tRELAY\n" . "# text\n" x 1000;
	site($old);
	$r = run(['sh', '-c', 'ulimit -f 4; exec "$@"', 'sh', $TLSOFF, @$builder,
	    @host]);
	is_refused("$name, files of 2 KiB", $r, 74, 'cannot write: File too large');
	$old = "Connect:127\tRELAY\n";
	site($old);
	$r = run(['sh', '-c', 'ulimit -f 4; exec "$@"', 'sh', $TLSOFF, @$builder,
	    @host]);
	is_refused("$name, the map beyond it", $r, 74, 'File too large');
}

done_testing();
