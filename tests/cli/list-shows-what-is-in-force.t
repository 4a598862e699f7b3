#!/usr/bin/perl
# list: all entries for TLS, whether each is in force and why not, with its
# comment and date.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Site;

site(<<"END");
# tlsoff until 2026-12-31: ticket 4711
Try_TLS:bagoona.com\tNO
# tlsoff: their TLS is broken
Srv_Features:cheddar.com V A S
# somebody else's comment
Try_TLS:x.example NO # why
Try_TLS:10.0.0.0/8\tNO
TRY_TLS:Bagoona.COM\tNO
Srv_Features:letters.example\tV A
Connect:192.0.2.1\tREJECT
$MARKER
# tlsoff until 2026-01-01
Srv_Features:[192.0.2.1]\tS
Srv_Features:joined.example\tVS
END

sub list { return tlsoff('-C', $CF, 'list', @_); }
sub entries {
	my $r = tlsoff('-C', $CF, '-j', 'list', @_);
	return decode_json($r->{out})->{entries};
}

my $r = list();
is($r->{status}, 0, 'list exits 0');
is($r->{err}, '', '... without a message');
is($r->{out}, <<'END', 'a table');
LINE  KEY                          VALUE     SECTION  STATE                             UNTIL       COMMENT
2     Try_TLS:bagoona.com          NO        own      in force                          2026-12-31  ticket 4711
4     Srv_Features:cheddar.com     V A S     own      in force                          -           their TLS is broken
6     Try_TLS:x.example            NO # why  own      value is not NO                   -           -
7     Try_TLS:10.0.0.0/8           NO        own      sendmail never asks for this key  -           -
8     TRY_TLS:Bagoona.COM          NO        own      duplicate of an earlier line      -           -
13    Srv_Features:[192.0.2.1]     S         managed  expired                           2026-01-01  -
14    Srv_Features:joined.example  VS        managed  value does not say S              -           -
END

my ($t, $f) = (JSON::PP::true, JSON::PP::false);
is_deeply(entries('server'), [
	{ role => 'server', kind => 'srv_features', key => 'Srv_Features:cheddar.com', value => 'V A S',
	    line => 4, managed => $f, state => 'in force', effective => $t, reason => undef,
	    comment => 'their TLS is broken', until => undef },
	{ role => 'server', kind => 'srv_features', key => 'Srv_Features:[192.0.2.1]', value => 'S',
	    line => 13, managed => $t, state => 'expired', effective => $t, reason => undef,
	    comment => undef, until => '2026-01-01' },
	{ role => 'server', kind => 'srv_features', key => 'Srv_Features:joined.example',
	    value => 'VS', line => 14, managed => $t, state => 'not in force', effective => $f,
	    reason => 'value does not say S', comment => undef, until => undef },
], 'one role as a document');
is(scalar @{ entries('client') }, 4, 'the other role');

append($ACCESS, "Try_TLS:new.example\tNO\n");
is(entries('client')->[-1]{reason}, 'the map has no such key',
    'an entry that is not in the map');
spew($ACCESS, "Try_TLS:x.example\tNO\n");
is(entries()->[0]{reason}, 'the map has another value', '... or otherwise');
unlink "$ACCESS.db";
$r = list();
like($r->{out}, qr/in force/, 'without a map the text is believed');
like($r->{err}, qr/warning: .*told by the text alone/, '... and that is said');

site('# ' . 'x' x 1021 . "Try_TLS:rest.example\tNO\n");
is(entries()->[0]{reason}, 'rest of a line that is too long',
    'the end of a long comment');

site("Connect:192.0.2.1\tREJECT\n");
$r = list();
is_deeply([@$r{qw(status out err)}], [0, '', ''], 'nothing to list: no line');
is(tlsoff('-C', $CF, '-j', 'list')->{out}, "{\"schema\":1,\"entries\":[]}\n",
    '... and an empty document');
is(list('both')->{status}, 64, 'no such role');
unlink $ACCESS;
is(list()->{status}, 66, 'no access file');

done_testing();
