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
# Faults/Change.pm makes and runs the change, Faults/Verdict.pm judges it; what
# they export is exported here, too.
package Tlsoff::Faults;

use strict;
use warnings;
use Exporter qw(import);
use POSIX ();
use Storable qw(retrieve store);
use Tlsoff;
use Tlsoff::Faults::Change;
use Tlsoff::Faults::Verdict;
use Tlsoff::Namespace;

our @EXPORT = (qw(faults_begin calls_of of_analyzer inject allocations without_memory sweep),
    @Tlsoff::Faults::Change::EXPORT, @Tlsoff::Faults::Verdict::EXPORT);

my $NOMEM = "$BUILD/faults/nomem.so";
my $INJECT = "$BUILD/faults/inject";
my $WORKERS = 3; # libdb sleeps in some cases

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

# ---- running a change ----

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

# What AddressSanitizer asks the kernel for, too: sigaltstack for each thread,
# and memory, whose failure it does not survive.
my $OF_ASAN = qr/\A(?:number-(?:131|132)|sigaltstack|brk|m(?:map|unmap|protect|remap|advise))\z/;

# Is a call of that name the analyzer's, perhaps?
sub of_analyzer { my ($name) = @_; return $ENV{TLSOFF_ANALYZED} && $name =~ $OF_ASAN }

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
		pop @calls if of_analyzer($calls[-1]{name});
	}
	die "no calls: $r->{report}$r->{err}" unless @calls;
	one_error($_) for grep { $c->{brief} } @calls;
	return of_makemap(grep { $_->{label} ne '2.1' } @calls);
}

# Of makemap's own calls not those of its loader, and of the rest one error
# each, every time another.
sub of_makemap {
	my ($loading, @all) = (1);
	for my $call (@_) {
		if ($call->{label} eq '2.2') {
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

1;
