#!/usr/bin/perl
# review of exemptions that cover no single host: nobody is connected to, and
# it says of each why it cannot be tried.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Site;

site(<<"END");
Try_TLS:com\tNO
Try_TLS:192.0.2\tNO
Try_TLS:\tNO
Try_TLS:x.example\tOK
Try_TLS:10.0.0.0/8\tNO
TRY_TLS:COM\tNO
Srv_Features:in.example\tS
Srv_Features:in2.example\tS
Srv_Features:out.example\tV s
END

my $r = tlsoff('-C', $CF, 'review');
like($r->{out}, qr/^Try_TLS:com \(line 1\): cannot be tried: it is a top-level domain/m,
    'a top-level domain');
like($r->{out}, qr/^Try_TLS:192\.0\.2 \(line 2\): cannot be tried: /m, 'a net');
like($r->{out}, qr/^Try_TLS: \(line 3\): cannot be tried: it covers everybody/m,
    'everybody');
unlike($r->{out}, qr/x\.example|10\.0\.0\.0|TRY_TLS/,
    'what is not in force is not reviewed');
like($r->{out}, qr/^0 of 3 exemptions of the role client can go$/m, 'none can go');
like($r->{out}, qr/^2 of the role server cannot be tried from here/m,
    'those of the other role are counted');
like($r->{out}, qr/name hosts that it covers: tlsoff review HOST/, '... with a cure');
my $status = $r->{status};

my $said = decode_json(tlsoff('-C', $CF, '-j', 'review')->{out});
is(scalar(grep { ref eq 'HASH' } map { @$_ } grep { ref eq 'ARRAY' } values %$said) > 0,
    1, 'the same as a document');
is(tlsoff('-C', $CF, '-q', 'review')->{out}, '', '-q: the exit status alone');
is(tlsoff('-C', $CF, '-q', 'review')->{status}, $status, '... which is the same');

# ---- named ----

like(tlsoff('-C', $CF, 'review', '192.0.2')->{out},
    qr/cannot be tried: it is no host/, 'a net is no host');
site("Try_TLS:a.example\tNO\n");
$r = tlsoff('-C', $CF, 'review', 'b.example');
like($r->{out}, qr/b\.example.*no exemption in force covers it/,
    'a host that is no exemption');
like(tlsoff('-C', $CF, '-j', 'review', 'b.example')->{out},
    qr/"key":null,"line":null/, '... is one without a key');
is(tlsoff('-C', $CF, 'review', 'b@example')->{status}, 64, 'what is no host at all');
site("Connect:127\tRELAY\n");
like(tlsoff('-C', $CF, 'review')->{out}, qr/^no exemptions of the role client$/m,
    'no exemption');

site("Clt_Features: stray.example S\n");
append($CF, "Sclt_features\n"
    . "R\$+\t\t\$: \$>D <\$1> <?> <! \"Clt_Features\"> <>\n");
like(tlsoff('-C', $CF, 'review')->{out},
    qr/^Clt_Features: \(line 1\): cannot be tried: a blank behind its tag/m,
    'a blank behind the tag makes it one for everybody');

done_testing();
