#!/usr/bin/perl
# -j: one document with the names of the manual, whatever happened; nothing on
# standard output when nothing could be done.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;
use JSON::PP;

scratch();
site("Try_TLS:old.example\tOK\nTo:broken\nTry_TLS:bagoona.com\tNO\n"
    . "$MARKER\nTry_TLS:moved.example\tNO\n");

sub document {
	my ($r) = @_;
	is(() = $r->{out} =~ /\n/g, 1, 'one line');
	my $d = eval { decode_json($r->{out}) };
	isnt($d, undef, 'that is JSON') or diag($r->{out}, $@);
	return $d;
}
my @hosts = qw(new.example old.example moved.example luna.bagoona.com);

my $d = document(edit_ok('-j', '-n', 'client', @hosts));
is(join(' ', sort keys %$d), 'changed changes diff map schema service warnings',
    'names with -n');
like($d->{diff}, qr/^\+Try_TLS:new\.example\tNO$/m, 'the diff is in it');
is_deeply($d->{map}, { path => "$ACCESS.db", builder => undef,
	entries => undef, proven => undef }, 'no map was built');

my $r = edit_ok('-j', 'client', @hosts);
$d = document($r);
is(join(' ', sort keys %$d), 'changed changes map schema service warnings', 'names');
is($d->{changed}, JSON::PP::true, 'changed is a boolean');
is(join(' ', map { $_->{action} } @{ $d->{changes} }),
    'added changed moved unchanged', 'what became of each host, in order');
for my $change (@{ $d->{changes} }) {
	is(join(' ', sort keys %$change), 'action comment companion expires key kind line reason role value',
	    "names of $change->{key}");
	is($change->{role}, 'client', '... its role');
	is($change->{kind}, 'try_tls', '... its kind');
	next if !defined $change->{line};
	like((lines($ACCESS))[$change->{line} - 1], qr/^\Q$change->{key}\E\t/,
	    '... its line') if $change->{action} ne 'unchanged';
}
is($d->{changes}[0]{key}, 'Try_TLS:new.example', 'the key');
is($d->{changes}[0]{value}, 'NO', 'the value');
is($d->{changes}[0]{reason}, undef, 'no reason is null');
like($d->{changes}[3]{reason}, qr/bagoona\.com/, 'a reason is text');
is_deeply($d->{map}, { path => "$ACCESS.db", builder => 'makemap',
	entries => 4, proven => JSON::PP::true }, 'the map');
is_deeply($d->{service}, { action => 'none', by => undef }, 'the service');
is(scalar @{ $d->{warnings} }, 1, 'one warning');
like($d->{warnings}[0], qr/^\Q$ACCESS\E:2: key "To:broken"/, '... says which line');
like($r->{err}, qr/^tlsoff: warning: \Q$ACCESS\E:2: /m, '... and people see it too');

$d = document(edit_ok('-jq', 'client', @hosts));
is($d->{changed}, JSON::PP::false, 'the second time nothing is changed');
is_deeply($d->{map}, { path => "$ACCESS.db", builder => undef,
	entries => 4, proven => JSON::PP::true }, '... and no map was built');

$d = document(edit_ok('-j', '-u', '2099-12-31', 'client', 'new.example'));
is($d->{changes}[0]{expires}, '2099-12-31', 'the day it ends');
$d = document(edit_ok('-j', 'client', 'new.example'));
is("$d->{changes}[0]{action} $d->{changes}[0]{expires}", 'unchanged 2099-12-31',
    '... also where it is there already');
$d = document(edit_ok('-j', 'remove', 'client', 'new.example', 'none.example'));
is($d->{changes}[0]{expires}, undef, '... and none when it is gone');
is(join(' ', map { $_->{action} } @{ $d->{changes} }), 'removed unchanged',
    'remove');
$d = document(edit_ok('-j', 'client', '-'));
is_deeply($d->{changes}, [], 'no hosts, no changes');

# Odd bytes come out as JSON all the same.
site("Try_TLS:odd.example\tNO \xff\"\\\x01\n");
$d = document(edit_ok('-j', '-n', 'client', 'odd.example'));
like($d->{diff}, qr/\x{fffd}"\\\x01/, 'bytes that are no UTF-8 are replaced');

# What else a change brings stands in the order of the file, however often.
my @below = map { "Clt_Features:h$_.deep.example" } 1 .. 8;
site(join('', map { "$_\tA\n" } @below));
my $plain = slurp($CF);
append($CF, "O DANE=true\nSclt_features\n"
    . "R\$+\t\t\$: \$>D <\$1> <?> <! \"Clt_Features\"> <>\n");
$d = document(edit_ok('-j', '-n', 'client', 'deep.example'));
is_deeply([map { $_->{key} } grep { $_->{action} eq 'changed' } @{ $d->{changes} }],
    \@below, 'companions below a domain, in order');
spew($CF, $plain);
site("Try_TLS:odd.example\tNO\n");

for my $call (['client', '@'], ['client'], ['-m', 'x', 'client', 'a.example'],
    ['--strict', '-f', '/nonexistent/access', 'client', 'a.example']) {
	$r = tlsoff('-C', $CF, '-j', @$call);
	isnt($r->{status}, 0, "-j @$call fails");
	$d = document($r);
	is_deeply($d, { schema => 1, error => { status => $r->{status},
		text => ($r->{err} =~ /\Atlsoff: (.*)\n/)[0] } }, '... and says so');
}

# A restart that fails: the document says what was done, the status that.
my $fails = script(scratch() . '/fails', "#!/bin/sh\nexit 3\n");
$r = tlsoff('-C', $CF, '-j', '--restart-command', $fails, 'client', 'a.example');
is($r->{status}, 69, 'a restart command that fails is exit 69');
$d = document($r);
is($d->{changed}, JSON::PP::true, '... the change is made');
is($d->{service}{action}, 'failed', '... and the service failed');
is($d->{error}{status}, 69, '... which it says');
like($d->{error}{text}, qr/the change is in place/, '... as people are told');
like($r->{err}, qr/^tlsoff: sendmail: .*the change is in place, but sendmail is not back$/m,
    '... says the message');

# Wrong options, too, wherever -j stands.
for my $call (['-j', '--frob', 'list'], ['--frob', 'list', '--json'], ['-j', '-n', 'scan']) {
	$r = tlsoff(@$call);
	is(document($r)->{error}{status}, 64, "@$call is told");
}
# What says yes or no is no failure.
$r = tlsoff('-C', $CF, '-j', 'explain', 'client', 'on.example');
is($r->{status}, 1, 'TLS is on');
ok(!exists document($r)->{error}, '... which is no error');

done_testing();
