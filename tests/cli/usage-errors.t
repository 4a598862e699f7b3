#!/usr/bin/perl
# A call that is wrong: exit 64, one line on standard error that names what is
# wrong, nothing on standard output, nothing changed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

scratch();
site("Connect:127\tRELAY\n");

# [arguments, what the message says]
my @wrong = (
	[[], qr/no verb/],
	[['frobnicate', 'a.example'],
	    qr/frobnicate: no such verb; write client, .* or version/],
	[['clinet', 'a.example'], qr/clinet: no such verb; did you mean client\?/],
	[['rm', 'client', 'a.example'], qr/rm: no such verb; did you mean remove\?/],
	[["\e[1m" . 'x' x 5000], qr/\\x1b\[1mx+: no such verb; write client/],
	# Of three letters one may be wrong: two that changed places are one mistake.
	[['--fxi', 'check'], qr/--fxi: no such option.*did you mean --fix\?/],
	[['--forse', 'client', 'a.example'],
	    qr/--forse: no such option.*did you mean --force\?/],
	[['--resart=none', 'client', 'a.example'],
	    qr/--resart=none: no such option.*did you mean --restart\?/],
	[['--co', 'x', 'client', 'a.example'],
	    qr/--co: no such option, or one of several; did you mean --config\?/],
	[['client'], qr/client: too few words/],
	[['remove'], qr/remove: too few words; write: tlsoff remove client\|server HOST/],
	[['remove', 'client'], qr/remove: too few words/],
	[['check', 'a.example'], qr/check: too many words; write: tlsoff check$/m],
	[['remove', 'a.example', 'b.example'],
	    qr/remove: client or server\?  a\.example has an entry of neither/],
	[['remove', '@'], qr/mail address/],
	[['--frobnicate', 'client', 'a.example'], qr/--frobnicate: no such option/],
	[['client', 'a.example', '-Z'], qr/-Z: no such option/],
	[['client', 'a.example', '-c'], qr/--comment: needs an argument/],
	[['client', 'a.example', '--comment'], qr/--comment: needs an argument/],
	[['--json=yes', 'client', 'a.example'], qr/--json: takes no argument/],
	[['-b', 'cdb', 'client', 'a.example'], qr/--builder: unknown.*makemap/],
	[['--restart', 'now', 'client', 'a.example'], qr/--restart: unknown.*reload/],
	[['--restart', 'none', '--restart-command', 'true', 'client', 'a.example'],
	    qr/--restart-command: contradicts --restart none/],
	[['--lock-wait', '-1', 'client', 'a.example'], qr/--lock-wait: "-1" is not a number from 0/],
	[['--lock-wait', '5s', 'client', 'a.example'], qr/--lock-wait: "5s" is not a number/],
	[['--min', '0', 'scan'], qr/--min: "0" is not a number of 1 or more/],
	[['--makemap', 'makemap', 'client', 'a.example'], qr/--makemap: give a path/],
	[['-m', 'hash', '-f', 'x', 'client', 'a.example'], qr/hash/],
	[['-c', "two\nlines", 'client', 'a.example'], qr/./],
	[['--marker', '(', 'client', 'a.example'], qr/--marker/],
	[['-c', 'why', 'remove', 'client', 'a.example'],
	    qr/--comment: has no effect with remove/],
	[['-u', '30d', 'remove', 'client', 'a.example'],
	    qr/--until: has no effect with remove/],
	[['--exact', 'remove', 'client', 'a.example'],
	    qr/--exact: has no effect with remove/],
	[['--timeout', '5', 'client', 'a.example'],
	    qr/--timeout: has no effect with client/],
	[['--hosts', 'client', 'a.example'], qr/--hosts: has no effect with client/],
	[['ls'], qr/ls: no such verb; did you mean list\?/],
	[['add', 'a.example'], qr/add: no such verb; did you mean client or server\?/],
	[['help', 'clinet'], qr/did you mean client\?/],
	[['--exit-code', 'client', 'a.example'], qr/--exit-code: .*add -n/],
	[['--sort', 'size', 'list'], qr/--sort: unknown.*line, until or key/],
	[['--expires', 'soon', 'list'], qr/--expires: no period "soon"; write days/],
	[['--warn', '0d', 'check'], qr/--warn: no period "0d"/],
	[['--color', 'blue', 'list'], qr/--color: unknown.*always/],
	[['-n', 'scan'], qr/--dry-run: has no effect with scan/],
	[['-u', '2026-02-30', 'client', 'a.example'], qr/--until: no date/],
	[['-u', '2099-13-01', 'client', 'a.example'], qr/--until: no date/],
	[['-u', '2099-1-1', 'client', 'a.example'], qr/--until: no date/],
	[['-u', '0d', 'client', 'a.example'], qr/--until: no date/],
	[['-u', '30', 'client', 'a.example'], qr/--until: no date/],
	[['-u', 'tomorrow', 'client', 'a.example'], qr/--until: no date/],
	[['-u', '2020-01-01', 'client', 'a.example'], qr/2020-01-01 is past/],
);
for my $case (@wrong) {
	my ($arguments, $message) = @$case;
	# What comes last of the defaults wins, so theirs may stand here too.
	my $r = tlsoff('-C', $CF, @$arguments);
	my $call = "@$arguments" =~ s/\n/\\n/r;
	is($r->{status}, 64, "tlsoff $call: exit 64") or diag($r->{err});
	like($r->{err}, qr/\Atlsoff: .*$message.*\n\z/, '... one line says why');
	is($r->{out}, '', '... and nothing on standard output');
}
changes_nothing('all of them', sub { return tlsoff('-C', $CF) });
is(text(), "Connect:127\tRELAY\n", 'the access file is what it was');

# Options stand anywhere; -- ends them; POSIXLY_CORRECT changes nothing.
for my $posix (undef, 1) {
	my $env = { env => { POSIXLY_CORRECT => $posix } };
	for my $call (['client', 'a.example', '-n', '-C', $CF],
	    ['client', '-n', 'a.example', "-C$CF"],
	    ["--config=$CF", '-n', 'client', '--', 'a.example'],
	    ['-nC', $CF, '--', 'client', 'a.example'],
	    ['-C', $CF, '--dry', 'client', 'a.example']) {
		my $r = tlsoff_ok(@$call, $env);
		like($r->{out}, qr/^\+Try_TLS:a\.example\tNO$/m, '... is understood');
	}
}
my $r = tlsoff('-C', $CF, 'client', '--', '-n');
is($r->{status}, 64, 'what follows -- is a host');

# --help and --version go first, whatever else is there.
for my $option (qw(-h --help -V --version)) {
	$r = tlsoff($option, '-b', 'nothing', 'frobnicate');
	is($r->{status}, 0, "$option: exit 0");
	isnt($r->{out}, '', '... and something to read');
	is($r->{err}, '', '... without a message');
}
$r = run(['/bin/sh', '-c', "exec $TLSOFF --help >/dev/full"]);
is($r->{status}, 74, 'a full disk behind standard output is exit 74');
like($r->{err}, qr/^tlsoff: standard output: /, '... and is said');
$r = run(['/bin/sh', '-c',
    "exec $TLSOFF -C $CF --restart none client closed.example <&- >&- 2>&-"]);
is($r->{status}, 0, 'closed standard streams do no harm');
like(text(), qr/^Try_TLS:closed\.example\tNO$/m, '... and the change is made');

done_testing();
