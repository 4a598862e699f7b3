#!/usr/bin/perl
# The values of options: what is no number, no day, no path is refused with what
# to write instead, and nothing is changed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use POSIX ();
use Tlsoff;
use Tlsoff::Site;

site("Try_TLS:a.example\tNO\n");

sub refused {
	my ($like, @arguments) = @_;
	my $r = edit('-n', @arguments, 'client', 'new.example');
	my $name = substr join(' ', @arguments), 0, 60;
	is($r->{status}, 64, "$name: refused") or diag($r->{out});
	like($r->{err}, qr/^tlsoff: [^\n]*$like[^\n]*\n\z/, '... in words');
	is($r->{out}, '', '... and nothing is planned');
	return;
}

# ---- numbers ----

for my $number ('', 'x', '12x', '-1', '+1', ' 1', '/', ':', '86401',
    '99999999999999999999999') {
	refused(qr/--lock-wait: "[^"]*" is not a number from 0 to 86400/, '--lock-wait',
	    $number);
}
for my $number (qw(0 86400)) {
	is(edit('-n', '--lock-wait', $number, 'client', 'new.example')->{status},
	    0, "--lock-wait $number");
}

# ---- days ----

sub until_day {
	my ($text) = @_;
	my $r = edit('-n', '-u', $text, 'client', 'new.example');
	is($r->{status}, 0, "--until $text") or diag($r->{err});
	return $r->{out} =~ /^\+# tlsoff until (\S+)$/m ? $1 : $r->{out};
}
sub day { return POSIX::strftime('%Y-%m-%d', localtime(time + 86400 * $_[0])) }

my $before = day(1);
my $said = until_day('1d');
ok($said eq $before || $said eq day(1), '1d is tomorrow');
is(until_day('2400-02-29'), '2400-02-29', 'a leap day of a year of 400');
is(until_day('2096-02-29'), '2096-02-29', 'and of one of four');
is(until_day('9999-12-31'), '9999-12-31', 'the last day');
ok(until_day('36500d') gt '2120-', 'a hundred years of days');
refused(qr/--until: no date "\Q$_\E"/, '-u', $_)
    for qw(2100-02-29 2097-02-29 2096-02-30 2096-13-01 2096-00-10 2096-04-31
    2096-01-00 2096-01-32 2096-01-01x 2096/01/01 20960101 tomorrow 0d -1d d
    36501d 30 30x 30dd 99999999999999999999d), '/d', ':d';
refused(qr/--until: 2001-01-01 is past/, '-u', '2001-01-01');

# ---- the path of makemap ----

refused(qr/--makemap: give a path/, '--makemap', 'makemap');
refused(qr/--makemap: path too long/, '--makemap', 'x/' x 2100 . 'makemap');
my $here = scratch() . '/bin';
script("$here/makemap", "#!/bin/sh\nexec '$MAKEMAP' \"\$@\"\n");
my $r = edit('-v', '--makemap', './makemap', 'client', 'new.example',
    { dir => $here });
is($r->{status}, 0, 'a relative path of makemap') or diag($r->{err});
like($r->{out} . $r->{err}, qr{makemap: \Q$here\E/\./makemap$}m,
    '... is taken from where the command was given');
$r = run(['sh', '-c', 'mkdir gone && cd gone && rmdir ../gone && exec "$@"',
	'sh', $TLSOFF, '-C', $CF, '--makemap', './makemap', 'list'],
    dir => scratch());
is($r->{status}, 66, 'and from a directory that is gone it cannot be');
like($r->{err}, qr/--makemap: working directory/, '... in words');
$r = run(['sh', '-c', 'mkdir gone && cd gone && rmdir ../gone && exec "$@"',
	'sh', $TLSOFF, '-C', 'sendmail.cf', 'list'], dir => scratch());
isnt($r->{status}, 0, 'nor a cf');
like($r->{err}, qr/sendmail\.cf: current directory/, '... in words');

# ---- how long ago ----

my $log = scratch() . '/log';
my %made = (0 => 'now', 3000 => 'minutes', 5 * 3600 => 'hours',
    3 * 86400 => 'days', 10 * 86400 => 'weeks');
spew($log, map { POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime(time - $_ - 600))
	. " mx sm-mta[7]: ruleset=tls_server, arg1=SOFTWARE, relay=$made{$_}"
	. ".example, reject=454 4.7.0 TLS handshake failed.\n" }
    sort { $b <=> $a } keys %made);
sub since {
	my $found = tlsoff('-j', 'scan', '--since', $_[0], $log);
	is($found->{status}, 0, "--since $_[0]") or diag($found->{err});
	return join ' ', sort map { $_->{host} =~ s/\.example//r }
	    @{ decode_json($found->{out})->{hosts} };
}
is(since('30m'), 'now', 'half an hour');
is(since('2h'), 'minutes now', 'two hours');
isnt(since('today') =~ /now/ || since('yesterday') =~ /now/, '', 'today and yesterday');
unlike(since('yesterday'), qr/days|weeks/, '... begin at a midnight');
is(since('1d'), 'hours minutes now', 'a day');
is(since('1w'), 'days hours minutes now', 'a week');
is(since('2w'), 'days hours minutes now weeks', 'two weeks');
for my $since (qw(5 d -5d 1000001d 99999999999999999999d 7dd 7y 2026-02-30
    2026-13-01 2026-01-01T25:00 tomorrow), '') {
	$r = tlsoff('scan', '--since', $since, $log);
	is($r->{status}, 64, "--since $since: refused");
	like($r->{err}, qr/^tlsoff: --since: no date "[^"]*"; write 2026-12-31/, '... in words');
}

done_testing();
