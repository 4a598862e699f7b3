#!/usr/bin/perl
# Where the file system does not let text or map be replaced, a clear word says
# why and what to do; nothing changed and nothing is left over.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Site;

enter_namespace();
my $dir = '/tlsoff.test/site';
my @strace = ('strace', '-f', '-qq', '-o', '/tlsoff.test/trace');
my @call = ($TLSOFF, '-C', "$dir/sendmail.cf", '--restart', 'none');

sub must_run {
	my $r = run([@_]);
	is($r->{status}, 0, "@_") or BAIL_OUT($r->{err});
	return;
}

# Is a change refused with STATUS and a message like SAID, and what stands in
# the directory what it was?
sub refused {
	my ($what, $status, $said, @command) = @_;
	my $r = changes_nothing($what, sub { run([@command, 'client', 'a.example']) });
	is($r->{status}, $status, "... exit $status") or diag($r->{err});
	like($r->{err}, qr/\Atlsoff: $said\n\z/, '... and the message says it');
	is($r->{out}, '', '... and nothing is said to be done');
	return;
}

for my $builder (qw(makemap libdb)) {
	my @build = (@call, '-b', $builder);
	for my $name ('access', 'access.db') {
		site("Connect:127\tRELAY\n");
		my $file = "$dir/$name";

		must_run('cp', '-p', $file, '/tlsoff.test/elsewhere');
		must_run('mount', '--bind', '/tlsoff.test/elsewhere', $file);
		refused("$builder: $name is a bind mount", 73,
		    qr/\Q$file\E: is a mount point .*; name the file that is mounted there/,
		    @build);
		must_run('umount', $file);

		# What chattr +i does; not everybody's file system or rights have it.
		# The text is renamed first, the map second.
		refused("$builder: $name is immutable", 77,
		    qr/\Q$file\E: cannot be replaced: Operation not permitted; see .*lsattr.*/,
		    @strace, '-e', 'trace=renameat2', '-e',
		    'inject=renameat2:error=EPERM:when=' . ($name eq 'access' ? 1 : 2),
		    @build);
		if (run(['chattr', '+i', $file])->{status} == 0) {
			my $r = edit('-b', $builder, 'client', 'a.example');
			run(['chattr', '-i', $file]);
			is($r->{status}, 77, "$builder: chattr +i $name: exit 77");
			like($r->{err}, qr/\Q$file\E: cannot be replaced: .*lsattr/,
			    '... says so');
			is(text(), "Connect:127\tRELAY\n", '... and changes nothing');
			is(names(), 'access access.db sendmail.cf', '... nor leaves a thing');
		}
	}

	site("Connect:127\tRELAY\n");
	must_run('mount', '--bind', $dir, $dir);
	must_run('mount', '-o', 'remount,bind,ro', $dir);
	refused("$builder: a read-only file system", 73,
	    qr/\Q$dir\E\/\.access\.tlsoff\.d: cannot create: Read-only file system/,
	    @build);
	my $r = edit('-n', 'client', 'a.example');
	is($r->{status}, 0, '... where -n works') or diag($r->{err});
	is(tlsoff('-C', $CF, 'list')->{status}, 0, '... and list works');
	must_run('umount', $dir);

	# NFS without its lock daemon, and a file system without locks.
	for my $error (qw(ENOLCK EOPNOTSUPP)) {
		refused("$builder: flock fails with $error", 71,
		    qr/\Q$dir\E\/\.access\.tlsoff\.d: its file system has no locks .*; run tlsoff where .*/,
		    @strace, '-e', 'trace=flock', '-e', "inject=flock:error=$error", @build);
	}
	# A file system that cannot exchange two files does it by a plain rename.
	for my $error (qw(EINVAL ENOSYS)) {
		site("Connect:127\tRELAY\n");
		$r = run([@strace, '-e', 'trace=renameat2', '-e',
		    "inject=renameat2:error=$error", @build, 'client', 'a.example']);
		is($r->{status}, 0, "$builder: no exchange ($error): done all the same")
		    or diag($r->{err});
		is(entry('Try_TLS:a.example'), 'NO', '... and in the map');
		is(names(), 'access access.db sendmail.cf', '... and nothing is left');
	}
}

# Without /dev a standard stream that is closed must not become a file of ours.
system(qw(mount -t tmpfs empty /dev)) == 0 or BAIL_OUT('no empty /dev');
for my $closed ('', '<&-', '>&-', '2>&-', '<&- >&-', '<&- 2>&-', '>&- 2>&-',
    '<&- >&- 2>&-') {
	my @sh = ('sh', '-c', "exec \"\$@\" $closed", 'sh');
	site("Connect:127\tRELAY\n");
	my $r = run([@sh, @call, '-b', 'libdb', '-v', 'client', 'a.example']);
	ok($r->{status} == 0 || ($closed =~ />&-/ && $r->{status} == 74),
	    "no /dev, closed: '$closed': done") or diag($r->{err});
	is(text(), "Connect:127\tRELAY\nTry_TLS:a.example\tNO\n",
	    '... and no message is in the text');
	is(entry('Try_TLS:a.example'), 'NO', '... the entry is in the map');
	is(names(), 'access access.db sendmail.cf', '... and nothing is left');
}
site("Connect:127\tRELAY\n");
refused('makemap without /dev/null', 71,
    qr{/dev/null: cannot open: No such file or directory}, @call, '-b', 'makemap');

done_testing();
