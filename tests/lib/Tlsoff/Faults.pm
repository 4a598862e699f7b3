# Faults.pm: one change of a small access file and its map, in which something
# goes wrong on purpose: a system call or an allocation fails, or the process
# is killed.  And what must be true afterwards.
#
#   use Tlsoff;
#   use Tlsoff::Faults;
#   faults_begin();                       # first: a namespace, a tmpfs
#   my $change = change(words => ['client', 'a.example'], builder => 'libdb');
#   my @calls = calls_of($change);        # { label, index, name, errors }
#   sweep($change, 'TITLE', \@cases, sub {    # a test for each case's name
#       my ($case) = @_;                  # in one of several processes
#       reset_files($change);
#       my $r = inject($change, $case, 'EIO');
#       return wrong($change, $r), ...;   # sentences; none is good
#   });
#
# SHOW=100 in the environment shows that many sentences of a test, not ten.
#
# States are named by text and map: "old old", "new new", "new old"; anything
# else is "other", "torn", "missing" or, where the file can be seen with a side
# file's mode, "mode".
package Tlsoff::Faults;

use strict;
use warnings;
use DB_File;
use Exporter qw(import);
use Fcntl;
use File::Path qw(make_path);
use POSIX ();
use Storable qw(retrieve store);
use Tlsoff;
use Tlsoff::Namespace;

our @EXPORT = qw(faults_begin change all_changes calls_of reset_files renew_files inject
    allocations without_memory wrong_without_memory
    run_change wrong wrong_when_killed
    wrong_when_asked mended state beside sweep $SITE);

my $NOMEM = "$BUILD/faults/nomem.so";
our $SITE; # access, access.db and what stands beside them

my $INJECT = "$BUILD/faults/inject";
my $WORKERS = 3; # libdb sleeps in some cases

# Modes that no side file has by itself.
my %MODE = (access => 0604, 'access.db' => 0644);

my $OLD = "Connect:127\tRELAY\nTry_TLS:old.example\tNO\n"
    . join('', map { "To:user$_\@example.net\tREJECT\n" } 1 .. 20);

sub faults_begin {
	my $machine = (POSIX::uname())[4];
	plan(skip_all => "inject.c has no words for a $machine")
	    unless $machine =~ /\A(?:x86_64|aarch64)\z/;
	# Without root this machine's log hears of it, and the disk is slower.
	my $alone = $> == 0 || system('sudo -n true >/dev/null 2>&1') == 0;
	if ($alone) { enter_namespace() } else { scratch() }
	die "$INJECT: not built; run: make fault-tools\n" unless -x $INJECT;
	my $fs = scratch() . '/fs';
	mkdir $fs;
	!$alone || system(qw(mount -t tmpfs -o mode=755 faults), $fs) == 0
	    or BAIL_OUT("$fs: cannot mount a tmpfs");
	place($_) for reverse 0 .. $WORKERS;
	return;
}

# The directories of worker NUMBER: all paths have the same length.
sub place {
	my ($number) = @_;
	my $fs = scratch() . "/fs/$number";
	$SITE = "$fs/mail";
	make_path($SITE);
	spew("$fs/sendmail.cf",
	    "V10/Berkeley\nKaccess hash -T<TMPF> -o $SITE/access\n");
	return;
}

# Runs CODE for each of the cases, {name => ...}, in several processes; it
# returns what is wrong.  One test for each name.
sub sweep {
	my ($change, $title, $cases, $code) = @_;
	my @workers;
	for my $number (1 .. $WORKERS) {
		my $pid = fork // die "fork: $!";
		if ($pid == 0) {
			my $ok = eval { work($number, $cases, $code); 1 };
			print STDERR $@ unless $ok;
			POSIX::_exit($ok ? 0 : 1);
		}
		push @workers, $pid;
	}
	my %seen = map { $_->{name} => [0] } @$cases;
	for my $number (1 .. $WORKERS) {
		waitpid $workers[$number - 1], 0;
		die "$title: a worker failed\n" if $? != 0;
		my $found = retrieve(scratch() . "/fs/$number/found");
		for my $name (keys %$found) {
			my ($tries, @wrong) = @{ $found->{$name} };
			$seen{$name}[0] += $tries;
			push @{ $seen{$name} }, @wrong;
		}
	}
	return verdicts("$change->{name}: $title", \%seen);
}

sub work {
	my ($number, $cases, $code) = @_;
	my %found;
	place($number);
	for my $i (grep { $_ % $WORKERS == $number - 1 } 0 .. $#$cases) {
		my $found = $found{ $cases->[$i]{name} } //= [0];
		$found->[0]++;
		push @$found, $code->($cases->[$i]);
	}
	store(\%found, "$SITE/../found");
	return;
}

# ---- a change ----

# change(words => [...], builder => 'makemap', text => OLD, map_text => ...,
#     beside => {NAME => BYTES}, exchange => 1): remembers old and new text and map; dies where the change
# does not even work undisturbed.
sub change {
	my (%c) = @_;
	$c{text} //= $OLD;
	$c{map_text} //= $c{text};
	$c{exchange} //= 1;
	$c{name} //= join(' ', @{ $c{words} }) . ", $c{builder}"
	    . ($c{exchange} ? '' : ', no exchange');
	clear_site();
	my $r = makemap("$SITE/../sendmail.cf", 'hash', "$SITE/access",
	    $c{map_text});
	die "makemap: $r->{err}" if $r->{status} != 0;
	$c{map} = slurp("$SITE/access.db");
	$c{old_records} = records("$SITE/access.db");
	reset_files(\%c);
	$r = run_change(\%c);
	die "$c{name}: $r->{err}" if $r->{status} > 1 || $r->{signal};
	@c{qw(status out)} = @$r{qw(status out)};
	$c{new_text} = slurp("$SITE/access");
	$c{new_records} = records("$SITE/access.db");
	return \%c;
}

sub clear_site {
	for my $name (names()) {
		next if unlink "$SITE/$name";
		unlink glob("$SITE/$name/* $SITE/$name/.[!.]*");
		rmdir "$SITE/$name" or die "$SITE/$name: $!";
	}
	return;
}

# Text and map as they were, and nothing else.
sub reset_files {
	my ($c) = @_;
	clear_site();
	return renew_files($c);
}

# Text and map as they were; what stands beside them stays.
sub renew_files {
	my ($c) = @_;
	unlink map { "$SITE/$_" } keys %MODE;
	write_file('access', $c->{text});
	write_file('access.db', $c->{map});
	spew("$SITE/$_", $c->{beside}{$_}) for keys %{ $c->{beside} // {} };
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

# The changes that are swept: both ways of making a map, and of mending one;
# with the exchange of two files, and where the file system has none.  Brief is
# one that differs little from the others: one error each time.
sub all_changes {
	my $twice = $OLD . "Try_TLS:old.example\tNO\n";
	return map { change(%$_) }
	    { words => ['client', 'a.example'], builder => 'makemap' },
	    { words => ['client', 'a.example'], builder => 'libdb' },
	    { words => ['client', 'a.example'], builder => 'patch', brief => 1 },
	    { words => ['remove', 'client', 'old.example'], builder => 'libdb',
	        exchange => 0 },
	    { words => ['check', '--fix'], builder => 'libdb', text => $twice,
	        map_text => $OLD, brief => 1 };
}

# ---- running it ----

# {status, signal, out, err} of the change, or of COMMAND with it behind.
sub run_change {
	my ($c, @before) = @_;
	my $base = "$SITE/../run";
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$base.out";
		open STDERR, '>', "$base.err";
		my @options = $c->{builder} eq 'none' ? () : ('--makemap',
		    $c->{makemap} // $MAKEMAP, '-b', $c->{builder},
		    '--restart', 'none');
		my @command = (@before, $TLSOFF, '-C', "$SITE/../sendmail.cf",
		    @options, @{ $c->{words} });
		exec { $command[0] } @command or POSIX::_exit(127);
	}
	waitpid $pid, 0;
	my ($status, $signal) = ($? >> 8, $? & 127);
	my ($out, $err) = map { s{/fs/\K\d(?=/)}{N}gr }
	    slurp("$base.out"), slurp("$base.err");
	return { status => $status, signal => $signal, out => $out, err => $err };
}

sub report {
	my ($c, $label, $name, $index, $what) = @_;
	my $path = "$SITE/../report";
	$what = $c->{exchange} ? $what : "renameat2=EINVAL,$what";
	my $r = run_change($c, $INJECT, $path, $label, $name, $index, $what,
	    '--');
	die "inject: $r->{err}" if $r->{status} != 0 || $r->{signal};
	$r->{report} = slurp($path);
	return $r;
}

# Every call of the change, in order; and of the processes it starts, but for
# the shell script around the private makemap.
sub calls_of {
	my ($c) = @_;
	reset_files($c);
	my $r = report($c, '-', '-', 0, 'list');
	my @calls;
	while ($r->{report} =~ /^call (\S+) (\S+) (\d+) ?(.*)$/mg) {
		push @calls, { label => $1, name => $2, index => $3,
		    errors => [split ' ', $4] };
	}
	die "no calls: $r->{report}$r->{err}" unless @calls;
	one_error($_) for grep { $c->{brief} } @calls;
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
			one_error($call);
		}
		push @all, $call;
	}
	return @all;
}

sub one_error {
	my ($call) = @_;
	my @errors = @{ $call->{errors} };
	$call->{errors} = [$errors[$call->{index} % @errors]] if @errors;
	return;
}

# How many allocations it makes: in itself, or in its children (IN is "child").
sub allocations {
	my ($c, $in) = @_;
	reset_files($c);
	return without_memory($c, $in, AT => 0)->{allocations};
}

# The change with allocations that fail: HOW is AT or FROM.
sub without_memory {
	my ($c, $in, $how, $number) = @_;
	my $path = "$SITE/../nomem";
	my $r = run_change($c, 'env', "LD_PRELOAD=$NOMEM", "NOMEM_IN=$in",
	    "NOMEM_$how=$number", "NOMEM_REPORT=$path");
	my $report = slurp($path);
	@$r{qw(hit what left)} = ($report =~ /^hit/ || 0,
	    "\L$how\E allocation $number in $in", '');
	$r->{allocations} = $report =~ /(\d+)$/ ? $1 : 0;
	return $r;
}

# The change with WHAT at that call.
sub inject {
	my ($c, $call, $what) = @_;
	my $r = report($c, @$call{qw(label name index)}, $what);
	$r->{what} = "$what at $call->{label} $call->{name} $call->{index}";
	$r->{hit} = $r->{report} =~ /^hit (\S+)$/m && $1 eq $call->{name};
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
# nobody knows the reason.  And makemap takes an error in its input for the end.
sub status_fits {
	my ($r) = @_;
	return $STATUS{$r->{status}} || ($r->{status} == 65
	    && ($r->{err} =~ /libdb crashes/ && $r->{what} =~ / close \d+\z/
	        || $r->{err} =~ /differs from the text/
	        && $r->{what} =~ / at 1\.2 read /));
}

# Which thread asks the kernel for memory depends on how they meet; memory.t
# is sure of them.
sub may_be_missed {
	my ($r) = @_;
	return $r->{what} =~ / (?:brk|m(?:map|unmap|protect|remap|advise)|futex) \d+\z/;
}

# What is wrong after a run that could still clean up.
sub wrong {
	my ($c, $r) = @_;
	my @wrong;
	my $state = state($c);
	push @wrong, 'was not hit' if !$r->{hit} && !may_be_missed($r);
	push @wrong, 'hangs' if $r->{hangs};
	push @wrong, "leaves process $r->{left}" if $r->{left} ne '';
	push @wrong, "leaves " . beside() if beside() ne '';
	push @wrong, "leaves $state" if !fine($c, $state);
	if ($r->{signal}) {
		push @wrong, "dies of signal $r->{signal}";
	} elsif ($r->{status} == 0 || ($r->{status} == 1 && finds($c, $r))) {
		push @wrong, "exits $r->{status} and leaves $state"
		    if !is_new($c, $state);
	} else {
		push @wrong, "exits $r->{status}" if !status_fits($r);
		push @wrong, 'says nothing' if $r->{err} !~ /^tlsoff: \S/m;
		push @wrong, 'says "Success"' if $r->{err} =~ /\bSuccess/;
		push @wrong, "exits $r->{status} with all done and does not say so"
		    if is_new($c, $state) && $c->{builder} ne 'none'
		    && $r->{err} !~ /in place|standard output/;
	}
	return map { "$r->{what}: $_: $r->{err}" } @wrong;
}

# check --fix looks once more when all is done, and may find that it cannot.
sub finds {
	my ($c, $r) = @_;
	return $c->{words}[0] eq 'check' && $r->{out} =~ m{^/\S+/access\.db: }m;
}

# Text and map belong together.
sub fine {
	my ($c, $state) = @_;
	return $state eq 'old old' || is_new($c, $state);
}

sub is_new {
	my ($c, $state) = @_;
	return $state eq ($c->{builder} eq 'none' ? 'new old' : 'new new');
}

# What is wrong after a run whose memory ran out.
sub wrong_without_memory {
	my ($c, $r) = @_;
	my @wrong;
	if ($r->{signal}) {
		push @wrong, "dies of signal $r->{signal}: $r->{err}";
	} elsif ($r->{status} == 70 || $r->{status} == 71) {
		return wrong($c, $r);
	} else {
		push @wrong, "exits $r->{status}: $r->{err}"
		    if $r->{status} != $c->{status};
		push @wrong, "says only $r->{out}" if $r->{out} ne $c->{out};
	}
	push @wrong, 'leaves ' . beside() if beside() ne '';
	push @wrong, 'leaves ' . state($c) if !is_new($c, state($c));
	return map { "$r->{what}: $_" } @wrong;
}

# The names that may stand there between a kill and the next run: no more.
my $SIDE = qr/\A(?:\.access\.tlsoff(?:-lock)?
    |\.access\.db\.tlsoff(?:\/(?:access\.db|__db\.access\.db))?)\z/x;

# What is wrong after a run that was killed.
sub wrong_when_killed {
	my ($c, $r) = @_;
	my @wrong;
	my $state = state($c);
	return if $r->{report} !~ /^hit /m && may_be_missed($r);
	push @wrong, 'was not hit' if $r->{report} !~ /^hit /m;
	push @wrong, "ends with $r->{status}, signal $r->{signal}"
	    if $r->{signal} != 9;
	push @wrong, "leaves process $r->{left}" if $r->{left} ne '';
	push @wrong, "leaves $state" if !fine($c, $state)
	    && $state ne 'new old';
	push @wrong, "leaves $_"
	    for grep { $_ !~ $SIDE } split / /, beside();
	return map { "$r->{what}: $_" } @wrong;
}

# What is wrong after a run that was asked to end.
sub wrong_when_asked {
	my ($c, $r, $number) = @_;
	my @wrong;
	my $state = state($c);
	return wrong($c, $r) if !$r->{hit} && may_be_missed($r);
	push @wrong, 'was not hit' if !$r->{hit};
	push @wrong, "leaves process $r->{left}" if $r->{left} ne '';
	push @wrong, 'leaves ' . beside() if beside() ne '';
	push @wrong, "leaves $state" if !fine($c, $state);
	# Too late to be heard, it has done all.
	push @wrong, "ends with $r->{status}, signal $r->{signal}, and $state"
	    if $r->{signal} != $number
	    && !($r->{signal} == 0 && $r->{status} == 0 && is_new($c, $state));
	push @wrong, 'does not say what it has done'
	    if is_new($c, $state) && $r->{out} eq '';
	return map { "$r->{what}: $_: $r->{err}" } @wrong;
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

# {NAME => [TRIES, SENTENCE...]}.
sub verdicts {
	my ($title, $seen) = @_;
	for my $name (sort keys %$seen) {
		my ($tries, @wrong) = @{ $seen->{$name} };
		local $Test::Builder::Level = $Test::Builder::Level + 2;
		is(scalar @wrong, 0, "$title: $name, $tries times")
		    or diag(join "\n", splice @wrong, 0, $ENV{SHOW} // 10);
	}
	return;
}

1;
