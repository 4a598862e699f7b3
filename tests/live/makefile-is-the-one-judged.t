#!/usr/bin/perl
# -b make runs a Makefile with root's rights, in a directory that may belong to
# the mail user: so make is given the one that was judged, and nothing that he
# puts beside it, and one that he can write is refused.  With GNU make and BSD
# make.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $text = "Connect:127\tRELAY\n";
my $mail = '/etc/mail';
my $site = debian_site($text);
my $debian = slurp("$mail/Makefile");
# In the shape of FreeBSD's.
my $freebsd = <<'END';
SENDMAIL_MAP_SRC += mailertable access
.for _f in ${SENDMAIL_MAP_SRC}
.if exists(${_f})
SENDMAIL_MAP_OBJ += ${_f}.db
.endif
.endfor
all: ${SENDMAIL_MAP_OBJ}
access.db: access
	/usr/sbin/makemap hash ${.TARGET} < ${.ALLSRC}
	chmod 0640 ${.TARGET}
END
my $pwned = '/tlsoff.test/pwned';
my $planted = "all:\n\ttouch $pwned\naccess.db: all\n";
# BSD make reads this one beside another, and runs a command while it does.
my $depend = "X != touch $pwned\n";

# By either make; "use" puts another Makefile there.
sub runs {
	my ($what, $use) = @_;
	spew($site->{access}, $text);
	build_map($site, $text);
	$use->();
	my $r = tlsoff('-b', 'make', '--restart', 'none', 'client', 'a.example');
	ok(!-e $pwned, "$what: nothing of it is run") or unlink $pwned;
	return $r;
}

sub is_done {
	my ($what, $use) = @_;
	my $r = runs($what, $use);
	is($r->{status}, 0, '... it is done') or diag($r->{out}, $r->{err});
	is(dump_map($site->{file}, 'hash', $site->{access})->{'try_tls:a.example'},
	    'NO', '... and in the map');
	return;
}

sub is_refused {
	my ($what, $status, $said, $use) = @_;
	my $r = runs($what, $use);
	is($r->{status}, $status, "... exit $status") or diag($r->{out}, $r->{err});
	is($r->{err}, "tlsoff: $said\n", '... which is said, and what to do');
	is(slurp($site->{access}), $text, '... the text is what it was');
	return;
}

sub planted_names {
	my ($make, @names) = @_;
	for my $name (@names) {
		is_done("$make: a planted $name", sub {
			spew("$mail/$name", $name eq '.depend' ? $depend : $planted);
		});
		unlink "$mail/$name";
	}
	return;
}

is_done("Debian's own", sub { });
planted_names('GNU make', qw(GNUmakefile makefile .depend BSDmakefile));

my $cure = "make it a file of root's or your own, mode 644, or use another"
    . ' builder than make';
is_refused('one that its group can write', 77,
    "$mail/Makefile: can be written by other users; $cure",
    sub { spew("$mail/Makefile", $planted); chmod 0664, "$mail/Makefile" })
    unless knows_one_user();
is_refused('one that all can write', 77,
    "$mail/Makefile: can be written by other users; $cure",
    sub { spew("$mail/Makefile", $planted); chmod 0646, "$mail/Makefile" });
is_refused('a directory', 77, "$mail/Makefile: is not a regular file; $cure",
    sub { unlink "$mail/Makefile"; mkdir "$mail/Makefile" });
rmdir "$mail/Makefile";
is_refused('none under that name', 66,
    "$mail/Makefile: cannot open: No such file or directory",
    sub { spew("$mail/GNUmakefile", $planted) });
unlink "$mail/GNUmakefile";
# Nobody but root can own a file in a namespace with one user.
if (!knows_one_user()) {
	is_refused('one of his own', 77,
	    "$mail/Makefile: belongs to another user; $cure", sub {
		spew("$mail/Makefile", $planted);
		chown $ID{smmta}, $ID{smmsp}, "$mail/Makefile";
	    });
	is_refused('a link of his own', 77, "$mail/Makefile: the symbolic link "
	    . "$mail/Makefile belongs to another user and is not followed; $cure",
	    sub {
		unlink "$mail/Makefile";
		spew("/tlsoff.test/planted", $planted);
		symlink '/tlsoff.test/planted', "$mail/Makefile";
		system('chown', '-h', 'smmta', "$mail/Makefile");
	    });
}
unlink "$mail/Makefile";

# A Makefile may be kept elsewhere, where both directories are root's.
chown 0, 0, $mail;
is_done("root's own link", sub {
	spew('/tlsoff.test/debian/Makefile', $debian);
	symlink '/tlsoff.test/debian/Makefile', "$mail/Makefile";
});
unlink "$mail/Makefile";
chown $ID{smmta}, $ID{smmsp}, $mail;

# ---- BSD make ----

my ($bmake) = grep { -x } '/usr/bin/bmake', '/usr/local/bin/bmake';
my ($make) = grep { -x } '/usr/bin/make', '/bin/make';
system(qw(mount --bind), $bmake, $make) == 0 or BAIL_OUT("mount $bmake");
spew("$mail/Makefile", $freebsd);
is_done("FreeBSD's", sub { });
planted_names('BSD make', qw(BSDmakefile GNUmakefile makefile .depend));
# It would build there.
spew('/tlsoff.test/outside/access.db', 'theirs');
symlink '/tlsoff.test/outside', "$mail/obj";
is_done('BSD make: a link to a directory named obj', sub { });
is(slurp('/tlsoff.test/outside/access.db'), 'theirs', '... nothing is written there');

done_testing();
