#!/usr/bin/perl
# Who trusts what: a user without root on his own files that his group may
# write, the same one as root of a user namespace, and root below a sticky /tmp.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;

enter_namespace();
my $text = "Connect:127\tRELAY\n";
my ($user, $other) = (4711, 4712);
my $program = '/tlsoff.outside/tlsoff';
system('cp', $TLSOFF, $program) == 0 or BAIL_OUT('cp');
if (knows_one_user()) {
	ok(1, 'nobody but root can own a file here');
	done_testing();
	exit;
}

# A site of $OWNER's in DIR, a directory of that mode: real/ has the files, and
# way/ links to them.
sub site {
	my ($dir, $owner, $mode) = @_;
	system('rm', '-rf', $dir);
	spew("$dir/sendmail.cf", "V10/Berkeley\nKaccess hash -o $dir/access\n");
	spew("$dir/real/access", $text);
	symlink 'real/access', "$dir/access";
	symlink "$dir/real/access.db", "$dir/access.db";
	symlink 'sendmail.cf', "$dir/cf";
	chmod 0664, "$dir/sendmail.cf", "$dir/real/access";
	chmod 02775, "$dir/real";
	system('chown', '-hR', "$owner:$owner", $dir) == 0 or BAIL_OUT('chown');
	chmod $mode, $dir;
	return;
}

sub as {
	my ($uid, $before, @call) = @_;
	return run(['setpriv', "--reuid=$uid", "--regid=$uid", '--clear-groups',
	    @$before, 'sh', '-c', 'umask 002; exec "$@"', 'sh', $program,
	    '-b', 'libdb', '--restart', 'none', @call]);
}

sub is_done {
	my ($what, $dir, $r) = @_;
	is($r->{status}, 0, "$what: done") or diag($r->{out}, $r->{err});
	is(slurp("$dir/real/access"), "${text}Try_TLS:a.example\tNO\n",
	    '... in the text that the link leads to');
	ok(-l "$dir/access" && -l "$dir/access.db", '... and the links are kept');
	return;
}

sub is_refused {
	my ($what, $said, $r) = @_;
	is($r->{status}, 77, "$what: exit 77") or diag($r->{out}, $r->{err});
	like($r->{err}, $said, '... and says why');
	return;
}

# ---- a user without root ----

my @add = ('client', 'a.example');
my $home = '/tlsoff.outside/home';
site($home, $user, 02775);
is_done('a user and his group', $home,
    as($user, [], '-C', "$home/sendmail.cf", @add));
site($home, $user, 02775);
is_done('a link to his cf', $home, as($user, [], '-C', "$home/cf", @add));
site($home, $user, 02775);
chown $other, $other, "$home/sendmail.cf";
is_done("another user's cf, which he names", $home,
    as($user, [], '-C', "$home/sendmail.cf", @add));
system('cp', '-p', "$home/sendmail.cf", '/etc/mail/sendmail.cf') == 0 or die;
is_refused('the same, found where it always is',
    qr{/sendmail\.cf: belongs to another user, .* -C FILE$}, as($user, [], @add));
unlink '/etc/mail/sendmail.cf';
site($home, $user, 0777);
is_refused('his files where everybody can write',
    qr{access stands in a directory that other users can write to},
    as($user, [], '-C', "$home/sendmail.cf", @add));
site($home, $other, 0755);
is_refused("another user's link",
    qr{access belongs to another user and is not followed},
    as($user, [], '-C', "$home/sendmail.cf", '-n', @add));

# ---- root of a user namespace ----

# Where users may make none, as in a chroot, nobody is such a root either.
my @unshare = ('unshare', '-r');
if (as($user, [@unshare, 'true'])->{status} == 0) {
	site($home, $user, 02775);
	is_done('unshare -r', $home,
	    as($user, [@unshare], '-C', "$home/sendmail.cf", @add));
	site($home, $other, 0755);
	is_refused("unshare -r, another user's link",
	    qr{access belongs to another user and is not followed},
	    as($user, [@unshare], '-C', "$home/sendmail.cf", '-n', @add));
}

# ---- root ----

site($home, 0, 0755);
chmod 0755, "$home/real";
is_refused('root, and a cf that its group can write',
    qr{can be written by other users}, as(0, [], '-C', "$home/sendmail.cf", @add));
chmod 0644, "$home/sendmail.cf";
is_done("root, and his own", $home, as(0, [], '-C', "$home/sendmail.cf", @add));
chmod 0775, $home;
is_refused('root, where his group can write',
    qr{access stands in a directory that other users can write to},
    as(0, [], '-C', "$home/sendmail.cf", @add));

# Below a sticky directory that everybody can write to.
my $tmp = '/tlsoff.outside/tmp';
site($tmp, 0, 01777);
chmod 0755, "$tmp/real";
chmod 0644, "$tmp/sendmail.cf";
is_done('root, in a sticky directory', $tmp,
    as(0, [], '-C', "$tmp/cf", @add));
system('chown', '-h', $other, "$tmp/access.db");
is_refused("root, and another user's link in it",
    qr{access\.db belongs to another user and is not followed},
    as(0, [], '-C', "$tmp/cf", @add));
site($tmp, 0, 01777);
chown $other, $other, "$tmp/sendmail.cf";
is_refused("root, and another user's cf in it", qr{belongs to another user},
    as(0, [], '-C', "$tmp/cf", @add));
# What the cf may name is not bound to this directory: nobody moved it there.
site($tmp, 0, 01777);
site($home, 0, 0755);
chmod 0755, "$tmp/real", "$home/real";
spew("$tmp/sendmail.cf", "Kaccess hash -o $home/access\n");
chmod 0644, "$tmp/sendmail.cf";
is_done('root, a cf in it that names a file elsewhere', $home,
    as(0, [], '-C', "$tmp/sendmail.cf", @add));

done_testing();
