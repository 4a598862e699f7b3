# Faults.pm: one change of a small access file and its map, in which something
# goes wrong on purpose: a system call or an allocation fails, or the process
# is killed.  And what must be true afterwards.
#
#   use Tlsoff;
#   use Tlsoff::Faults;
#   faults_begin();                       # first: a namespace, a tmpfs
#   my $change = change(words => ['client', 'a.example'], builder => 'libdb');
#   for my $call (calls_of($change)) { ... { label, index, name, errors } }
#   my $r = inject($change, $call, 'EIO');
#   my @wrong = wrong($change, $r);       # sentences; none is good
#   mended($change)                       # the next run: sentences again
#
# States are named by text and map: "old old", "new new", "new old"; anything
# else is "other", "torn" or "missing".
package Tlsoff::Faults;

use strict;
use warnings;
use DB_File;
use Exporter qw(import);
use Fcntl;
use POSIX ();
use Tlsoff;
use Tlsoff::Namespace;

our @EXPORT = qw(faults_begin change calls_of reset_files inject run_change wrong
    mended state beside verdicts $SITE $INJECT $NOMEM);

our $INJECT = "$BUILD/faults/inject";
our $NOMEM = "$BUILD/faults/nomem.so";
our $SITE;

# Modes that no side file has by itself.
my %MODE = (access => 0604, 'access.db' => 0644);

my $OLD = "Connect:127\tRELAY\nTry_TLS:old.example\tNO\n"
    . join('', map { "To:user$_\@example.net\tREJECT\n" } 1 .. 20);

sub faults_begin {
	enter_namespace();
	die "$INJECT: not built; run: make unit-tests\n" unless -x $INJECT;
	$SITE = scratch() . '/fs';
	mkdir $SITE;
	system(qw(mount -t tmpfs -o mode=755 faults), $SITE) == 0
	    or BAIL_OUT("$SITE: cannot mount a tmpfs");
	$SITE .= '/mail';
	mkdir $SITE, 0755;
	spew("$SITE/../sendmail.cf",
	    "V10/Berkeley\nKaccess hash -T<TMPF> -o $SITE/access\n");
	return;
}

# ---- a change ----

# change(words => [...], builder => 'makemap', text => OLD, map_text => ...,
#     exchange => 1): remembers old and new text and map; dies where the change
# does not even work undisturbed.
sub change {
	my (%c) = @_;
	$c{text} //= $OLD;
	$c{map_text} //= $c{text};
	$c{exchange} //= 1;
	$c{name} //= join(' ', @{ $c{words} }) . ", $c{builder}"
	    . ($c{exchange} ? '' : ', no exchange');
	$c{command} = [$TLSOFF, '-C', "$SITE/../sendmail.cf", '--makemap',
	    $c{makemap} // $MAKEMAP, '-b', $c{builder}, '--restart', 'none',
	    @{ $c{words} }];
	unlink glob("$SITE/* $SITE/.access*");
	my $r = makemap("$SITE/../sendmail.cf", 'hash', "$SITE/access",
	    $c{map_text});
	die "makemap: $r->{err}" if $r->{status} != 0;
	$c{map} = slurp("$SITE/access.db");
	$c{old_records} = records("$SITE/access.db");
	reset_files(\%c);
	$r = run_change(\%c);
	die "$c{name}: $r->{err}" if $r->{status} != 0;
	$c{new_text} = slurp("$SITE/access");
	$c{new_records} = records("$SITE/access.db");
	return \%c;
}

# Text and map as they were, and nothing else.
sub reset_files {
	my ($c) = @_;
	for my $name (names()) {
		next if unlink "$SITE/$name";
		unlink glob("$SITE/$name/* $SITE/$name/.[!.]*");
		rmdir "$SITE/$name" or die "$SITE/$name: $!";
	}
	write_file('access', $c->{text});
	write_file('access.db', $c->{map});
	$c->{inodes} = { map { $_ => (stat "$SITE/$_")[1] } keys %MODE };
	return;
}

# Always young: the change then looks at the bytes once more.
sub write_file {
	my ($name, $bytes) = @_;
	sysopen my $file, "$SITE/$name", O_WRONLY | O_CREAT | O_EXCL, 0600
	    or die "$SITE/$name: $!";
	syswrite $file, $bytes;
	close $file or die "$SITE/$name: $!";
	chmod $MODE{$name}, "$SITE/$name";
	utime time + 3600, time + 3600, "$SITE/$name" if $name eq 'access';
	return;
}

sub names {
	opendir my $dir, $SITE or die "$SITE: $!";
	return grep { !/\A\.\.?\z/ } readdir $dir;
}

# What is in the map; undef where it cannot be read.
sub records {
	my ($path) = @_;
	tie my %map, 'DB_File', $path, O_RDONLY, 0, $DB_HASH or return undef;
	my $all = join "\n", sort map { "$_\t$map{$_}" } keys %map;
	untie %map;
	return $all;
}

# ---- running it ----

# {status, signal, out, err} of the change, or of COMMAND with it behind.
sub run_change {
	my ($c, @before) = @_;
	my $base = scratch() . '/fs/run';
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$base.out";
		open STDERR, '>', "$base.err";
		my @command = (@before, @{ $c->{command} });
		exec { $command[0] } @command or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	return { status => $? >> 8, signal => $? & 127, out => slurp("$base.out"),
	    err => slurp("$base.err") };
}

sub report {
	my ($c, $label, $index, $what) = @_;
	my $path = scratch() . '/fs/report';
	$what = $c->{exchange} ? $what : "renameat2=EINVAL,$what";
	my $r = run_change($c, $INJECT, $path, $label, $index, $what, '--');
	die "inject: $r->{err}" if $r->{status} != 0 || $r->{signal};
	$r->{report} = slurp($path);
	return $r;
}

# Every call of the change, in order; and of the processes it starts, but for
# the shell script around the private makemap.
sub calls_of {
	my ($c) = @_;
	reset_files($c);
	my $r = report($c, '-', 0, 'list');
	my @calls;
	while ($r->{report} =~ /^call (\S+) (\d+) (\S+) ?(.*)$/mg) {
		push @calls, { label => $1, index => $2, name => $3,
		    errors => [split ' ', $4] };
	}
	die "no calls: $r->{report}$r->{err}" unless @calls;
	return of_makemap(grep { $_->{label} ne '1.1' } @calls);
}

# Of makemap's own calls not those of its loader, and of the rest one error
# each, every time another.
sub of_makemap {
	my ($loading, @all) = (1);
	for my $call (@_) {
		if ($call->{label} eq '1.2') {
			$loading &&= $call->{name} ne 'set_robust_list';
			next if $loading;
			my @errors = @{ $call->{errors} };
			$call->{errors} = [$errors[$call->{index} % @errors]]
			    if @errors;
		}
		push @all, $call;
	}
	return @all;
}

# The change with WHAT at that call.
sub inject {
	my ($c, $call, $what) = @_;
	my $r = report($c, $call->{label}, $call->{index}, $what);
	$r->{what} = "$what at $call->{label} $call->{index} $call->{name}";
	$r->{hit} = $r->{report} =~ /^hit \Q$call->{name}\E$/m;
	$r->{hangs} = $r->{report} =~ /^hangs$/m;
	$r->{left} = join ' ', $r->{report} =~ /^left (\S+)$/mg;
	($r->{status}, $r->{signal}) = (0, 0);
	$r->{ $1 eq 'exit' ? 'status' : 'signal' } = $2
	    if $r->{report} =~ /^end (exit|signal) (\d+)$/m;
	return $r;
}

# ---- what must be true ----

sub state { my ($c) = @_; return text_state($c) . ' ' . map_state($c); }

sub text_state {
	my ($c) = @_;
	my $path = "$SITE/access";
	my @stat = stat $path or return 'missing';
	return 'mode' if ($stat[2] & 07777) != $MODE{access};
	my $text = slurp($path);
	return 'new' if $text eq $c->{new_text}
	    && ($text ne $c->{text} || $stat[1] == $c->{inodes}{access});
	return 'torn' if $text ne $c->{text};
	return $c->{exchange} && $stat[1] != $c->{inodes}{access} ? 'other'
	    : 'old';
}

sub map_state {
	my ($c) = @_;
	my $path = "$SITE/access.db";
	my @stat = stat $path or return 'missing';
	return 'mode' if ($stat[2] & 07777) != $MODE{'access.db'};
	if ($stat[1] == $c->{inodes}{'access.db'}) {
		return slurp($path) eq $c->{map} ? 'old' : 'torn';
	}
	my $records = records($path) // return 'torn';
	return $records eq $c->{new_records} ? 'new' : 'other';
}

# The names beside text and map, those in the side directory too.
sub beside {
	return join ' ', sort map {
		-d "$SITE/$_" ? ($_, map { s{\A\Q$SITE\E/}{}r } glob("$SITE/$_/*"))
		    : $_
	} grep { !exists $MODE{$_} } names();
}

# The statuses of a change that failed.
my %STATUS = map { $_ => 1 } 66, 69, 70, 71, 73, 74, 75, 77;

# libdb crashes where it cannot close the map it is to read: of that crash
# nobody knows the reason.
sub status_fits {
	my ($r) = @_;
	return $STATUS{$r->{status}} || ($r->{status} == 65
	    && $r->{err} =~ /libdb crashes/ && $r->{what} =~ / close\z/);
}

# What is wrong after a run that could still clean up.
sub wrong {
	my ($c, $r) = @_;
	my @wrong;
	my $state = state($c);
	push @wrong, 'was not hit' if !$r->{hit};
	push @wrong, 'hangs' if $r->{hangs};
	push @wrong, "leaves process $r->{left}" if $r->{left} ne '';
	push @wrong, "leaves " . beside() if beside() ne '';
	push @wrong, "leaves $state" if !fine($c, $state);
	if ($r->{signal}) {
		push @wrong, "dies of signal $r->{signal}";
	} elsif ($r->{status} == 0) {
		push @wrong, "exits 0 and leaves $state"
		    if !is_new($c, $state);
	} else {
		push @wrong, "exits $r->{status}" if !status_fits($r);
		push @wrong, 'says nothing' if $r->{err} !~ /^tlsoff: \S/m;
		push @wrong, 'says "Success"' if $r->{err} =~ /\bSuccess/;
		push @wrong, "exits $r->{status} with all done and does not say so"
		    if is_new($c, $state)
		    && $r->{err} !~ /in place|standard output/;
	}
	return map { "$r->{what}: $_: $r->{err}" } @wrong;
}

# Text and map belong together.
sub fine {
	my ($c, $state) = @_;
	return $state eq 'old old' || is_new($c, $state);
}

sub is_new {
	my ($c, $state) = @_;
	return $state eq 'new new';
}

# What is wrong after the same command once more, undisturbed.
sub mended {
	my ($c, $what) = @_;
	my $r = run_change($c);
	my @wrong;
	push @wrong, "exits $r->{status}: $r->{err}" if $r->{status} != 0;
	push @wrong, 'leaves ' . state($c) if state($c) ne 'new new';
	push @wrong, 'leaves ' . beside() if beside() ne '';
	return map { "$what: the next run $_" } @wrong;
}

# One test a kind of call: {NAME => [TRIES, SENTENCE...]}.
sub verdicts {
	my ($title, $seen) = @_;
	for my $name (sort keys %$seen) {
		my ($tries, @wrong) = @{ $seen->{$name} };
		local $Test::Builder::Level = $Test::Builder::Level + 1;
		is(scalar @wrong, 0, "$title: $name, $tries times")
		    or diag(join "\n", splice @wrong, 0, $ENV{SHOW} // 10);
	}
	return;
}

1;
