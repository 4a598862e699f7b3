#!/usr/bin/perl
# Debian's /etc/mail belongs to the mail user smmta, who can rename what root
# keeps there, his own links and cf included.  Whatever he puts in the place of
# access file, map or cf: no verb of root's reads it or writes through it, and
# the message says what to do.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
if (knows_one_user()) {
	ok(1, 'nobody but root can own a file here');
	done_testing();
	exit;
}
my $text = "Connect:127\tRELAY\n"
    . "# tlsoff until 2001-01-01\nTry_TLS:old.example\tNO\n";
my $mail = '/etc/mail';
debian_site($text);
# As the package leaves them: root's own links, one to a program.
unlink "$mail/aliases";
symlink '../aliases', "$mail/aliases";
script('/tlsoff.outside/lib/mail.local', "#!/bin/sh\nexit 0\n");
symlink '/tlsoff.outside/lib/mail.local', "$mail/smrsh/mail.local";
chown $ID{smmta}, $ID{smmsp}, "$mail/smrsh";
chmod 0640, "$mail/access";
my %outside = ('/etc/aliases' => "root: postmaster\n",
    '/etc/root-only.conf' => "Try_TLS:secret.example\tNO\n");
system(qw(cp -a), $mail, '/tlsoff.outside/kept') == 0 or BAIL_OUT('cp');

sub fresh {
	system("rm -rf $mail/* $mail/.[!.]* && cp -a /tlsoff.outside/kept/. $mail") == 0
	    or BAIL_OUT('cp');
	unlink glob '/etc/root-only.conf* /etc/aliases*';
	for my $path (keys %outside) {
		spew($path, $outside{$path});
		chmod 0600, $path;
	}
	return;
}

sub smmta {
	my ($commands) = @_;
	my $r = run(['setpriv', "--reuid=$ID{smmta}", "--regid=$ID{smmsp}",
	    '--clear-groups', 'sh', '-ec', "cd $mail; $commands"]);
	is($r->{status}, 0, "smmta: $commands") or BAIL_OUT($r->{err});
	return;
}

# All of what is not his, and all names there.
sub rest {
	my $names = run(['find', '/etc', '/tlsoff.outside/lib', $mail, '!', '-path',
	    '/etc/ld.so.cache', '-printf', '%p %y %i %m %U:%G %s %T@ %l\n']);
	return join '', sort(split /(?<=\n)/, $names->{out}),
	    map { slurp($_) } sort(keys %outside), '/tlsoff.outside/lib/mail.local';
}

my @verbs = (['client', 'x.example'], ['server', 'x.example'],
    ['remove', 'client', 'old.example'], ['expire'], ['check'],
    ['check', '--fix'], ['list'], ['explain', 'client', 'old.example'],
    ['-q', 'explain', 'client', 'old.example'], ['review', 'old.example'],
    ['-n', 'client', 'x.example'], ['-b', 'libdb', 'client', 'x.example'],
    ['-b', 'patch', 'client', 'x.example'], ['-b', 'make', 'client', 'x.example']);

# Every verb refuses it and changes nothing.
sub refused {
	my ($what, $said, @options) = @_;
	my $before = rest();
	for my $verb (@verbs) {
		# That reads no text.
		next if $verb->[0] eq '-q' && $said =~ m{\A$mail/access:};
		my @call = ('--restart', 'none', @options, @$verb);
		@call = grep { !/\A(?:--restart|none)\z/ } @call
		    if "@$verb" =~ /\A(?:check|list|explain|-q explain|review)\b(?!.*fix)/;
		my $r = tlsoff(@call);
		is($r->{status}, 77, "$what, @$verb: exit 77")
		    or diag($r->{out}, $r->{err});
		is($r->{err}, "tlsoff: $said\n", '... the message has the cure');
		is($r->{out}, '', '... and nothing is shown');
		is(rest(), $before, '... nothing changed') or fresh();
	}
	return;
}

sub done_by {
	my ($what, $file, @options) = @_;
	my $r = tlsoff('--restart', 'none', @options, 'client', 'x.example');
	is($r->{status}, 0, "$what: done") or diag($r->{err});
	like(slurp($file), qr/^Try_TLS:x\.example\tNO\n/m, '... in the file meant');
	is(map_value('/tlsoff.outside/kept/sendmail.cf', 'hash', $file, 'Try_TLS:x.example'),
	    'NO', '... and the map beside it');
	return;
}

my $name = 'name the files that are meant with -f FILE and -m TYPE:FILE';
my $in_his = 'stands in a directory of another user and is not followed';

# ---- links of root's under other names ----

for my $file ('access', 'access.db') {
	fresh();
	smmta("mv aliases $file");
	refused("the link to aliases is $file",
	    "$mail/$file: the symbolic link $mail/$file $in_his; $name");
	fresh();
	smmta("mv smrsh/mail.local $file");
	refused("the link to a program is $file",
	    "$mail/$file: the symbolic link $mail/$file $in_his; $name");
}
fresh();
smmta('ln -sf ../root-only.conf access');
refused('a link of his own is access', "$mail/access: the symbolic link "
    . "$mail/access belongs to another user and is not followed; $name");

# Named, both are what root says: what the link led to is his to choose.
spew("/tlsoff.outside/named/access", $text);
done_by('both files named', '/tlsoff.outside/named/access', '-f', '/tlsoff.outside/named/access',
    '-m', 'hash:/tlsoff.outside/named/access');

# A link that is root's in a directory that is root's stays and is followed.
fresh();
system('mv', $mail, '/tlsoff.outside/real') == 0 && symlink '../tlsoff.outside/real', $mail
    or BAIL_OUT('mv');
done_by("$mail is root's link", "$mail/access");
is(readlink $mail, '../tlsoff.outside/real', '... and is kept');
unlink $mail;
system('mv', '/tlsoff.outside/real', $mail) == 0 or BAIL_OUT('mv');

# ---- root's own directory under a name of ours ----

for my $name ('.access.tlsoff.d', '.access.db.tlsoff.d', '.access.db.tlsoff') {
	fresh();
	spew("$mail/peers/$_", "root's\n") for qw(provider access access.db);
	chmod 0700, "$mail/peers";
	smmta("mv peers $name");
	my $before = identity("$mail/access") . identity("$mail/access.db");
	my $is_ours = $name =~ /\.d\z/;
	for my $verb (['expire'], ['remove', 'client', 'none.example'],
	    ['check', '--fix'], ['client', 'x.example']) {
		my $r = tlsoff('--restart', 'none', @$verb);
		is(join(' ', map { slurp("$mail/$name/$_") }
		    qw(provider access access.db)), "root's\n root's\n root's\n",
		    "root's peers is $name, @$verb: its files stay");
		next if !$is_ours;
		is($r->{status}, 73, '... exit 73') or diag($r->{out}, $r->{err});
		like($r->{err}, qr/\Atlsoff: $mail\/\Q$name\E: is in the way and holds/,
		    '... the message says why');
		is(identity("$mail/access") . identity("$mail/access.db"), $before,
		    '... nothing changed');
	}
}

# ---- another cf ----

my $cf = "$mail/sendmail.cf";
my $lines = slurp($cf);
my $not_his = 'so what it says does not count; give it to root, mode 644, or '
    . 'name another with -C FILE';
my $outside = $lines =~ s{^Kaccess .*}{Kaccess hash /etc/root-only.conf}mr;

for my $options ([], ['-C', $cf], ['-C', $cf, '-f', "$mail/access",
    '-m', "hash:$mail/access"]) {
	fresh();
	unlink '/tlsoff.outside/his.cf';
	spew('/tlsoff.outside/his.cf', $outside);
	smmta("rm -f sendmail.cf; cp /tlsoff.outside/his.cf sendmail.cf");
	refused("a cf of his own, options @$options",
	    "$cf: belongs to another user, $not_his", @$options);
}
fresh();
chmod 0664, $cf;
refused('a cf that its group can write',
    "$cf: can be written by other users, $not_his");
smmta('mv aliases sendmail.cf');
refused('a link as the cf',
    "$cf: the symbolic link $cf $in_his; name the file with -C FILE");

# A cf of root's that names files outside may be one that was put in its place.
for my $path ('/etc/root-only.conf', "$mail/../root-only.conf",
    '/tlsoff.outside/way/root-only.conf') {
	fresh();
	symlink '/etc', '/tlsoff.outside/way';
	spew($cf, $lines =~ s{^Kaccess .*}{Kaccess hash $path}mr);
	my $said = "$cf: stands in a directory that other users can change, so "
	    . "%s, which is outside it, is not taken from it; $name";
	refused("the cf names $path", sprintf $said, '/etc/root-only.conf');
	refused("the cf names $path, -f alone",
	    sprintf($said, '/etc/root-only.conf.db'), '-f', $path);
	done_by("the cf names $path, -f and -m", '/etc/root-only.conf',
	    '-f', $path, '-m', "hash:$path");
	fresh();
	spew($cf, $lines =~ s{^Kaccess .*}{Kaccess hash $path}mr);
	done_by("the cf names $path, -m says so, too", '/etc/root-only.conf',
	    '-m', "hash:$path");
	fresh();
	spew($cf, $lines =~ s{^Kaccess .*}{Kaccess hash $path}mr);
	done_by("the cf names $path, -f another", "$mail/access",
	    '-f', "$mail/access");
}
fresh();
mkdir "$mail/db";
spew("$mail/db/access", $text);
spew($cf, $lines =~ s{^Kaccess .*}{Kaccess hash $mail/db/../db/access}mr);
done_by('the cf names a file below', "$mail/db/access");

# A link of his joins no files: what is published is what was named.
fresh();
spew('/tlsoff.outside/named/access', $text);
smmta("ln -sf /tlsoff.outside/named/access access; ln -sf /tlsoff.outside/named/access.db access.db");
done_by('-f, where he has a link to it', '/tlsoff.outside/named/access',
    '-f', '/tlsoff.outside/named/access');
done_by('-m, where he has a link to it', '/tlsoff.outside/named/access',
    '-m', 'hash:/tlsoff.outside/named/access');

# Without a cf there are the usual files.
fresh();
unlink $cf;
done_by('no cf', "$mail/access");

done_testing();
