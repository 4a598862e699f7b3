#!/usr/bin/perl
# The shells complete verbs, options, their values, and hosts that have an
# entry: bash and zsh at a terminal, fish by its own "complete -C", each with
# the files where "make install" puts them.  Nothing is run of what strangers
# wrote into the access file, or of what was typed before the cursor.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Terminal;

my $dir = scratch();
my $share = "$dir/usr/share";
my $r = run(['make', '-C', $TOP, "BUILD=$BUILD", "DESTDIR=$dir", 'PREFIX=/usr',
	'install'], time_limit => 600);
is($r->{status}, 0, 'make install') or BAIL_OUT($r->{err});

my $access = spew("$dir/access", <<'END');
Try_TLS:luna.bagoona.com	NO
Try_TLS:IPv6:2001:db8:0:0:0:0:0:1	NO
# tlsoff until 2999-01-01: Srv_Features:not.an.entry
Try_TLS:192.0.2	NO
Srv_Features:cheddar.com	V S
END
my $other = spew("$dir/other access", "Try_TLS:other.example\tNO\n");
spew("$dir/mail.log", '');
spew("$dir/home/.keep", '');
my @verbs = tlsoff('--help')->{out} =~ / tlsoff \[options\] ([a-z]+)/g;
my %options_of = map { $_ => [tlsoff($_, '--help')->{out}
	=~ /^  (?:-., |    )(--[a-z-]+)/mg] } @verbs;
my %known = map { $_ => 1 } map { @$_ } values %options_of;
my @options = sort keys %known;
my $cf = spew("$dir/sendmail.cf", "V10/Berkeley\nKaccess hash /none\n");
my @files = ('-C', $cf, '-f', $access, '-m', "hash:$dir/access");
my $files = join ' ', @files;
my %environment = (HOME => "$dir/home", PATH => "$dir/usr/sbin:$ENV{PATH}",
	XDG_DATA_DIRS => $share, LC_ALL => 'C.UTF-8', PS1 => 'ready> ');
delete @ENV{qw(ENV BASH_ENV ZDOTDIR XDG_CONFIG_HOME XDG_DATA_HOME)};

# ---- the shells ----

# Each gives the words that LINE becomes when its last word is completed to
# everything possible.  The line editor puts them all into the line, and what
# is then before and behind it writes them to a file.
sub at_terminal {
	my ($shell, $keys, $line) = @_;
	my $out = "$dir/words";
	unlink $out;
	$shell->type("$line$keys\x01printf '%s\\n' \x05 >'$out'; echo do''ne\n");
	$shell->wait_for(qr/done\r?\n.*ready> /s)
	    or diag("the shell hangs: $shell->{seen}");
	return -e $out ? split /\n/, slurp($out) : ();
}

spew("$dir/bashrc", <<"END");
. /usr/share/bash-completion/bash_completion
PS1='ready> '
cd '$dir'
bind 'set bell-style none'
bind 'set enable-bracketed-paste off'
END
my $bash = Tlsoff::Terminal->start(\%environment, 'bash', '--noprofile',
    '--rcfile', "$dir/bashrc", '-i');
$bash->wait_for(qr/ready> /) or BAIL_OUT("bash: $bash->{seen}");
sub bash { return at_terminal($bash, "\e*", @_) }

spew("$dir/home/.zshrc", <<"END");
PS1='ready> '
fpath=($share/zsh/site-functions \$fpath)
autoload -U compinit && compinit -u -d $dir/zcompdump
cd '$dir'
unsetopt zle_bracketed_paste prompt_cr prompt_sp
zle -C all-matches complete-word _generic
zstyle ':completion:all-matches::::' completer _all_matches _complete
zstyle ':completion:all-matches:*' insert true
zstyle ':completion:all-matches:*' old-matches false
bindkey -e
bindkey '^Xa' all-matches
END
my $zsh = Tlsoff::Terminal->start(\%environment, 'zsh', '-d', '-i');
$zsh->wait_for(qr/ready> /) or BAIL_OUT("zsh: $zsh->{seen}");
sub zsh { return at_terminal($zsh, "\x18a", @_) }

sub run_fish {
	my ($line) = @_;
	return run(['fish', '-c', 'complete -C "$argv[1]"', $line],
	    env => \%environment, dir => $dir);
}

# fish prints the words that would stand for the last one.
sub fish {
	my ($line) = @_;
	my @before = $line =~ /((?:\\.|\S)+)(?=\s)/g;
	my $r = run_fish($line);
	diag($r->{err}) if $r->{err} ne '';
	return ((map { s/\\(.)/$1/gr } @before),
	    map { s/\t.*//r } split /\n/, $r->{out});
}

# ---- what they offer ----

sub offers {
	my ($line, @expected) = @_;
	my @before = map { s/\\(.)/$1/gr } $line =~ /((?:\\.|\S)+)(?=\s)/g;
	for my $shell (qw(bash zsh fish)) {
		my @words = do { no strict 'refs'; &$shell($line) };
		# A word without completion stays as it is.
		my $typed = $line =~ /(\S+)\z/ ? $1 : '';
		my @got = splice @words, scalar @before;
		@got = () if !@expected && "@got" eq $typed;
		my $shown = $line =~ s/\Q$dir\E\///gr;
		is_deeply([sort @got], [sort @expected],
		    "$shell: '$shown' becomes "
		    . (@expected ? join ', ', @expected : 'nothing'))
		    or diag("@words");
	}
	return;
}

offers('tlsoff ', @verbs);
offers('tlsoff e', qw(explain expire));
offers('tlsoff -n exp', qw(expire explain));
offers('tlsoff --', @options);
offers('tlsoff client --re', qw(--restart --restart-command));

# Of a verb that is typed its own options alone.
offers("tlsoff $_ --", @{ $options_of{$_} }) for @verbs;
offers('tlsoff -n scan --fi');
offers('tlsoff -c scan check --fi', '--fix');
offers('tlsoff no-such-verb --fi', '--fix');
offers('tlsoff help ', @verbs);
offers('tlsoff version ');
offers('tlsoff apply mai', 'mail.log');

offers('tlsoff re', qw(remove review));
offers('tlsoff remove ', qw(client server));
offers('tlsoff explain ', qw(client server));
offers('tlsoff list s', 'server');

offers("tlsoff $files remove client ",
    qw(luna.bagoona.com 2001:db8:0:0:0:0:0:1 192.0.2));
offers("tlsoff $files remove client lu", 'luna.bagoona.com');
offers("tlsoff $files remove client 2001:d", '2001:db8:0:0:0:0:0:1');
offers("tlsoff $files remove server ", 'cheddar.com');
offers("tlsoff $files -n -c why remove client 192.0.2 lu", 'luna.bagoona.com');
offers("tlsoff remove client --access=$access --map hash:$dir/access lu",
    'luna.bagoona.com');
offers("tlsoff -f $dir/other\\ access remove client ", 'other.example');
offers("tlsoff $files explain server ", 'cheddar.com');
offers("tlsoff $files review lu", 'luna.bagoona.com');
offers("tlsoff $files explain server cheddar.com ");
offers("tlsoff -f $dir/absent remove client ");

offers('tlsoff --restart ', qw(restart reload none));
offers('tlsoff -b m', qw(makemap make));
offers('tlsoff client --builder ', qw(makemap libdb patch make));
offers('tlsoff list --color ', qw(auto always never)) if $known{'--color'};
offers('tlsoff list --sort u', 'until') if $known{'--sort'};
offers('tlsoff scan --role ', qw(client server));
offers('tlsoff --until ');
offers('tlsoff -C mai', 'mail.log');
offers('tlsoff scan mai', 'mail.log');

# ---- what they do not run ----

my $pwned = "$dir/pwned";
my @good = qw(good.example _x.example 192.0.2.7 2001:db8:0:0:0:0:0:2 2001:db9);
my @hostile = ("\$(>$pwned)", "`>$pwned`", "\${x[\$(>$pwned)]}", "a;>$pwned;",
	"a|>$pwned", "a&>$pwned", "<(>$pwned)", "=(>$pwned)", "(>$pwned)",
	"'\$(>$pwned)'", "\"\$(>$pwned)", "'", '"', '\\', '\\\\$(id)', '*', '?*', '[a]',
	'~root', '~', '$HOME', '{a,b}', '!!', '!$', '^a^b', '-n', '--force',
	'.a.example', 'a..b', 'a.example.', 'foo:bar', 'IPv6:g::1', 'a/b', "a\e[2Jb",
	"\xc3\xa4.example", 'x=y', '%1', '@a', 'a,b', '#a');
spew("$dir/hostile", map { "Try_TLS:$_\tNO\n" } map { ($hostile[$_],
    $_ < 3 ? $good[$_] : $_ < 5 ? "IPv6:$good[$_]" : ()) } 0 .. $#hostile);

sub runs_nothing {
	my ($what) = @_;
	ok(!-e $pwned, "... $what: nothing is run") or unlink $pwned;
	return;
}

# Completes the line in these shells, else in both, and in fish, and forgets it.
sub completes {
	my ($line, @shells) = @_;
	for my $shell (@shells ? @shells : ($bash, $zsh)) {
		$shell->type("$line\t\x01\x0becho do''ne\n");
		$shell->wait_for(qr/done\r?\n.*ready> /s, 10)
		    or diag("the shell hangs: $line");
	}
	run_fish($line);
	return;
}

for my $verb ('remove client', 'client', 'explain client', 'review') {
	offers("tlsoff -C $cf -f $dir/hostile $verb ", @good);
	runs_nothing("$verb, hostile keys");
}
for my $typed (q('$(>pwned)'), q("$(>pwned)"), q($(>pwned)), '`>pwned`', "'`>pwned`'",
    q(\\$\\(\\>pwned\\)), q('a;>pwned'), q(a';>pwned;'), q("${x[$(>pwned)]}"),
    q('<(>pwned)'), q('(>pwned)'), q(\\;\\>pwned), q('*'), q(~root)) {
	for my $line ("-f $typed", "--access=$typed", "-C $typed", "-m hash:$typed",
	    "-f$typed", "-c $typed", "--restart-command=$typed") {
		completes("tlsoff $line remove client lu");
		runs_nothing("$line");
	}
}

# The word at the cursor: zsh itself expands what stands there, for any command.
for my $typed (q('$(>pwned)), q("$(>pwned)), q($(>pwned)), '`>pwned`', 'a;>pwned;',
    '${x[$(>pwned)]}', '(>pwned)') {
	completes("tlsoff $_$typed", $bash)
	    for 'remove client ', '', '--restart=', '--', '-C', 'scan ';
	completes("tlsoff scan $typed/", $bash);
	completes("$typed/tlsoff ", $bash);
	runs_nothing("the last word $typed");
}
completes('"$(>pwned)"/tlsoff remove client lu');
runs_nothing('the name of the program');

# What the program says of itself: it may be another one of that name.
script("$dir/evil/tlsoff", <<"END");
#!/bin/sh
cat <<'HELP'
Usage: tlsoff [options] \$(>$pwned)
       tlsoff [options] xyzzy
  -\$, --xx NAME             a [b] \$(>$pwned): \$(>$pwned), `>$pwned`, (>$pwned)
  -y, --yy a|\$(>$pwned)|(>$pwned)  text
  -z, --zz \$(>$pwned)    \$(>$pwned)
HELP
END
for my $line ('', '-', '--', '--xx ', '--yy ', '--zz ', '-y ', 'xyzzy ') {
	local $environment{PATH} = "$dir/evil:$environment{PATH}";
	completes("$dir/evil/tlsoff $line");
	completes("tlsoff $line");
	runs_nothing("another tlsoff $line");
}

$_->end() for $bash, $zsh;
done_testing();
