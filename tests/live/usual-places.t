#!/usr/bin/perl
# What the machine itself says, where the cf says nothing: the pid file where
# packages put it, users and groups by name, a machine without /etc/mail.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use POSIX ();
use Tlsoff;
use Tlsoff::Namespace;

enter_namespace();

my $access = '/etc/mail/access';
my @makemap = ('--makemap', $MAKEMAP);

sub cf {
	my ($more) = @_;
	spew('/etc/mail/sendmail.cf',
	    "V10/Berkeley\nKaccess hash -T<TMPF> -o $access\n" . ($more // ''));
	return;
}

# ---- the pid file ----

# Writes its pid file and executes itself at SIGHUP, as sendmail does; run by a
# program of that name.
mkdir '/tlsoff.test/bin';
system('cp', '/bin/sh', '/tlsoff.test/bin/sendmail') == 0 or BAIL_OUT('cp');
my $daemon = script('/tlsoff.test/sendmail', <<'END');
#!/tlsoff.test/bin/sendmail
trap 'rm -f "$1"; exec "$0" "$@"' HUP
printf '%s\n%s\n' $$ "$0 $1" >"$1"
while :; do sleep 0.02; done
END

sub start_at {
	my ($pid_file) = @_;
	unlink $pid_file;
	spew("$pid_file.tlsoff", ''); # its directory
	unlink "$pid_file.tlsoff";
	my $pid = fork // die "fork: $!";
	exec $daemon, $pid_file if $pid == 0;
	wait_for(sub { -s $pid_file }) or die "$pid_file: no daemon";
	return $pid;
}

cf();
spew($access, "Connect:127\tRELAY\n");
my $host = 1;
my $r = tlsoff_ok(@makemap, 'client', 'mx' . $host++ . '.example');
like($r->{out}, qr/not running/, 'no pid file anywhere: no sendmail runs');
for my $file (qw(/run/sendmail.pid /run/sendmail/mta/sendmail.pid
    /var/run/sendmail.pid)) {
	my $pid = start_at($file);
	$r = tlsoff_ok(@makemap, 'client', 'mx' . $host++ . '.example');
	like($r->{out}, qr/restarted by SIGHUP to pid \Q$pid\E\b/,
	    "a sendmail that $file names is restarted");
	kill 'KILL', $pid;
	waitpid $pid, 0;
	unlink $file;
}
# Only for the system's own cf.
my $pid = start_at('/run/sendmail.pid');
spew('/tlsoff.test/other.cf', "V10/Berkeley\nKaccess hash -o /tlsoff.test/mail/access\n");
spew('/tlsoff.test/mail/access', '');
$r = tlsoff_ok('-C', '/tlsoff.test/other.cf', @makemap, 'client', 'mx.example');
like($r->{out}, qr/not running/, 'another cf has no usual place');
kill 'KILL', $pid;
waitpid $pid, 0;
unlink '/run/sendmail.pid';

# A pid file can be a mail user's, and name any process of root's: one whose
# name only begins as sendmail's, or whose name nobody can tell.
sub is_not_signalled {
	my ($what, $pid) = @_;
	$r = tlsoff_ok(@makemap, 'client', 'mx' . $host++ . '.example');
	like($r->{out}, qr/not running/, "$what is no sendmail");
	is(waitpid($pid, POSIX::WNOHANG()), 0, '... and gets no signal');
	kill 'KILL', $pid;
	waitpid $pid, 0;
	unlink '/run/sendmail.pid';
	return;
}
system('cp', '/bin/sleep', '/tlsoff.test/bin/sendmail-backup') == 0
    or BAIL_OUT('cp');
$pid = fork // die "fork: $!";
exec { '/tlsoff.test/bin/sendmail-backup' } 'sleep', 1000 if $pid == 0;
wait_for(sub { readlink("/proc/$pid/exe") =~ /backup\z/ });
spew('/run/sendmail.pid', "$pid\n/tlsoff.test/bin/sendmail-backup\n");
is_not_signalled("root's own sendmail-backup", $pid);
$pid = start_at('/run/sendmail.pid');
system(qw(mount -t tmpfs none /proc)) == 0 or BAIL_OUT('no empty /proc');
is_not_signalled('a process where there is no /proc', $pid);
system('umount', '/proc');

# ---- users ----

# The codes of what check finds, with that RunAsUser.
sub found_with {
	my ($option) = @_;
	cf($option);
	my $found = tlsoff('-j', 'check', @makemap);
	return join ' ', map { $_->{code} }
	    @{ decode_json($found->{out})->{findings} };
}

my ($user, $group) = @ID{qw(smmta smmsp)};
my $group_id = getgrnam 'smmsp';
chmod 0640, "$access.db";
my $passwd = slurp('/etc/passwd');
# Where there is one user alone, he may read it all.
if (!knows_one_user()) {
chown 0, $group_id, "$access.db";
is(found_with("O RunAsUser=smmta\n"), 'map-unsafe',
    'a user by name, who may not read the map');
is(found_with("O RunAsUser=smmta:smmsp\n"), '', '... with a group that may');
is(found_with("O RunAsUser=$user:$group_id\n"), '', '... the same by number');
is(found_with("O RunAsUser=$user.root\n"), 'map-unsafe', '... another group');
is(found_with("O RunAsUser=smmsp\n"), '', 'a user whose own group may');
chown 0, 0, "$access.db";

# An entry too long for one look is found all the same.
append('/etc/passwd', 'wordy:x:4711:' . $group_id . ':' . 'x' x 5000
    . ":/nonexistent:/bin/false\n");
chown 4711, 0, "$access.db";
chmod 0600, "$access.db";
is(found_with("O RunAsUser=wordy\nO TrustedUser=wordy\n"), '',
    'a user with a long story');
# Lines for the NIS of old are nobody's.
spew('/etc/passwd', "+trusty::4711:4711:::\n+::::::\n" . slurp('/etc/passwd'));
is(found_with("O RunAsUser=wordy\nO TrustedUser=wordy\n"), '',
    '... behind a line with a plus');
# A name too long to be anybody's here.
my $name = 'n' x 80;
spew('/etc/passwd', "$name:x:4711:4711::/:/bin/false\n" . $passwd);
is(found_with("O RunAsUser=$name\nO TrustedUser=$name\n"), 'map-unsafe',
    'a user with a name of 80 letters is not known');
}
spew('/etc/passwd', $passwd);
chown 0, 0, "$access.db";
chmod 0640, "$access.db";

# ---- who is told to the log ----

my %who = (
	'alice' => 'alice', '' => 'root', 'al ice' => 'root', "\e[2Jx" => 'root',
	'x' x 64 => 'x' x 64, 'x' x 65 => 'root', "b\xc3\xb6se" => 'root',
);
cf();
for my $sudo (sort keys %who) {
	clear_mail_log();
	tlsoff_ok(@makemap, '--restart', 'none', 'client',
	    'mx' . $host++ . '.example', { env => { SUDO_USER => $sudo } });
	like(wait_log(qr/tlsoff/), qr/\b(?:by )?\Q$who{$sudo}\E\b/,
	    "SUDO_USER=" . ($sudo =~ s/[^ -~]/?/gr) . " is $who{$sudo}");
}
spew('/etc/passwd', $passwd =~ s/^\w+:[^:]*:0:.*\n//mgr);
clear_mail_log();
tlsoff_ok(@makemap, '--restart', 'none', 'client', 'mx' . $host++ . '.example',
    { env => { SUDO_USER => undef } });
like(wait_log(qr/tlsoff/), qr/uid 0/, 'a user without a name is a number');
spew('/etc/passwd', $passwd =~ s/^\w+:(?=[^:]*:0:)/r\xc3\xb6t:/mgr);
clear_mail_log();
tlsoff_ok(@makemap, '--restart', 'none', 'client', 'mx' . $host++ . '.example',
    { env => { SUDO_USER => undef } });
like(wait_log(qr/tlsoff/), qr/uid 0/, '... and one with an odd name, too');
spew('/etc/passwd', $passwd);

# ---- no cf ----

unlink '/etc/mail/sendmail.cf';
$r = tlsoff_ok('list');
like($r->{out}, qr/^\d+\s+Try_TLS:mx1\.example\s+NO\s.*in force/m,
    'without a cf the usual files are read');
system(qw(mv /etc/mail /etc/mail.gone)) == 0 or die;
spew('/etc/mail', '');
is(tlsoff('list')->{status}, 66, 'where /etc/mail is a file there is none');
unlink '/etc/mail';
mkdir '/etc/mail';
symlink 'sendmail.cf', '/etc/mail/sendmail.cf';
$r = tlsoff('list');
isnt($r->{status}, 0, 'a cf that cannot be read is not one that is not there');
like($r->{err}, qr{/etc/mail/sendmail\.cf: cannot open}, '... which is said');

done_testing();
