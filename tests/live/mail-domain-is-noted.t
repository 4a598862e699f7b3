#!/usr/bin/perl
# Whoever types a mail domain where its mail host was meant is told, at a
# terminal; nobody else waits for DNS.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;
use Tlsoff::Dns;
use Tlsoff::Peers;
use Tlsoff::Terminal;
use Time::HiRes qw(time);

enter_namespace();

# A record of the name that was asked for, in hexadecimal.
sub record {
	my ($type, $data, $length) = @_;
	return 'c00c' . unpack 'H*', pack('nnNn', $type, 1, 60, $length // length $data) . $data;
}
my $mail = record(15, pack('n', 10) . "\4luna\7cheddar\3com\0");
my %answers = ( # what a server may send: records, bytes, whether it has a mail host
	'no record' => ['1', '', 0],
	'a record without an end' => ['1', 'c00c000f', 0],
	'data without an end' => ['1', record(15, 'xx', 200), 0],
	'a name without an end' => ['1', record(15, pack('n', 5) . "\4lun"), 0],
	'a name that leads to itself' => ['2', record(15, pack 'nn', 5, 0xffff) . $mail, 1],
	'data too short for a name' => ['2', record(15, pack 'n', 5) . $mail, 1],
	'another type first' => ['2', record(16, "\1x") . $mail, 1],
	'more records than there are' => ['9', $mail, 1],
);
my %named = map { ($_ => tr/ /-/r . '.raw.example') } keys %answers;
name_server(map({ "$named{$_} RAW @{$answers{$_}}[0, 1]" } keys %answers),
    'bagoona.com MX 20 backup.example', 'bagoona.com MX 10 luna.cheddar.com',
    'own.example MX 10 mx.own.example', 'itself.example MX 10 itself.example',
    'nomail.example MX 0 .', 'host.example A 192.0.2.1',
    map({ "mute$_.example SILENCE x" } 1 .. 9),
    'evil.example MX 1 $(reboot).example');
my $site = sendmail_cf('here');
my @call = ('-C', $site->{file}, '--restart', 'none');

# What is said at a terminal.
sub said {
	my (@words) = @_;
	build_map($site, "Connect:127\tRELAY\n");
	my $t = Tlsoff::Terminal->start({}, $TLSOFF, @call, @words);
	$t->wait_for(qr/never/, 20);
	$t->end();
	return $t->{seen};
}

my $mean = qr/note: bagoona\.com: its mail goes to luna\.cheddar\.com \(MX\); did you mean: tlsoff client luna\.cheddar\.com\r?$/m;
like(said('client', 'bagoona.com'), $mean, 'the mail host is named');
like(said('client', 'host.example', 'bagoona.com'), $mean, '... of one name of several');
unlike(said('client', $_), qr/did you mean/, "nothing is said of $_")
    for 'host.example', 'own.example', 'itself.example', 'nomail.example',
    'evil.example', 'none.example', '192.0.2.1';
unlike(said('client', 'bagoona.com', 'cheddar.com'), qr/did you mean/,
    '... nor where the mail host is exempted with it');
unlike(said('remove', 'client', 'bagoona.com'), qr/did you mean/, '... nor by remove');
unlike(said('server', 'bagoona.com'), qr/did you mean/, '... nor of a server');

# Whatever a name server says.
for my $what (sort keys %answers) {
	my $seen = said('client', $named{$what});
	like($seen, qr/^added/m, "$what: the change is made");
	is($seen =~ /did you mean: tlsoff client luna\.cheddar\.com/ ? 1 : 0, $answers{$what}[2],
	    '... and ' . ($answers{$what}[2] ? 'the mail host' : 'nothing') . ' is named') or diag($seen);
}

my $nobody = knows_one_user() ? 0 : $> == 0 ? (getpwnam 'nobody')[2] : $>;
my $as_root = qr/^tlsoff: DNS is asked as root: the kernel does not let us become nobody/m;
my %askers = map { $_ => 1 } dns_askers();
is("@{[keys %askers]}", $nobody, 'DNS is asked by a user without rights');
my $told = said('-v', 'client', 'bagoona.com');
knows_one_user() ? like($told, $as_root, '... or that is said')
    : unlike($told, qr/ as root/, '... and nothing is said of that');
like($told, $mean, '... and of what it says');

my $began = time;
my $seen = said('client', map { "mute$_.example" } 1 .. 9);
like($seen, qr/^added/m, 'a name server that says nothing: the change is made');
cmp_ok(time - $began, '<', 6, '... and it is not waited for, name by name');

my $before = dns_questions();
cmp_ok($before, '>', 5, 'DNS was asked');
for my $quiet (['-q'], ['-n']) {
	said(@$quiet, 'client', 'bagoona.com');
	is(scalar dns_questions(), $before, "... but not with @$quiet");
}
build_map($site, "Connect:127\tRELAY\n");
my $r = tlsoff_ok(@call, 'client', 'bagoona.com');
is($r->{err}, '', 'where standard error is no terminal nothing is said');
is(scalar dns_questions(), $before, '... and nobody is asked');

SKIP: {
	skip 'not root', 2 if $> != 0;
	must_mount('/dev/null', '/etc/passwd');
	$told = said('-v', 'client', 'bagoona.com');
	like($told, qr/^tlsoff: DNS is asked as root: there is no user nobody\r?$/m,
	    'where there is nobody, that is said');
	like($told, $mean, '... and DNS is asked all the same');
}

done_testing();
