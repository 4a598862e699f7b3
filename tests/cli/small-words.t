#!/usr/bin/perl
# Options and words that are seldom given, each with what it does.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Site;

site("Try_TLS:a.example\tNO\nTry_TLS:[abc\tNO\nTry_TLS:g.example.\tNO\n");

# list
my $r = tlsoff('-C', $CF, '-j', 'list');
my %reason = map { $_->{key} => $_->{reason} // '' }
    @{ decode_json($r->{out})->{entries} };
is($reason{'Try_TLS:[abc'}, 'sendmail never asks for this key',
    'half a bracket is no address');
is($reason{'Try_TLS:g.example.'}, 'sendmail never asks for this key',
    'a dot at the end is one too many');
is(tlsoff('-C', $CF, 'list', { env => { PATH => undef } })->{status}, 0,
    'list needs no makemap');
$r = tlsoff('-C', $CF, '-f', $ACCESS, '-m', 'hash:/no-such-map.tlsoff', 'list');
is($r->{status}, 0, 'a map in / that is not there') or diag($r->{err});
like($r->{err}, qr{warning: .*/no-such-map\.tlsoff\.db}, '... is named');

# explain
my $said = decode_json(tlsoff('-C', $CF, '-j', 'explain', 'client', '192.0.2.1',
	'192.0.2.2')->{out});
is($said->{address}, '192.0.2.2', 'an address may be called by another');
is($said->{tried}[0], 'Try_TLS:[192.0.2.1]', '... and its name goes first');

# --restart
$r = tlsoff('-C', $CF, '--makemap', $MAKEMAP, '--restart', 'restart', 'client',
    'b.example');
is($r->{status}, 0, '--restart restart') or diag($r->{err});
like($r->{out}, qr/not running/, '... starts no sendmail that does not run');

# what is noted of a host
$r = edit_ok('-n', 'client', '2001:db8::');
like($r->{err}, qr/^tlsoff: note: .*taken as the net 2001:db8/m,
    'how an address was understood');
is(edit_ok('-n', '-q', 'client', '2001:db8::')->{err}, '', '... not with -q');

# words that are none
for my $word ('x' x 300, '--' . 'x' x 300) {
	$r = tlsoff('-C', $CF, $word);
	is($r->{status}, 64, 'a word of 300 letters');
	unlike($r->{err}, qr/did you mean/, '... looks like no other');
}

# scan
my $log = scratch() . '/log';
my $stamp = '2026-11-23T12:00:00Z mx sm-mta';
spew($log, "$stamp\[7]: ruleset=tls_server, arg1=SOFTWARE, relay=sure.example, "
    . "reject=454 4.7.0 TLS handshake failed.\n"
    . "$stamp\[9]: w1: to=<a\@b.example>, delay=00:00:01, xdelay=00:00:01, "
    . "mailer=esmtp, pri=3, relay=hint.example. [192.0.2.1], dsn=4.7.0, "
    . "stat=Deferred: 403 4.7.0 TLS handshake failed.\n");
sub hosts { return join ' ', sort split /\n/, tlsoff('scan', '--hosts', @_)->{out} }
is(hosts($log), 'hint.example sure.example', 'scan tells hints, too');
is(hosts('--confirmed', $log), 'sure.example', '... but not with --confirmed');
$r = tlsoff('-m', 'hash:/no/such/map', 'scan', $log);
is($r->{status}, 0, 'a map that is named and not there is no failure of scan');
like($r->{err}, qr{^tlsoff: .*/no/such/map}m, '... but told');
is(hosts($log, { env => { map { $_ => undef } qw(LC_ALL LC_CTYPE LANG) } }),
    'hint.example sure.example', 'without a locale');

done_testing();
