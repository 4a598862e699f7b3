#!/usr/bin/perl
# explain of nets, of everybody, of addresses however they are written, of
# values that put mail off, and of a text that cannot be read.
use strict;
use warnings;
use Fcntl ':flock';
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Site;

sub asked { return tlsoff('-C', $CF, 'explain', @_) }
sub json {
	my $r = tlsoff('-C', $CF, '-j', 'explain', @_);
	return decode_json($r->{out});
}

site(<<"END");
Srv_Features:192.0.2\tS
Try_TLS:temp.example\ttemp
Srv_Features:temp.example\ttemp
TLS_Srv:off.example\tOK
TLS_Rcpt:free.example\tOK
TLS_Rcpt:b.example\tENCR:112
TLS_Rcpt:a.example\tVERIFY
Try_TLS:off.example\tNO
$MARKER
Try_TLS:managed.example\tNO
Srv_Features:2001:db8:0:0:0:0:0:0\tS
Srv_Features:IPv6:2001:db8:0:0:0:0:0:0\tS
Try_TLS:tmpf.example\t<TMPF>
END

my $r = asked('server', '192.0.2');
is($r->{status}, 0, 'a net');
like($r->{out}, qr/^TLS is off when 192\.0\.2 connects to us$/m,
    '... has an answer');
like($r->{err}, qr/the net itself was asked for/, '... and a word of warning');
$r = asked('client', 'tmpf.example');
like($r->{out}, qr/^TLS is not used .* tmpf\.example: sendmail logs 451 and sends in clear$/m,
    'a client whose value is a temporary failure');
$r = asked('client', '');
is($r->{status}, 64, 'everybody cannot be asked for');
like($r->{err}, qr/\Atlsoff: .*the empty name means everybody; .*\n\z/,
    '... and a line says what to ask instead');
like(asked('client', 'managed.example')->{out},
    qr/\(line 10, in the managed section\)$/m, 'an entry of the managed section');
like(asked('client', 'temp.example')->{out}, qr/temp\.example/,
    'a value that puts mail off');
like(asked('server', 'temp.example', '192.0.3.1')->{out},
    qr/^temp\.example is turned away with 450/m, '... or turns a client away');
like(asked('client', 'off.example')->{err},
    qr/TLS_Rcpt:b\.example ENCR:112 \(line 6\) bounces/,
    'of the recipients that demand TLS the first is named');

for my $address (qw(2001:db8:: IPv6:2001:db8:: ipv6:2001:db8::)) {
	my $said = json('server', 'x.example', $address);
	is($said->{address}, 'IPv6:2001:db8:0:0:0:0:0:0', "the address $address");
	is($said->{tls}, 'off', '... is asked for');
}
is(asked('server', 'x.example', $_)->{status}, 64, "\"$_\" is no address")
    for ('::x::', 'zz::', '::', ':', '192.0.2::') [0, 1, 3, 4];
append($CF, "O UseCompressedIPv6Addresses=true\n");
is(json('server', 'x.example', '2001:db8::')->{address}, 'IPv6:2001:db8::',
    'compressed where the cf says so');

# ---- verdict alone ----

$r = tlsoff('-C', $CF, '-q', '-j', 'explain', 'client', 'off.example');
is(decode_json($r->{out})->{line}, 8, '-q -j is the whole document');

# ---- a text that is none ----

site("Try_TLS:off.example\tNO\n");
unlink $ACCESS;
mkdir $ACCESS;
$r = asked('client', 'off.example');
cmp_ok($r->{status}, '>=', 64, 'a directory for a text');
like($r->{err}, qr/^tlsoff: \Q$ACCESS\E: /, '... which is said');
rmdir $ACCESS;

# ---- a map that another program is writing ----

site("Try_TLS:off.example\tNO\n");
open my $locked, '<', "$ACCESS.db" or die $!;
flock $locked, LOCK_EX or die $!;
$r = tlsoff('-C', $CF, 'explain', 'client', 'off.example');
is($r->{status}, 69, 'a map that stays locked is no answer');
like($r->{err}, qr/locked by another program/, '... and it is said');
like(tlsoff('help', 'explain')->{out}, qr/^  69  .*locked/m, '... in the help, too');
close $locked;

# ---- a map that is none ----

spew($CF, "V10/Berkeley\nKaccess hash -T<TMPF> /no/such/directory/access\n");
spew($ACCESS, "Try_TLS:off.example\tNO\n");
$r = tlsoff('-C', $CF, '-f', $ACCESS, '-m', 'hash:/no/such/directory/access',
    'explain', 'client', 'off.example');
is($r->{status}, 75, 'a map in no directory');
like($r->{err}, qr{/no/such/directory/access\.db: cannot open}, '... is named');

done_testing();
