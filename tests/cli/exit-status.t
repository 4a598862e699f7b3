#!/usr/bin/perl
# Exit statuses that are no usage errors: a script can tell them apart, and
# nothing was changed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

my $dir = scratch();
site("Connect:127\tRELAY\n");

sub ends {
	my ($status, $message, @call) = @_;
	my $r = tlsoff(@call);
	is($r->{status}, $status, "exit $status: $message") or diag($r->{err});
	like($r->{err}, qr/\Atlsoff: .*$message/, '... with a message');
	is($r->{out}, '', '... and nothing on standard output');
	return;
}

ends(66, 'nowhere', '-C', "$dir/nowhere", 'client', 'a.example');
ends(66, 'absent', '-C', $CF, '-f', "$dir/site/absent", 'client', 'a.example');
spew("$dir/plain.cf", "V10/Berkeley\nO TrustedUser=root\n");
ends(78, 'access map', '-C', "$dir/plain.cf", 'client', 'a.example');
ends(69, 'makemap', '-C', $CF, '-b', 'makemap', '--makemap',
    "$dir/no/makemap", '--restart', 'none', 'client', 'a.example');
is(text(), "Connect:127\tRELAY\n", 'the access file is what it was');
is(names(), 'access access.db sendmail.cf', 'and alone');

# Root may do everything, so somebody else asks; the program may stand where
# only root can go, so it is open already.
my $as = $> == 0 ? 'setpriv --reuid=65534 --regid=65534 --clear-groups' : '';
open my $program, '<', $TLSOFF or die "$TLSOFF: $!";
fcntl $program, 2, 0 or die "fcntl: $!"; # F_SETFD: keep it over exec
chmod 0, $ACCESS or die "chmod: $!";
my $said = `$as /proc/self/fd/@{[fileno $program]} -C $CF --makemap $MAKEMAP --restart none client a.example 2>&1`;
my $status = $? >> 8;
SKIP: {
	skip 'nobody else can run this program', 2 if !others_can_run();
	is($status, 77, 'exit 77: no permission');
	like($said, qr/\Atlsoff: .*access.*: Permission denied; run it as root$/m,
	    '... with a message, and the cure');
}
SKIP: {
	skip 'this machine has a sendmail', 2
	    if -e '/etc/mail/access' || -e '/etc/mail/sendmail.cf';
	my $r = run([$TLSOFF, 'list']);
	is($r->{status}, 66, 'exit 66: no sendmail, no file');
	like($r->{err}, qr{^tlsoff: /etc/mail/access: .*; is sendmail installed\?  Name the file with -f$}m,
	    '... and what to do');
}
chmod 0644, $ACCESS or die "chmod: $!";

# Another one at work: exit 75 at once, or wait for it.
# Not where it only reads a map, which it does in a sandbox.
my $slow = script("$dir/slow", "#!/bin/sh\ncase \" \$* \" in *' -u '*) ;;\n"
    . "*) : >$dir/begun; sleep 2 ;;\nesac\nexec $MAKEMAP \"\$@\"\n");
my @call = ('-C', $CF, '--restart', 'none', '-b', 'makemap');
my $pid = fork // die "fork: $!";
if ($pid == 0) {
	my $r = tlsoff(@call, '--makemap', $slow, 'client', 'slow.example');
	require POSIX;
	POSIX::_exit($r->{status});
}
for (1 .. 500) {
	last if -e "$dir/begun";
	select undef, undef, undef, 0.02;
}
ends(75, '(?i:lock|another)', @call, '--lock-wait', '0', 'client', 'b.example');
tlsoff_ok(@call, 'client', 'c.example');
waitpid $pid, 0;
is($?, 0, 'the first one succeeded');
is(text(), "Connect:127\tRELAY\nTry_TLS:slow.example\tNO\n"
    . "Try_TLS:c.example\tNO\n", 'and so did the one that waited');
is(names(), 'access access.db sendmail.cf', 'no lock or new file is left');

done_testing();
