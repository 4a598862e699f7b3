# Namespace.pm: a test's own small machine.
#
#   use Tlsoff;
#   use Tlsoff::Namespace;
#   enter_namespace();          # first; the rest of the test runs inside
#
# Inside there are a network with only lo (all of 127.0.0.0/8, ::1 and what
# add_host() adds), the host name mx.test.example, own process numbers, and
# private copies of /etc and /dev and an empty /run and /var/spool, so that a
# test may write /etc/hosts, /etc/mail and /etc/init.d and read what is sent
# to /dev/log.  The scratch directory is seen at /tlsoff.test.  Nothing of it is
# seen outside, and every process ends with the test.
#
# It stands in the machine that tests/lib/machine makes, whose root directory
# has these paths.  Who is not root there has a user namespace, in which
# knows_one_user() is true: nobody but root can own a file, and the users of
# sendmail are names of root's.
package Tlsoff::Namespace;

use strict;
use warnings;
use Exporter qw(import);
use IO::Socket::UNIX;
use POSIX ();
use Socket qw(SOCK_DGRAM);
use Time::HiRes qw(sleep time);
use Tlsoff;

our @EXPORT = qw(enter_namespace add_host mail_log wait_for wait_log
    clear_mail_log install_sendmail
    add_to_directory knows_one_user %ID $HOST_NAME);

our $HOST_NAME = 'mx.test.example';

# Where the scratch directory is seen, and where mount points are made: not in
# it, for it is removed with all below it at the end.
my $SCRATCH = '/tlsoff.test';
my $POINTS = '/tlsoff.machine/points';

# The users of Debian's sendmail, by number: nobody else needs to know them.
our %ID = (smmta => 947, smmsp => 948);

# ---- going in ----

# Returns inside the namespace; the process that called it waits outside.
sub enter_namespace {
	if (!defined $ENV{TLSOFF_TEST_INSIDE}) {
		go_in();
	}
	become_init() if $$ == 1;
	pretend_setgroups();
	$ENV{TLSOFF_TEST_SCRATCH} = $SCRATCH;
	build_machine($ENV{TLSOFF_TEST_INSIDE});
	return;
}

# Runs this very test again, inside.
sub go_in {
	Tlsoff::enter_machine();
	$ENV{TLSOFF_TEST_INSIDE} = Tlsoff::make_scratch();
	exec 'unshare', $> == 0 ? () : '-r',
	    qw(-n -u -m -p -f --kill-child --mount-proc), $^X, $0, @ARGV or die "unshare: $!";
}

# The first process of the namespace: starts the test, reaps what daemons
# leave behind, as init does, and removes the scratch directory at the end.
sub become_init {
	my $test = fork // die "fork: $!";
	return if $test == 0;
	$SIG{$_} = sub { kill $_[0], $test } for qw(INT TERM HUP);
	my $status = 255 << 8;
	while ((my $pid = waitpid -1, 0) != -1 || $!{EINTR}) {
		if ($pid == $test) { $status = $?; last }
	}
	# What is mounted below it would keep it.
	system qw(umount -n -l), $SCRATCH;
	Tlsoff::remove_scratch($ENV{TLSOFF_TEST_INSIDE});
	POSIX::_exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
}

# A user namespace made without root knows one user and refuses setgroups(),
# with which sendmail begins, even where it asks for what it has already: there
# the call does nothing and succeeds, by a filter of seccomp.
sub pretend_setgroups {
	my %number = (x86_64 => [157, 116], aarch64 => [167, 159]);
	my ($prctl, $setgroups) = @{ $number{ (POSIX::uname())[4] } // [] };
	return if slurp('/proc/self/setgroups') !~ /deny/ || !defined $prctl;
	my $filter = pack '(SCCL)*',
	    0x20, 0, 0, 0,                # the call's number
	    0x15, 0, 1, $setgroups,       # is it that one?
	    0x06, 0, 0, 0x00050000,       # then error 0
	    0x06, 0, 0, 0x7fff0000;       # else go on
	my $program = pack 'S x![P] P', length($filter) / 8, $filter;
	syscall($prctl, 22, 2, $program) == 0 # PR_SET_SECCOMP, its filter
	    or BAIL_OUT("no filter of setgroups(): $!");
	return;
}

# ---- the machine ----

my $farms = 0;

sub build_machine {
	my ($dir) = @_;
	must(qw(mount --make-rprivate /));
	must(qw(mount --bind), $dir, $SCRATCH);
	must(qw(mount -t tmpfs -o mode=755 points), $POINTS);
	private_etc("$POINTS/etc");
	private_dev("$POINTS/dev");
	# Nothing of the machine's own mail system or init is in sight; and some
	# tests put files into /tlsoff.outside, where a mail user has no say.
	for my $directory (qw(/run /var/spool /tlsoff.outside)) {
		next if "$TOP/" =~ m{\A\Q$directory\E/};
		must(qw(mount -t tmpfs -o mode=755 private), $directory)
		    if -d $directory;
	}
	must('hostname', $HOST_NAME);
	must(qw(ip link set lo up));
	start_log();
	return;
}

sub must {
	my (@command) = @_;
	# Not noted in /run/mount, which a user without root cannot write.
	splice @command, 1, 0, '-n' if $command[0] eq 'mount';
	system(@command) == 0 or BAIL_OUT("@command failed");
	return;
}

# "-n": a list of mounts that mount(8) keeps in /run is not ours to write.
sub private_etc {
	my ($dir) = @_;
	mkdir $dir;
	must(qw(mount -t tmpfs -o mode=755 etc), $dir);
	system("cp -a /etc/. $dir 2>/dev/null");
	system(qw(rm -rf), map { "$dir/$_" } qw(mail init.d/sendmail resolv.conf));
	mkdir "$dir/mail";
	spew("$dir/resolv.conf", '');
	spew("$dir/hosts", "127.0.0.1 localhost\n127.0.0.1 $HOST_NAME\n");
	spew("$dir/nsswitch.conf", "passwd: files\ngroup: files\n"
	    . "shadow: files\nhosts: files\nservices: files\nprotocols: files\n");
	# A small system has no list of services.
	append("$dir/services", "\nsmtp 25/tcp\nsubmission 587/tcp\n")
	    if !defined getservbyname 'smtp', 'tcp';
	for my $name (sort keys %ID) {
		make_root($dir, $name) if knows_one_user();
		append("$dir/passwd",
		    "$name:x:$ID{$name}:$ID{$name}:$name:/nonexistent:/bin/false\n")
		    if !has_entry("$dir/passwd", $name);
		append("$dir/group", "$name:x:$ID{$name}:\n")
		    if !has_entry("$dir/group", $name);
	}
	must(qw(mount -n --move), $dir, '/etc');
	for my $name (keys %ID) { $ID{$name} = getpwnam $name }
	return;
}

sub has_entry {
	my ($file, $name) = @_;
	return slurp($file) =~ /^\Q$name\E:/m;
}

sub knows_one_user { return slurp('/proc/self/uid_map') =~ /\A\s*0\s+\d+\s+1\n\z/ }

sub make_root {
	my ($dir, $name) = @_;
	$ID{$name} = 0;
	for my $file ("$dir/passwd", "$dir/group") {
		spew($file, slurp($file) =~ s/^\Q$name\E:.*\n//mgr);
	}
	return;
}

sub private_dev {
	my ($dir) = @_;
	mkdir $dir;
	must(qw(mount -t tmpfs -o mode=755 dev), $dir);
	for my $node (qw(null zero full random urandom tty)) {
		next unless -e "/dev/$node";
		spew("$dir/$node", '');
		must(qw(mount --bind), "/dev/$node", "$dir/$node");
	}
	mkdir "$dir/shm";
	mkdir "$dir/pts";
	must(qw(mount -t devpts -o), 'newinstance,ptmxmode=0666', 'pts',
	    "$dir/pts");
	symlink 'pts/ptmx', "$dir/ptmx";
	symlink '/proc/self/fd', "$dir/fd";
	for my $n (0 .. 2) {
		symlink "/proc/self/fd/$n", "$dir/" . (qw(stdin stdout stderr))[$n];
	}
	must(qw(mount -n --move), $dir, '/dev');
	return;
}

# add_host('127.0.0.2', 'luna.bagoona.com'): both ways, and IPv6 on lo.
sub add_host {
	my ($address, @names) = @_;
	append('/etc/hosts', "$address @names\n");
	if ($address =~ /:/ && $address ne '::1') {
		must(qw(ip -6 addr add), "$address/128", qw(dev lo nodad));
	}
	return;
}

# The private sendmail where a Debian has it: for Makefiles, scripts and cf
# files that name /usr/sbin/makemap or /usr/share/sendmail.
sub install_sendmail {
	my %programs = map { $_ => "$BUILD/sendmail/bin/$_" }
	    qw(sendmail makemap editmap);
	add_to_directory('/usr/sbin', %programs);
	add_to_directory('/usr/share',
	    sendmail => "$SENDMAIL_ROOT/usr/share/sendmail");
	return;
}

# A directory of the machine with more names in it: a farm of links to what
# it really holds, mounted over it.
sub add_to_directory {
	my ($directory, %more) = @_;
	my $real = $POINTS . '/real' . $directory =~ tr{/}{-}r . $farms++;
	mkdir $_ for $real, "$real.new";
	must(qw(mount --bind), $directory, $real);
	opendir my $handle, $real or die "$real: $!";
	for my $name (grep { !/\A\.\.?\z/ && !exists $more{$_} } readdir $handle) {
		symlink "$real/$name", "$real.new/$name";
	}
	for my $name (keys %more) {
		symlink $more{$name}, "$real.new/$name" if -d $more{$name};
		script("$real.new/$name", "#!/bin/sh\nexec '$more{$name}' \"\$@\"\n")
		    if !-d $more{$name};
	}
	must(qw(mount --bind), "$real.new", $directory);
	return;
}

# ---- the log ----

my $LOG = "$SCRATCH/mail.log";

# A reader of /dev/log: one line a message, as it came, without the priority.
sub start_log {
	my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => '/dev/log')
	    or die "/dev/log: $!";
	chmod 0666, '/dev/log';
	spew($LOG, '');
	my $pid = fork // die "fork: $!";
	return if $pid > 0;
	open my $log, '>>:raw', $LOG or POSIX::_exit(1);
	while (defined $socket->recv(my $message, 65536)) {
		$message =~ s/\A<\d+>//;
		$message =~ s/[\0\n]+\z//;
		syswrite $log, "$message\n";
	}
	POSIX::_exit(0);
}

# Everything logged since the start or clear_mail_log().
sub mail_log { return slurp($LOG) }
sub clear_mail_log { truncate $LOG, 0; return }

# Waits until CODE is true, SECONDS at most; its last value.
sub wait_for {
	my ($code, $seconds) = @_;
	my $end = time + ($seconds // 10);
	while (1) {
		my $value = $code->();
		return $value if $value || time > $end;
		sleep 0.02;
	}
}

# The log once it matches; the log as it is after SECONDS where it does not.
sub wait_log {
	my ($pattern, $seconds) = @_;
	wait_for(sub { mail_log() =~ $pattern }, $seconds);
	return mail_log();
}

1;
