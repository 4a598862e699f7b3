#!/usr/bin/perl
# The shells complete verbs, options, their values, and hosts that have an
# entry: bash and zsh at a terminal, fish by its own "complete -C", each with
# the files where "make install" puts them.
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
my %known = map { $_ => 1 }
    map { tlsoff($_, '--help')->{out} =~ /^  (?:-., |    )(--[a-z-]+)/mg } @verbs;
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

# fish prints the words that would stand for the last one.
sub fish {
	my ($line) = @_;
	my @before = $line =~ /((?:\\.|\S)+)(?=\s)/g;
	my $r = run(['fish', '-c', 'complete -C "$argv[1]"', $line],
	    env => \%environment, dir => $dir);
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
offers('tlsoff scan --role ', qw(client server));
offers('tlsoff --until ');
offers('tlsoff -C mai', 'mail.log');
offers('tlsoff scan mai', 'mail.log');

$_->end() for $bash, $zsh;
done_testing();
