# Tlsoff.pm: what every test of the built program needs: a scratch directory,
# files, running tlsoff, makemap.  Core modules of perl only.
#
#   use FindBin;
#   use lib "$FindBin::Bin/../lib";
#   use Tlsoff;                 # and Test::More's functions
#
#   my $dir = scratch();        # "/.../build/scratch/NAME.XXXX", gone at exit
#   spew("$dir/access", "Try_TLS:a.example\tNO\n");
#   my $r = tlsoff('-f', "$dir/access", '--restart', 'none',
#       'client', 'luna.bagoona.com');
#   is($r->{status}, 0);  like($r->{out}, qr/^added/);  is($r->{err}, '');
#
# A test runs in the machine of tests/lib/machine, which has a path for the
# scratch directory that sendmail and makemap find safe, and shows nothing of
# the mail system outside.  Where it is started by itself and not by tests/run,
# scratch() runs it again in there; so call it before the first test.  Where no
# such machine can be made, tests/run chooses tests that need none.
#
# TLSOFF_KEEP=1 in the environment keeps the scratch directories.
package Tlsoff;

use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(basename dirname);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use Test::More import => ['!done_testing'];

our @EXPORT = (@Test::More::EXPORT, qw(
    $TOP $BUILD $TLSOFF $SENDMAIL_ROOT $MAKEMAP $EDITMAP $SENDMAIL $MARKER
    scratch scratch_outside spew slurp append others_can_run lines run tlsoff tlsoff_ok makemap dump_map
    map_value identity debian_access canit_section counter calls script));

our $TOP = abs_path(dirname(__FILE__) . '/../..');
our $BUILD = abs_path($ENV{BUILD} // "$TOP/build");
die "no build directory; run: make check\n" unless defined $BUILD;

our $TLSOFF = abs_path($ENV{TLSOFF} // "$BUILD/tlsoff");
our $SENDMAIL_ROOT = "$BUILD/sendmail/root";
our $MAKEMAP = "$BUILD/sendmail/bin/makemap";
our $EDITMAP = "$BUILD/sendmail/bin/editmap";
our $SENDMAIL = "$BUILD/sendmail/bin/sendmail";

# The line that begins CanIt's section.
our $MARKER =
    '# DO NOT EDIT BELOW THIS LINE: CANIT MAY DELETE CHANGES BELOW THIS LINE';

# A program that hangs is killed after this many seconds.
our $TIME_LIMIT = 120;

umask 022;
# What runs in the background of a shell, or by nohup, ignores these, and so would
# all that a test starts.
$SIG{$_} = 'DEFAULT' for qw(HUP INT QUIT);
$ENV{LC_ALL} = 'C';
$ENV{PATH} = "$BUILD/sendmail/bin:$ENV{PATH}:/usr/sbin:/sbin";
delete @ENV{qw(MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES)};

# ---- scratch ----

my ($scratch, $owner);

# The one scratch directory of this test; mode 0755.
sub scratch {
	return $scratch if defined $scratch;
	if (defined $ENV{TLSOFF_TEST_SCRATCH}) { # a namespace of the test's own
		return $scratch = $ENV{TLSOFF_TEST_SCRATCH};
	}
	enter_machine();
	return scratch_outside();
}

# The same for a test that builds or installs as the user who runs it, and
# leaves the mail system alone by itself.
sub scratch_outside {
	return $scratch if defined $scratch;
	$owner = $$;
	return $scratch = make_scratch();
}

# Runs this very test again in a machine, unless it is in one, or none can be
# made and tests/run says that it may go on without.
sub enter_machine {
	return if defined $ENV{TLSOFF_TEST_MACHINE};
	my $test = abs_path($0) =~ s/\A\Q$TOP\E\///r;
	exec 'sh', "$TOP/tests/lib/machine", $^X, $test, @ARGV or die "sh: $!";
}

sub make_scratch {
	my $above = $ENV{TLSOFF_SCRATCH} // "$BUILD/scratch";
	make_path($above);
	my $dir = tempdir(basename($0, '.t') . '.XXXXXX', DIR => $above);
	chmod 0755, $dir;
	return $dir;
}

sub remove_scratch {
	my ($dir) = @_;
	remove_tree($dir, { safe => 0, error => \my $ignored })
	    unless $ENV{TLSOFF_KEEP};
	return;
}

END {
	if (defined $owner && $owner == $$) {
		my $status = $?;
		remove_scratch($scratch);
		$? = $status;
	}
}

# The program may stand where nobody else can go, so it is open already; but the
# loader or a library that it needs may stand there, too.
sub others_can_run {
	return 1 if $> != 0; # we are somebody else ourselves
	open my $program, '<', $TLSOFF or die "$TLSOFF: $!";
	fcntl $program, 2, 0 or die "fcntl: $!"; # F_SETFD: keep it over exec
	return system('setpriv --reuid=65534 --regid=65534 --clear-groups /proc/self/fd/'
	    . fileno($program) . ' --version >/dev/null 2>&1') == 0;
}

# ---- files ----

sub spew { my ($path, @bytes) = @_; return put('>', $path, @bytes); }
sub append { my ($path, @bytes) = @_; return put('>>', $path, @bytes); }

sub put {
	my ($how, $path, @bytes) = @_;
	make_path(dirname($path));
	open my $file, "$how:raw", $path or die "$path: $!";
	print {$file} @bytes;
	close $file or die "$path: $!";
	return $path;
}

sub slurp {
	my ($path) = @_;
	open my $file, '<:raw', $path or die "$path: $!";
	local $/;
	return scalar(<$file>) // '';
}

sub lines { my ($path) = @_; return split /(?<=\n)/, slurp($path); }

# An executable file.
sub script {
	my ($path, $text) = @_;
	spew($path, $text);
	chmod 0755, $path;
	return $path;
}

# All of a file that a failed change must leave alone, as one string: bytes,
# inode, mode, owner, group, links, mtime to the nanosecond; "absent" for none.
sub identity {
	my ($path) = @_;
	return 'absent' unless -e $path;
	my $stat = run(['stat', '-L', '-c', '%d:%i %a %u:%g %h %s %.9Y', $path]);
	my $sum = run(['sha256sum', '--', $path]);
	return $stat->{out} . (split / /, $sum->{out})[0];
}

# ---- programs ----

# run(\@command, stdin => BYTES, env => {NAME => VALUE or undef}, dir => DIR)
# gives {status, out, err}; 128 + N when signal N ended it.
my $run_number = 0;

sub run {
	my ($command, %option) = @_;
	my $base = scratch() . "/.run.$$." . $run_number++;
	spew("$base.in", $option{stdin} // '');
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		become($command, $base, \%option);
	}
	waitpid $pid, 0;
	my $result = {
		status => $? & 127 ? 128 + ($? & 127) : $? >> 8,
		out => slurp("$base.out"),
		err => slurp("$base.err"),
	};
	unlink map { "$base.$_" } qw(in out err);
	return $result;
}

# The child's side of run(): never returns.
sub become {
	my ($command, $base, $option) = @_;
	my $ok = open(STDIN, '<', "$base.in") && open(STDOUT, '>', "$base.out")
	    && open(STDERR, '>', "$base.err");
	if ($ok && (!defined $option->{dir} || chdir $option->{dir})) {
		my %env = %{ $option->{env} // {} };
		for my $name (keys %env) {
			if (defined $env{$name}) { $ENV{$name} = $env{$name} }
			else { delete $ENV{$name} }
		}
		alarm($option->{time_limit} // $TIME_LIMIT);
		no warnings 'exec';
		exec { $command->[0] } @$command;
	}
	print STDERR "$command->[0]: $!\n";
	require POSIX;
	POSIX::_exit(127);
}

# tlsoff(ARGUMENT..., {stdin => ..., env => ...}): the built program.
sub tlsoff {
	my @arguments = @_;
	my $option = ref $arguments[-1] ? pop @arguments : {};
	spare_this_machine(@arguments);
	my $r = run([$TLSOFF, @arguments], %$option);
	my $texts = grep { /\A(?:help|version|--help|--version|-h|-V)\z/ } @arguments;
	keep_document($r->{out})
	    if !$texts && grep { /\A(?:-[nqv]*j[nqv]*|--json)\z/ } @arguments;
	return $r;
}

# ---- documents ----

# What -j printed in this test, once each; of failures, which are alike, a few.
my (%documents, $failures);

sub keep_document {
	my ($text) = @_;
	return if $text eq '' || keys %documents >= 200;
	return if $text =~ /\A\{"schema":1,"error"/ && $failures++ >= 5;
	$documents{$text} = 1;
	return;
}

# Each document that a test saw is one that the schema describes.
sub documents_fit {
	return unless grep { -x "$_/jsonschema" } split /:/, $ENV{PATH};
	my $number = 0;
	my @files = map { spew(scratch() . '/document.' . $number++, $_) } sort keys %documents;
	my $r = run(['jsonschema', map({ ('-i', $_) } @files), "$TOP/src/dist/tlsoff.schema.json"]);
	is($r->{status}, 0, 'each document is as the schema has it') or diag($r->{out}, $r->{err});
	return;
}

sub done_testing {
	documents_fit() if %documents;
	return Test::More::done_testing(@_);
}

# Outside a namespace of the test's own a call that changes something must name
# a cf, and with it file, map and daemon: a test never touches those of the
# machine it runs on.
sub spare_this_machine {
	my @arguments = @_;
	return if defined $ENV{TLSOFF_TEST_INSIDE};
	return unless grep { /\A(?:client|server|remove|apply|expire|--fix)\z/ } @arguments;
	return if grep { /\A(?:-[Cn]|--(?:config|dry-run|help))/ } @arguments;
	die "tlsoff @arguments: would change this machine's own files;"
	    . " give -C, or call enter_namespace()\n";
}

# The same, as a test that it exits 0; shows what it said when it does not.
sub tlsoff_ok {
	my @arguments = @_;
	my $r = tlsoff(@arguments);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($r->{status}, 0, 'tlsoff ' . join ' ', grep { !ref } @arguments)
	    or diag($r->{out}, $r->{err});
	return $r;
}

# ---- maps ----

# makemap(CF, TYPE, MAP, BYTES, OPTION...): with the real one; {status, err}.
sub makemap {
	my ($cf, $type, $map, $text, @options) = @_;
	return run([$MAKEMAP, '-C', $cf, @options, $type, $map], stdin => $text);
}

# Every key and value of a map, by makemap -u: {KEY => VALUE}.
sub dump_map {
	my ($cf, $type, $map) = @_;
	my $r = run([$MAKEMAP, '-C', $cf, '-u', $type, $map]);
	die "makemap -u $map: $r->{err}" if $r->{status} != 0;
	return { map { split /\t/, $_, 2 } split /\n/, $r->{out} };
}

# The value of one key, by editmap -q; undef where it is absent.
sub map_value {
	my ($cf, $type, $map, $key) = @_;
	my $r = run([$EDITMAP, '-C', $cf, '-q', $type, $map, $key]);
	return $r->{status} == 0 ? $r->{out} =~ s/\n\z//r : undef;
}

# ---- access files ----

# Debian's own, as shipped.
sub debian_access {
	return slurp("$SENDMAIL_ROOT/usr/share/sendmail/examples/db/access");
}

# A section as CanIt leaves at the end of the file.
sub canit_section {
	return "$MARKER\n"
	    . "# Generated by CanIt\n"
	    . "Connect:203.0.113.7\tREJECT\n"
	    . "From:spammer\@example.net\tREJECT\n"
	    . "To:canit.example\tRELAY\n";
}

# ---- counting calls ----

# counter(NAME, COMMAND): a script that notes each call, then runs COMMAND
# with its own arguments ("exec /path/makemap"; ":" does nothing).
sub counter {
	my ($name, $command) = @_;
	my $path = scratch() . "/$name";
	$command .= ' "$@"' if $command =~ /\Aexec /;
	return script($path, "#!/bin/sh\necho call >>'$path.calls'\n$command\n");
}

# How often it was called.
sub calls {
	my ($path) = @_;
	return -e "$path.calls" ? scalar lines("$path.calls") : 0;
}

1;
