#!/usr/bin/perl
# The mail directory may belong to a mail user.  Whatever he plants there under
# a name that tlsoff uses, before it runs or while it runs: nothing outside is
# opened, written or given to anybody, what he planted stays for people to see,
# and text and map are changed together or not at all.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Socket::UNIX;
use POSIX qw(mkfifo);
use Time::HiRes qw(sleep);
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Site;

enter_namespace();
my $text = "Connect:127\tRELAY\n";
my $dir = '/tlsoff.test/site';
my $outside = '/tlsoff.test/outside';
my %name = (
	"the text's private directory" => '.access.tlsoff.d',
	"the map's private directory" => '.access.db.tlsoff.d',
);
# What older versions had there: never touched.
my @old_names = qw(.access.tlsoff .access.tlsoff-lock .access.db.tlsoff);

# ---- outside ----

# What is not ours to touch: a file and a directory with the very names that
# tlsoff uses.
sub make_outside {
	system 'rm', '-rf', $outside, $dir, "$dir.real";
	spew("$outside/secret", "Try_TLS:secret.example\tNO\n");
	spew("$outside/dir/$_", "of $_\n") for qw(access access.db), values %name,
	    @old_names;
	chmod 0604, "$outside/secret";
	utime 1e9, 1e9, glob("$outside/secret $outside/dir/{,.}access*");
	site($text);
	spew("$outside/dir/sendmail.cf", slurp($CF));
	return;
}

# Every file there, as one string; not how many names it has.
sub outside {
	my $all = run(['find', $outside, '!', '-type', 'd', '-printf',
	    '%p %i %m %U:%G %s %T@ %l\n']);
	return join "\n", sort(split /\n/, $all->{out}),
	    map { slurp($_) } grep { -f } glob "$outside/* $outside/dir/{,.}access*";
}

# ---- planting ----

my %plant = (
	'a link to a file' => sub { symlink "$outside/secret", $_[0] },
	'a link to a directory' => sub { symlink "$outside/dir", $_[0] },
	'a link to nothing' => sub { symlink "$outside/new", $_[0] },
	'a FIFO' => sub { mkfifo($_[0], 0666) },
	'a socket' => sub { IO::Socket::UNIX->new(Local => $_[0], Listen => 1) },
	'a device' => sub {
		spew($_[0], '');
		system(qw(mount --bind /dev/zero), $_[0]) == 0;
	},
	'a directory with a file in it' => sub {
		spew("$_[0]/sub/file", "theirs\n");
	},
	'a directory for all' => sub { mkdir $_[0]; chmod 0777, $_[0] },
	'a file' => sub { spew($_[0], "theirs\n") },
	'a second name of a file' => sub { link "$outside/secret", $_[0] },
);
# Does a trace show a descriptor of something outside?
sub opened_outside {
	my ($trace) = @_;
	return join '', grep { m{= \d+<\Q$outside\E} } lines($trace);
}

for my $where (sort keys %name) {
	for my $what (sort keys %plant) {
		make_outside();
		my $path = "$dir/$name{$where}";
		ok($plant{$what}->($path), "$what is planted as $where")
		    or BAIL_OUT("$path: $!");
		my $before = outside();
		my @before = (identity($ACCESS), identity("$ACCESS.db"), names());
		my $trace = "/tlsoff.test/trace";
		my $r = run(['strace', '-f', '-y', '-e', 'trace=open,openat,openat2,dup',
		    '-o', $trace, $TLSOFF, '-C', $CF, '-b', 'libdb', '--restart', 'none',
		    'client', 'a.example'], time_limit => 30);
		is(opened_outside($trace), '', '... nothing outside is opened');
		is($r->{status}, 73, '... exit 73') or diag($r->{err});
		like($r->{err}, qr/\Atlsoff: \Q$path\E: is in the way .*; remove it\n\z/,
		    '... the message says what to remove');
		is(outside(), $before, '... what is outside is what it was');
		is_deeply([identity($ACCESS), identity("$ACCESS.db"), names()],
		    \@before, '... nothing changed, what was planted stays');
		system 'umount', $path if $what eq 'a device';
	}
}

# ---- root's own directories, moved there ----

# A closed directory of root's, as he keeps them in his mail directory.
sub keep_directory {
	my ($path, $mode, @names) = @_;
	mkdir $path, 0700 or BAIL_OUT("$path: $!");
	spew("$path/$_", "root's\n") for @names ? @names : 'file';
	chmod $mode, $path;
	return;
}

my @nothing_to_do = (['expire'], ['remove', 'client', 'none.example'],
    ['check', '--fix']);
for my $call (@nothing_to_do, ['client', 'a.example']) {
	for my $name (sort(values %name), @old_names) {
		for my $files (['file'], ['access'], ['access.db'],
		    ['access', 'access.db'], ['access', 'file']) {
			make_outside();
			keep_directory("$dir/$name", 0700, @$files);
			my $before = identity($ACCESS);
			my $r = edit('-b', 'libdb', @$call);
			my $is_ours = $name =~ /\.d\z/;
			# check names what is called as an older version's.
			my $status = $is_ours ? 73 : "@$call" eq 'check --fix' ? 1 : 0;
			is($r->{status}, $status, "root's directory with @$files is "
			    . "$name: @$call: exit $status") or diag($r->{err});
			is(join(' ', map { -f "$dir/$name/$_" ? $_ : () } @$files), "@$files",
			    '... its files stay');
			next unless $is_ours;
			like($r->{err}, qr/\Q$name\E: is in the way and holds .*give it another name/,
			    '... the message says what to do');
			is(identity($ACCESS), $before,
			    '... and nothing changed');
		}
	}
}

# In all that shows it is what a killed run leaves; but a file in it is known
# elsewhere, too.
for my $name (sort values %name) {
	my $file = $name =~ /db/ ? 'access.db' : 'access';
	make_outside();
	keep_directory("$dir/$name", 01700, $file);
	link "$dir/$name/$file", "$outside/second" or BAIL_OUT("link: $!");
	my $r = changes_nothing("$name with a second name of its file", sub {
		return edit('-b', 'libdb', 'client', 'a.example');
	});
	is($r->{status}, 73, '... is in the way') or diag($r->{err});
	is(slurp("$dir/$name/$file"), "root's\n", '... its file stays');
	unlink "$outside/second";
	edit_ok('-b', 'libdb', 'client', 'a.example');
	is(entry('Try_TLS:a.example'), 'NO', '... and without that name goes');
}

# A file of root's under a name that an older version opened.
for my $name (@old_names) {
	make_outside();
	spew("$dir/$name", "root's\n");
	edit_ok('client', 'a.example');
	is(slurp("$dir/$name"), "root's\n", "a file under the name $name stays");
}

# ---- links in the place of the files ----

make_outside();
rename $ACCESS, "$outside/access";
rename "$ACCESS.db", "$outside/access.db";
symlink '../outside/access', $ACCESS;
symlink "$outside/access.db", "$ACCESS.db";
edit_ok('client', 'a.example');
is(readlink $ACCESS, '../outside/access', 'our own link to the text is kept');
is(readlink "$ACCESS.db", "$outside/access.db", '... and that to the map');
is(slurp("$outside/access"), $text . "Try_TLS:a.example\tNO\n",
    '... the file it leads to has the entry');
is(dump_map($CF, 'hash', "$outside/access")->{'try_tls:a.example'}, 'NO',
    '... and so has the map');

# Somebody else's: one of the machine's own, where we are not its root.
my $foreign = $ACCESS;
if (knows_one_user()
    || system("chown -h $ID{smmta} $ACCESS 2>/dev/null") != 0) {
	$foreign = '/usr/bin/awk';
	BAIL_OUT("$foreign is no link of root's") unless -l $foreign;
}
my @before = (identity("$outside/access"), identity("$outside/access.db"));
for my $call (['client', 'b.example'], ['remove', 'client', 'a.example'],
    ['expire'], ['check', '--fix'], ['check'], ['list'],
    ['explain', 'client', 'a.example'], ['-n', 'client', 'b.example']) {
	my $r = tlsoff('-C', $CF, '-f', $foreign, '-m', "hash:$ACCESS", @$call);
	is($r->{status}, 77, "@$call: a link of another user is not followed")
	    or diag($r->{out}, $r->{err});
	like($r->{err}, qr/\Q$foreign\E belongs to another user .*; name the files/,
	    '... and the message says whose');
}
is_deeply([identity("$outside/access"), identity("$outside/access.db")],
    \@before, '... and nothing changed');

for my $file ('access', 'access.db') {
	make_outside();
	link "$dir/$file", "$outside/second";
	my $r = changes_nothing("$file with two names",
	    sub { edit('client', 'a.example') });
	is($r->{status}, 73, '... exit 73');
	like($r->{err}, qr/\Atlsoff: \Q$dir\E\/$file: has 2 hard links, .*cp -p/,
	    '... and the message says why and what to do');
}

# ---- in the middle of a run ----

my $old;

# Runs tlsoff with a makemap that does COMMANDS first, in its private directory.
sub with_makemap {
	my ($commands) = @_;
	my $makemap = script('/tlsoff.test/makemap',
	    "#!/bin/sh\n[ -e /tlsoff.test/done ] || { : >/tlsoff.test/done; $commands; } >&2\n"
	    . "exec $MAKEMAP \"\$@\"\n");
	unlink '/tlsoff.test/done';
	return edit('-b', 'makemap', '--makemap', $makemap, 'client', 'a.example');
}

# Stops tlsoff behind the Nth call of SYSCALL, does CODE, and lets it go on.
sub with_stop {
	my ($syscall, $n, $code, @call) = @_;
	my $trace = '/tlsoff.test/stops';
	unlink $trace;
	my $strace = fork // die "fork: $!";
	if ($strace == 0) {
		my $r = run(['strace', '-f', '-o', $trace, '-e', "trace=$syscall",
		    '-e', "inject=$syscall:signal=SIGSTOP:when=$n", $TLSOFF, '-C', $CF,
		    '--restart', 'none', @call], time_limit => 60);
		spew('/tlsoff.test/said', $r->{err});
		POSIX::_exit($r->{status});
	}
	my $stopped = wait_for(sub {
		-e $trace && slurp($trace) =~ /^(\d+) +--- stopped by SIGSTOP/m
	}, 30);
	my ($pid) = slurp($trace) =~ /^(\d+) +--- stopped by SIGSTOP/m;
	ok($pid, "tlsoff stands still behind call $n of $syscall")
	    or BAIL_OUT(slurp($trace));
	$code->();
	kill 'CONT', $pid;
	waitpid $strace, 0;
	return { status => $? >> 8, err => slurp('/tlsoff.test/said'), out => '' };
}

# [what is done meanwhile, how, the status, what is said]
my @swaps = (
	['the mail directory becomes a link', sub {
		with_makemap("mv $dir $dir.real; ln -s $outside/dir $dir");
	}, 0],
	(map {
		my $name = $_;
		["$name becomes a link", sub {
			with_makemap("mv $dir/$name $dir/moved; ln -s $outside/dir $dir/$name");
		}, 75, qr/was moved away; try again/],
		["$name goes, and comes again", sub {
			with_makemap("mv $dir/$name $dir/moved; mkdir -m 700 $dir/$name");
		}, 75, qr/was moved away; try again/],
	} values %name),
	["the map's private directory becomes a link before libdb builds in it", sub {
		with_stop('fchmod', 2, sub {
			rename "$dir/.access.db.tlsoff.d", "$dir/moved";
			unlink "$outside/dir/access.db";
			$old = outside();
			symlink "$outside/dir", "$dir/.access.db.tlsoff.d";
		}, '-b', 'libdb', 'client', 'a.example');
	}, 75, qr/was moved away; try again/],
	(map {
		my ($n, $name) = @$_;
		["the new $name becomes a link before it is opened", sub {
			with_stop('mkdirat', $n, sub {
				rename "$dir/$name", "$dir/moved";
				symlink "$outside/dir", "$dir/$name";
			}, '-b', 'libdb', 'client', 'a.example');
		}, 73, qr/\Q$name\E: is in the way/],
		["the new $name becomes a directory of root's before it is opened", sub {
			my $r = with_stop('mkdirat', $n, sub {
				rename "$dir/$name", "$dir/moved";
				keep_directory("$dir/$name", 0500);
			}, '-b', 'libdb', 'client', 'a.example');
			is((stat "$dir/$name")[2] & 07777, 0500, 'its mode is not set');
			is(slurp("$dir/$name/file"), "root's\n", '... its file stays');
			return $r;
		}, 73, qr/\Q$name\E: is in the way and holds file, /],
	} [1, '.access.tlsoff.d'], [2, '.access.db.tlsoff.d']),
	['the map becomes a link', sub {
		with_makemap("ln -sf $outside/dir/access.db $dir/access.db");
	}, 73, qr/access\.db: is a symbolic link/],
	['the map becomes a second name of another file', sub {
		with_makemap("ln -f $outside/secret $dir/access.db");
	}, 73, qr/access\.db: has 2 hard links/],
	['the map becomes one after it was looked at', sub {
		with_stop('flock', 4, sub {
			unlink "$dir/access.db";
			link "$outside/secret", "$dir/access.db";
			$old = outside();
		}, '-b', 'libdb', 'client', 'a.example');
	}, 73, qr/access\.db: has 2 hard links/],
	['the map becomes a FIFO', sub {
		with_makemap("rm $dir/access.db; mkfifo $dir/access.db");
	}, 73, qr/access\.db: is a FIFO/],
	['the text becomes a link', sub {
		with_makemap("ln -sf $outside/secret $dir/access");
	}, 73, qr/access: is a symbolic link/],
	['the text becomes a directory', sub {
		with_makemap("rm $dir/access; mkdir $dir/access");
	}, 73, qr/access: is a directory/],
	['what make builds becomes a second name of another file', sub {
		spew("$dir/Makefile", "all:\n\t$MAKEMAP -C $CF hash access <access\n"
		    . "\tmv access.db $outside/theirs\n\tchmod 604 $outside/theirs\n"
		    . "\tln $outside/theirs access.db\n");
		my $r = edit('-b', 'make', 'client', 'a.example');
		is((stat "$outside/theirs")[2] & 07777, 0604, 'its mode is not set');
		unlink "$outside/theirs";
		return $r;
	}, 73, qr/access\.db: has 2 hard links/],
);
for my $swap (@swaps) {
	my ($what, $how, $status, $said) = @$swap;
	make_outside();
	$old = outside();
	my $r = $how->();
	is($r->{status}, $status, "$what: exit $status") or diag($r->{out}, $r->{err});
	like($r->{err}, $said, '... with the reason') if $said;
	is(outside(), $old, '... what is outside is what it was');
	my $real = -d "$dir.real" ? "$dir.real" : $dir;
	if ($status == 0) {
		is(slurp("$real/access"), $text . "Try_TLS:a.example\tNO\n",
		    '... the text is changed where it was');
		is(dump_map($CF, 'hash', "$real/access")->{'try_tls:a.example'}, 'NO',
		    '... and the map beside it');
	} elsif (-f "$real/access" && !-l "$real/access") {
		is(slurp("$real/access"), $text, '... and the text what it was');
	}
}

done_testing();
