#!/usr/bin/perl
# review, against real servers: which exemptions are no longer needed.  Those
# that work are real sendmails with a good, an expired and a self-signed
# certificate; the others fail in every way a handshake can.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;
use Tlsoff::Peers;
use JSON::PP;

enter_namespace();
# A machine without any IPv4 address but loopback's looks no name up in IPv4.
add_address('198.51.100.1');

# ---- peers ----

my $ca = certificate_authority();
my $address = 10;
my %at;

sub at { my ($name) = @_; return $at{$name} //= '127.0.0.' . $address++; }

# A real sendmail with this certificate.
sub real_peer {
	my ($name, $certificate, @cf) = @_;
	my $site = sendmail_cf($name, address => at($name), tls => 1, @cf);
	$certificate->("$site->{dir}/key.pem", "$site->{dir}/cert.pem");
	build_map($site, "Connect:127\tRELAY\n");
	start_daemon($site);
	add_host(at($name), "$name.example");
	return;
}

real_peer(good => sub { signed_certificate($ca, @_) });
real_peer(expired => sub { signed_certificate($ca, @_,
	'20200101000000Z', '20200201000000Z') });
real_peer(itself => sub { }); # signed by itself
real_peer(old => sub { },
    cf => "O CipherList=ALL:\@SECLEVEL=0\n"
    . "O ServerSSLOptions=+SSL_OP_NO_TLSv1_2 +SSL_OP_NO_TLSv1_3\n");
real_peer('plain' => sub { unlink @_ });

for my $manner (qw(garbage close refuse hang mute)) {
	add_host(at($manner), "$manner.example");
	bad_peer(at($manner), $manner);
}
add_host(at('nobody'), 'nobody.example');
add_host('2001:db8::25', 'six.example');
bad_peer('2001:db8::25', 'garbage');

# ---- all exemptions ----

my @names = map { "$_.example" } qw(good expired itself old plain garbage
    close nobody nowhere);
my $cf = sendmail_cf('us', tls => 1);
my $text = join('', map { "Try_TLS:$_\tNO\n" } @names)
    . "Try_TLS:192.0.2\tNO\n"
    . "Try_TLS:IPv6:2001:db8:0:0:0:0:0:25\tNO\n"
    . 'Try_TLS:' . at('good') . "\tNO\n"
    . "Try_TLS:commented.example\tNO # why\n"
    . "Try_TLS:[127.0.0.1]\tNO\n"
    . "Try_TLS:example\tNO\n"
    . "Srv_Features:192.0.2.1\tS\n";
build_map($cf, $text);
my @site = ('-C', $cf->{file});
my @before = map { identity($_) } $cf->{access}, $cf->{map_file};

my $r = tlsoff(@site, 'review');
is($r->{status}, 1, 'something can go: exit 1') or diag($r->{err});
is($r->{err}, '', '... and nothing on standard error, which is no terminal');
my %said = map { /^(\S+) \(line \d+\): (.*)/ ? ($1 => $2) : () }
    split /\n/, $r->{out};

sub says {
	my ($key, $pattern, $what) = @_;
	return like($said{$key} // 'nothing at all', $pattern, $what);
}

says('Try_TLS:good.example', qr/^handshake works \(TLSv1\.[23]\); no longer needed: tlsoff remove client good\.example /,
    'a good peer: the exemption can go, by this command');
says('Try_TLS:expired.example', qr/^handshake works \(TLSv1.*certificate has expired.*\); no longer needed/,
    'an expired certificate is told, and does not matter to sendmail');
says('Try_TLS:itself.example', qr/^handshake works \(TLSv1.*self.signed certificate.*\); no longer needed/,
    'nor does one that is signed by itself');
says('Try_TLS:old.example', qr/^still needed: in the handshake: /,
    'a peer that knows only an obsolete protocol still needs it');
says('Try_TLS:garbage.example', qr/^still needed: .*not TLS/,
    'so does one that answers STARTTLS with garbage');
says('Try_TLS:close.example', qr/^still needed: .*hangs up/,
    '... or hangs up');
says('Try_TLS:plain.example', qr/^without effect now: STARTTLS is not offered/,
    'one that does not offer STARTTLS is told apart');
says('Try_TLS:nobody.example', qr/^not reached: Connection refused/,
    'so is one where nobody listens');
says('Try_TLS:nowhere.example', qr/^gone from DNS: there is no such name; .*tlsoff remove client nowhere\.example$/,
    'a name that is gone is called so, and its removal proposed');
says('Try_TLS:192.0.2', qr/^cannot be tried: it is a net/, 'nor can a net');
like($r->{out}, qr/^Try_TLS:\[127\.0\.0\.1\] \(line \d+\), 127\.0\.0\.1: not reached: /m,
    'the address of those without a name is tried, and no removal of it proposed');
like(tlsoff(@site, 'review', '127.0.0.1')->{out},
    qr/^Try_TLS:\[127\.0\.0\.1\] \(line \d+\), 127\.0\.0\.1: not reached: /m,
    '... named, too');
says('Try_TLS:example', qr/^cannot be tried: it is a top-level domain/,
    'nor one for a whole top-level domain');
says('Try_TLS:IPv6:2001:db8:0:0:0:0:0:25', qr/^still needed: .*not TLS/,
    'an IPv6 address is tried');
says('Try_TLS:' . at('good'), qr/^handshake works.*tlsoff remove client \Q@{[at('good')]}\E\z/,
    'so is an IPv4 address');
ok(!exists $said{'Try_TLS:commented.example'},
    'an entry that is not in force is not tried');
like($r->{out}, qr/^4 of 14 exemptions of the role client can go, 1 is gone from DNS$/m,
    'how many can go');
like($r->{out}, qr/^1 of the role server cannot be tried from here: they connect to us$/m,
    'the role server is told of');
is_deeply([map { identity($_) } $cf->{access}, $cf->{map_file}], \@before,
    'nothing was changed');

# ---- sendmail agrees ----

# Without any exemption: "tls" where sendmail itself delivers so, "fails" where
# the mail waits for want of a handshake.
build_map($cf, "# no exemption\n");
sub sendmail_finds {
	my ($name) = @_;
	clear_mail_log();
	send_mail($cf, 'us@test.example', "someone\@$name.example");
	my $log = wait_log(qr/ us\[\d+\]: .*stat=/, 60);
	my $tls = $log =~ / us\[\d+\]: STARTTLS=client, relay=\Q$name\E\.example/;
	return 'tls' if $tls && $log =~ / us\[\d+\]: .*stat=Sent/;
	return 'fails' if $log =~ / us\[\d+\]: .*stat=Deferred: .*TLS handshake/;
	return "neither:\n$log";
}
for my $name (qw(good expired itself)) {
	is(sendmail_finds($name), 'tls',
	    "what works for review ($name), works for sendmail");
}
for my $name (qw(old garbage close)) {
	is(sendmail_finds($name), 'fails',
	    "what is broken for review ($name), is for sendmail");
}

# ---- some hosts ----

build_map($cf, "Try_TLS:example\tNO\nTry_TLS:192.0.2\tNO\n"
    . "Try_TLS:good.example\tNO\n");
$r = tlsoff(@site, 'review', 'itself.example', 'close.example', 'other.test');
is($r->{status}, 1, 'hosts that are named: one of them works, exit 1');
like($r->{out}, qr/^Try_TLS:example \(line 1\), itself\.example: handshake works.*covers other hosts/m,
    '... of the broader entry no command says that it can go');
unlike($r->{out}, qr/good\.example/, '... others are not tried');
like($r->{out}, qr/^other\.test: cannot be tried: no exemption in force covers it$/m,
    '... a host that none covers is not tried either');
$r = tlsoff(@site, 'review', 'close.example');
is($r->{status}, 0, 'nothing can go: exit 0') or diag($r->{out}, $r->{err});
$r = tlsoff(@site, 'review', '-', { stdin => "good.example # comment\n" });
like($r->{out}, qr/^Try_TLS:good\.example \(line 3\): handshake works/,
    'hosts are read from standard input');
$r = tlsoff(@site, 'review', 'a b');
is($r->{status}, 64, 'a host that is none: exit 64');
$r = tlsoff(@site, 'review', '--', '-connect');
is($r->{status}, 64, 'what looks like an option of openssl is no host');
$r = tlsoff(@site, '--timeout', '0', 'review');
is($r->{status}, 64, 'no time at all is refused');
$r = tlsoff(@site, '-v', 'review', 'garbage.example');
like($r->{err}, qr/^tlsoff: garbage\.example: openssl: .*wrong version number/m,
    '-v shows what openssl said');
unlike($r->{err}, qr/[^\n\x20-\x7e]/, '... and no control byte');

# ---- a peer that never answers ----

my %silent = (
	hang => qr/still needed: in the handshake: no answer within 8 seconds/,
	refuse => qr/still needed: in the handshake: no answer within 8 seconds/,
	mute => qr/not reached: no answer within 8 seconds/,
);
$r = tlsoff(@site, '--timeout', '8', 'review', map { "$_.example" }
    sort keys %silent);
is($r->{status}, 0, 'peers that stay silent are given up after --timeout');
for my $manner (sort keys %silent) {
	like($r->{out}, qr/ $manner\.example: $silent{$manner}/, "... $manner");
}

# ---- what the site says ----

build_map($cf, "Try_TLS:itself.example\tNO\nTry_TLS:good.example\tNO\n"
    . "TLS_Srv:example\tPERM+VERIFY\n");
$r = tlsoff(@site, 'review');
like($r->{out}, qr/^Try_TLS:itself\.example .*still needed: the handshake works, but TLS_Srv:example demands a verified certificate \(self/m,
    'where the access map demands a verified certificate, that is needed');
like($r->{out}, qr/^Try_TLS:good\.example .*no longer needed/m,
    '... and a good one is enough');

my %cf_says = (
	'CipherList=NO-SUCH-CIPHER' => qr/cannot be tried: openssl: /,
	'ClientSSLOptions=+SSL_OP_NO_TLSv1_3' => qr/works \(TLSv1\.2\)/,
	'ClientSSLOptions=+SSL_OP_NO_TLSv1_2,+SSL_OP_NO_TLSv1_3' =>
	    qr/still needed: in the handshake/,
);
my $plain_cf = slurp($cf->{file});
for my $option (sort keys %cf_says) {
	spew($cf->{file}, "${plain_cf}O $option\n");
	$r = tlsoff(@site, 'review', 'good.example');
	like($r->{out}, $cf_says{$option}, "$option of the cf is obeyed");
}
spew($cf->{file}, $plain_cf);

# ---- one document ----

build_map($cf, "Try_TLS:itself.example\tNO\nTry_TLS:close.example\tNO\n"
    . "Srv_Features:192.0.2.1\tS\n");
$r = tlsoff(@site, '-j', 'review');
is($r->{status}, 1, '-j: the same exit status');
my $document = decode_json($r->{out});
my ($works, $broken, $server) = @{ $document->{hosts} };
is(scalar @{ $document->{hosts} }, 3, '... one object for each exemption');
like(delete $works->{protocol}, qr/^TLSv1/, '... with the protocol');
like(delete $works->{certificate}, qr/self.signed/, '... the certificate');
is_deeply($works, { role => 'client', key => 'Try_TLS:itself.example',
	line => 1, host => 'itself.example', result => 'works',
	detail => undef, remove => 'tlsoff remove client itself.example',
	fallback => undef },
    '... and the rest') or diag($r->{out});
is($broken->{result}, 'broken', '... a broken one');
is($broken->{remove}, undef, '... has no command');
is_deeply([@$server{qw(key host result)}],
    ['Srv_Features:192.0.2.1', undef, 'cannot-try'], '... one that connects to us');

# ---- what openssl can do ----

# One that tells what it was given; review shows that with -v.
SKIP: {
	skip 'not root', 8 if $> != 0;
	my $wrote = spew(scratch() . '/wrote', '');
	chmod 0666, $wrote;
	my $spy = script(scratch() . '/openssl', <<'END' =~ s/WROTE/$wrote/r);
#!/bin/sh
exec >&2
echo "user $(id -u) $(id -G)"
grep -E '^(NoNewPrivs|CapEff)' /proc/self/status | tr '\t' ' '
sed -En 's/^Max (core file size|open files|processes) +(\S+) .*/limit \1 \2/p' /proc/self/limits
for n in 3 4 5 6 7 8 9; do [ ! -e /proc/$$/fd/$n ] || echo descriptor $n; done
echo x >>WROTE
true
END
	chmod 0755, $spy;
	my ($most) = slurp('/proc/self/limits') =~ /^Max processes +(\S+)/m;
	my ($uid, $gid) = (getpwnam 'nobody')[2, 3];
	my $spied = sub { tlsoff(@site, '-v', 'review', 'close.example')->{err} };
	must_mount($spy, find_openssl());
	my $told = $spied->();
	like($told, qr/: user $uid $gid$/m, 'openssl runs as nobody, in no other group');
	like($told, qr/NoNewPrivs: 1$/m, '... gets no new privileges');
	like($told, qr/CapEff: 0+$/m, '... and has no old ones');
	like($told, qr/: limit core file size 0\n.*: limit processes \Q$most\E\n.*: limit open files 256$/m,
	    '... has limits, but none that others count for');
	unlike($told, qr/ descriptor \d|openssl runs as root/,
	    '... no descriptor but its own');
	is(-s $wrote, 0, '... and writes no file');
	must_mount('/dev/null', '/etc/passwd');
	$told = $spied->();
	like($told, qr/^tlsoff: openssl runs as root: there is no user nobody$/m,
	    'where there is nobody, that is said');
	like($told, qr/NoNewPrivs: 1$/m, '... and it gets no new privileges all the same');
}

# ---- no openssl ----

{
	must_mount('/dev/null', find_openssl());
	$r = tlsoff(@site, 'review');
	is($r->{status}, 69, 'no openssl: exit 69');
	like($r->{err}, qr/openssl: .*install/, '... with the cure');
}

done_testing();
