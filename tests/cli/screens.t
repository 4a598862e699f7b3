#!/usr/bin/perl
# What a person sees, at terminals of 80, 120 and 200 columns: the screens in
# tests/cli/screens, NAME-WIDTH each, of the calls below.  No line is longer than
# the terminal.  After a wanted change: SCREENS=new prove tests/cli/screens.t, and
# read the diff.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;
use Tlsoff::Terminal;

my $screens = "$FindBin::Bin/screens";
site(slurp("$screens/access"));
my $log = scratch() . '/log';
spew($log, slurp("$screens/log"));

# NAME => [words of the call]
my %calls = (
	list => ['list'],
	'list-verbose' => ['-v', 'list', 'client'],
	scan => ['scan', $log],
	check => ['check', '--warn', '100w'],
	explain => ['explain', 'client', 'luna.bagoona.com'],
	'dry-run' => ['-n', '-c', 'why', 'client', 'mx.new.example'],
	help => ['help'],
	'help-remove' => ['help', 'remove'],
);

# What the terminal shows of it.
sub screen {
	my ($width, $environment, @words) = @_;
	my $t = Tlsoff::Terminal->start({ TERMINAL_WIDTH => $width, LC_ALL => 'C.UTF-8',
	    TZ => 'UTC', %$environment }, 'sh', '-c', '"$@"; echo done.', 'sh', $TLSOFF, '-C', $CF,
	    @words);
	ok($t->wait_for(qr/done\.\r\n/), "@words, at $width columns");
	$t->end();
	my $scratch = scratch();
	return $t->{seen} =~ s/\r\n/\n/gr =~ s/done\.\n//r =~ s{\Q$scratch\E}{/scratch}gr;
}

sub columns { my ($line) = @_; utf8::decode($line); return length $line; }

for my $name (sort keys %calls) {
	for my $width (80, 120, 200) {
		my $seen = screen($width, {}, @{ $calls{$name} });
		my $file = "$screens/$name-$width";
		spew($file, $seen) if ($ENV{SCREENS} // '') eq 'new';
		is($seen, -e $file ? slurp($file) : undef, '... is the screen of the file');
		next if $name !~ /\A(?:list|scan)\z/;
		# Commands to copy are whole.
		my ($table) = $seen =~ /\A(.*?)(?:^$|\z)/ms;
		is_deeply([grep { columns($_) > $width } split /\n/, $table], [],
		    '... and no line of the table is wider');
	}
}

# ---- what is cut is whole elsewhere ----

my $long = 'inbound-mail-gateway-cluster-07.europe-west.long-provider.example';
unlike(screen(80, {}, 'list'), qr/\Q$long\E/, 'a long name is cut');
like(screen(80, {}, '-v', 'list'), qr/\Q$long\E/, '... and whole with -v');
like(screen(240, {}, 'scan', $log), qr/^server .* \Q$long\E +192/m,
    '... and where the terminal has room for it');
like(tlsoff('-C', $CF, 'list')->{out}, qr/\Q$long\E.*\n(?:.*\n)*.*\bown\b/, '... in a pipe');
like(tlsoff('-C', $CF, '-j', 'list')->{out}, qr/\Q$long\E/, '... and in JSON');
like(screen(80, { LC_ALL => 'C' }, 'list'), qr/ Try_TLS:inbound[\w-]+\.\.\. /,
    'a terminal that knows no UTF-8 gets three dots');
like(screen(80, {}, 'list') . screen(20, {}, 'list'), qr/^\d/m, 'the narrowest shows something');

# A serial line does not say how wide it is.
my $wide = slurp("$screens/list-120");
is(screen(0, { COLUMNS => '120' }, 'list'), $wide, 'COLUMNS, where the terminal says nothing');
is(screen(0, { COLUMNS => $_ }, 'list'), slurp("$screens/list-80"), "... 80 where it is \"$_\"")
    for '', '0', '-3', 'wide';
is(screen(120, { COLUMNS => '80' }, 'list'), $wide, '... which goes first');

# ---- colors ----

my $red = qr/\e\[31m/;
my %xterm = (TERM => 'xterm');
unlike(screen(80, {}, 'list'), qr/\e/, 'a dumb terminal has no color');
like(screen(80, \%xterm, 'list'), $red, 'another has');
unlike(screen(80, { %xterm, NO_COLOR => '1' }, 'list'), qr/\e/, 'NO_COLOR');
like(screen(80, { %xterm, NO_COLOR => '1' }, '--color=always', 'list'), $red,
    '... which --color overrules');
unlike(screen(80, \%xterm, '--color', 'never', 'list'), qr/\e/, '--color never');
like(screen(80, { %xterm, NO_COLOR => '' }, '--color', 'auto', 'list'), $red,
    'an empty NO_COLOR is none');
unlike(tlsoff('-C', $CF, 'list')->{out}, qr/\e/, 'no color in a pipe');
like(tlsoff('-C', $CF, '--color', 'always', 'list')->{out}, $red, '... but with --color always');
like(screen(80, \%xterm, 'explain', 'client', 'luna.bagoona.com'),
    qr/^\e\[33mTLS is off when we connect to luna\.bagoona\.com\e\[0m$/m, 'the verdict of explain');

# A diff, as git shows one.
like(screen(80, \%xterm, '-n', 'remove', 'client', 'luna.bagoona.com'),
    qr/^\e\[31m-Try_TLS:luna\.bagoona\.com\tNO\e\[0m$/m, 'what a diff takes out');
my $diff = screen(80, \%xterm, '-n', 'client', 'mx.new.example');
like($diff, qr/^\e\[32m\+Try_TLS:mx\.new\.example\tNO\e\[0m$/m, '... and puts in');
like($diff, qr/\A\e\[1m--- .*\e\[0m\n\e\[1m\+\+\+ .*\e\[0m\n@@/, '... and its head');

my $t = Tlsoff::Terminal->start({}, 'env', '-u', 'TERM', 'sh', '-c', '"$@"; echo done.', 'sh',
    $TLSOFF, '-C', $CF, 'list');
$t->wait_for(qr/done\./);
$t->end();
like($t->{seen}, $red, 'a terminal that nobody named has color');

# ---- what strangers wrote into the file ----

my $odd = "# \e[2J \xc3\xa4\r\nConnect:127\tRELAY\n";
site($odd);
like(screen(80, {}, '-n', 'client', 'a.example'),
    qr/^ # \\x1b\[2J \\xc3\\xa4\\x0d\n Connect:127\tRELAY\n\+Try_TLS/m,
    'a diff sends a terminal nothing that steers it');
like(tlsoff('-C', $CF, '-n', 'client', 'a.example')->{out},
    qr/^ \# \e\[2J \xc3\xa4\r\n/m, '... and a pipe the very bytes');

# ---- nothing to show ----

site("Connect:127\tRELAY\n");
is(screen(80, {}, 'list'), "no exemptions\n", 'no exemptions');
is(screen(80, {}, 'check'), "nothing wrong\n", 'nothing wrong');
is(screen(80, {}, '-q', 'check') . screen(80, {}, '-q', 'list'), '', '... but with -q');
is(tlsoff('-C', $CF, $_)->{out}, '', "nothing of $_ in a pipe") for qw(list check);

site("# tlsoff until 2999-12-31: why\nTry_TLS:a.example\tNO\n");
is(screen(80, {}, 'list', 'server'), "no exemptions of the role server\n",
    'there may be others: of the other role');
is(screen(80, {}, 'list', '--expired'), "no exemptions past their date\n", '... with a date to come');
is(screen(80, {}, '-q', 'list', '--expired'), '', '... but with -q');
like(screen(80, {}, 'list', 'client', '--expires', '1d'),
    qr/\Ano exemptions of the role client that end by \d{4}-\d\d-\d\d\n\z/, '... with a later one');
like(screen(80, {}, 'check', '--warn', '1d'), qr/\Anothing wrong\n\z/, 'nothing ends soon');

done_testing();
