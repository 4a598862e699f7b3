#!/usr/bin/perl
# explain: the keys in sendmail's order, the entry that decides, the verdict,
# as lines and as one document, and in the exit status.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Site;

site(<<"END");
Try_TLS:bagoona.com\tNO
Try_TLS:ok.bagoona.com\tOK
Srv_Features:cheddar.com\tV S x2 so ,
Srv_Features:192.0.2\ttemp
$MARKER
Try_TLS:2001:db8\tNO
Try_TLS:IPv6:2001:db8\tNO
END

sub asked { return tlsoff('-C', $CF, 'explain', @_); }
sub json {
	my $r = tlsoff('-C', $CF, '-j', 'explain', @_);
	return (decode_json($r->{out}), $r->{status});
}

my $r = asked('client', 'luna.bagoona.com', '123.45.67.89');
is($r->{status}, 0, 'off: exit 0');
is($r->{out}, <<'END', 'each key tried, the decider with its line, the verdict');
tried Try_TLS:luna.bagoona.com: no entry
tried Try_TLS:bagoona.com: NO
decided by Try_TLS:bagoona.com NO (line 1)
TLS is off when we connect to luna.bagoona.com
END
is($r->{err}, '', '... and no word more');

$r = asked('client', 'a.ok.bagoona.com', '192.0.2.1');
is($r->{status}, 1, 'on: exit 1');
like($r->{out}, qr/^decided by Try_TLS:ok\.bagoona\.com OK \(line 2\)$/m,
    '... by the exemption');

$r = asked('server', 'x.cheddar.com', '192.0.2.1');
is($r->{out}, <<'END', 'letters in words');
tried Srv_Features:x.cheddar.com: no entry
tried Srv_Features:cheddar.com: V S x2 so ,
decided by Srv_Features:cheddar.com V S x2 so , (line 3)
  V: no client certificate is requested
  S: STARTTLS is not offered
  x2: EXPN is offered
  so: no effect
  ,: no effect
TLS is off when x.cheddar.com connects to us
END

$r = asked('server', 'x.example', '192.0.2.7');
is($r->{status}, 75, 'a session put off: exit 75');
like($r->{out}, qr/turned away with 450/, '... in words');

my ($said, $status) = json('client', 'LUNA.bagoona.com.', '123.45.67.89');
is_deeply($said, { schema => 1, comment => undef, until => undef,
	expired => JSON::PP::false, role => 'client', host => 'luna.bagoona.com',
	address => '123.45.67.89', tls => 'off', kind => 'try_tls',
	key => 'Try_TLS:bagoona.com',
	value => 'NO', line => 1, managed => JSON::PP::false,
	text_agrees => JSON::PP::true, letters => [], warnings => [],
	tried => ['Try_TLS:luna.bagoona.com', 'Try_TLS:bagoona.com'] },
    'the whole document');
is($status, 0, '... with the same exit status');

($said) = json('client', '2001:db8::1');
is($said->{key}, 'Try_TLS:IPv6:2001:db8', 'an IPv6 address finds its net');
is($said->{line}, 7, '... on its line');
ok($said->{managed}, '... in the managed section');
is($said->{tried}[0], 'Try_TLS:[IPv6:2001:db8:0:0:0:0:0:1]',
    '... and has its address in brackets for a name');
is($said->{host}, 'IPv6:2001:db8:0:0:0:0:0:1', '... as sendmail writes it');
($said) = json('client', 'x.example', '2001:db8::');
is($said->{address}, 'IPv6:2001:db8:0:0:0:0:0:0', 'an ADDRESS may end in ::');

($said, $status) = json('client', 'x.example', '10.0.0.1');
is($status, 1, 'nothing found: on');
is_deeply([@$said{qw(key value line)}], [undef, undef, undef], '... by no key');
is($said->{tried}[-1], 'Try_TLS:', '... the bare tag is tried last');

($said) = json('server', '[192.0.2.9]');
is_deeply([@{ $said->{tried} }[0, 1, -2, -1]], ['Srv_Features:[192.0.2.9]',
	'Srv_Features:[192.0.2]', 'Srv_Features:192.0.2.9',
	'Srv_Features:192.0.2'],
    'a client without a name: brackets first');
is_deeply(json_of('client', 'com')->{tried}, ['Try_TLS:com', 'Try_TLS:'],
    'a single label needs no --force');
sub json_of { return (json(@_))[0]; }

for my $case ([['client'], 'few'], [['client', 'a', '1.2.3.4', 'x'], 'many'],
    [['remove', 'a.example'], 'no role'], [['client', 'a@b.example'], 'mail'],
    [['client', ''], 'list shows everybody'], [['client', 'a.example', ''], 'no address'],
    [['client', 'a.example', 'b.example'], 'no address'],
    [['client', 'a.example', '192.0.2'], 'no address'],
    [['client', '192.0.2', '192.0.2.1'], 'belongs to one host']) {
	my $bad = asked(@{ $case->[0] });
	is($bad->{status}, 64, "explain @{ $case->[0] }: usage");
	like($bad->{err}, qr/\Q$case->[1]/, '... in words');
	is($bad->{out}, '', '... and no output');
}

changes_nothing('explain', sub { asked('client', 'luna.bagoona.com') });

done_testing();
