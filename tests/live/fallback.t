#!/usr/bin/perl
# The exemption that ends by itself: with client --fallback mail to a host whose
# TLS is broken goes in clear, and by TLS as soon as the host is mended, with
# the same entry.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Dns;
use Tlsoff::Namespace;
use Tlsoff::Peers;
use Tlsoff::Sendmail;

enter_namespace();
my $host = 'mx.luna.bagoona.com';
my $mended = 'mx.mended.example';
name_server("$host A 127.0.0.9", "$mended A 127.0.0.8",
    map { "$_.test.example A 127.0.0.1" } qw(mx sender));
bad_peer('127.0.0.9', 'garbage');
my $peer = sendmail_cf('mended', tls => 1, address => '127.0.0.8',
    cf => "C{w}$mended\n");
build_map($peer, '');
start_daemon($peer);
my $site = sendmail_cf('sender', tls => 1, dns => 1, mc => "FEATURE(`tls_session_features')dnl");

# What becomes of a message.
sub fate {
	my ($to) = @_;
	clear_mail_log();
	unlink glob "$site->{dir}/queue/*";
	send_mail($site, 'me@test.example', "u\@$to");
	wait_log(qr/sender\[.* to=<?u\@\Q$to\E\b.* stat=/);
	my ($stat) = mail_log() =~ /sender\[.* to=<?u\@\Q$to\E\b.* stat=(\w+)/;
	my $tls = mail_log() =~ /sender\[\d+\]: STARTTLS=client,.* relay=\Q$to\E.* version=TLS/
	    ? ' by TLS' : '';
	return lc($stat // 'nothing') . $tls;
}

sub change { return tlsoff_ok('-C', $site->{file}, '--restart', 'none', @_) }

sub explained {
	my $r = tlsoff('-j', '-C', $site->{file}, 'explain', 'client', @_);
	return (decode_json($r->{out}), $r->{status});
}

build_map($site, "Connect:127\tRELAY\n");
is(fate($host), 'deferred', 'mail to a host whose TLS is broken waits');
is(fate($mended), 'sent by TLS', '... and to one that works goes by TLS');

for my $case ([$host, 'the host'], ['luna.bagoona.com', 'its domain'],
    ['127.0.0.9', 'its address']) {
	my ($key, $what) = @$case;
	my $r = change('client', '--fallback', $key);
	like($r->{out}, qr/^added TLS_Clt_Features:\Q$key\E Flags=C \(line 2\)$/m,
	    "client --fallback, by $what");
	is(fate($host), 'sent', '... mail is sent in clear');
	like(change('client', '--fallback', $key)->{out}, qr/^unchanged /m,
	    '... the second call changes nothing');
	change('remove', 'client', $key);
	is(slurp($site->{access}), "Connect:127\tRELAY\n", '... remove takes it out');
}
is(fate($host), 'deferred', '... and mail waits again');

change('client', '--fallback', $mended);
is(fate($mended), 'sent by TLS', 'a mended host gets TLS with the entry in place');
my ($said, $status) = explained($mended);
is("$said->{tls} $said->{kind} $status", 'fallback fallback 1',
    'explain says so, and that TLS is tried');
my ($listed) = @{ decode_json(tlsoff_ok('-j', '-C', $site->{file}, 'list')->{out})->{entries} };
is($listed->{kind}, 'fallback', 'list names its kind');
ok($listed->{effective}, '... in force');

# Whoever finds a broken host names the cure, where the cf has it.
my $log = "$site->{dir}/log";
build_map($site, "Connect:127\tRELAY\n");
is(fate($host), 'deferred', 'mail to a broken host waits');
spew($log, mail_log() =~ s/ sender\[/ relay sendmail[/gr);
my $cure = qr/tlsoff client --fallback \Q$host\E\b/;
like(tlsoff_ok('-C', $site->{file}, 'scan', $log)->{err}, $cure, 'scan names the cure');
build_map($site, "Try_TLS:$host\tNO\nTry_TLS:$mended\tNO\n");
unlike(tlsoff_ok('-C', $site->{file}, 'scan', $log)->{err}, qr/fallback/,
    '... but where the host is exempted');
SKIP: {
	skip 'there is no openssl', 2 if !find_openssl();
	my $said = tlsoff('-C', $site->{file}, 'review')->{out};
	like($said, qr/^Try_TLS:\Q$host\E .*: still needed: .*; $cure ends by itself/m,
	    'review proposes it for a host that is still broken');
	unlike($said, qr/--fallback \Q$mended\E/, '... and not for one that works');
}

# What would abort the session is found by check.
build_map($site, "TLS_Clt_Features:$mended\tFlags=C; Cipher=HIGH\n");
is(fate($mended), 'deferred', 'a part that sendmail does not know: no mail is sent');
like(tlsoff('-C', $site->{file}, 'check')->{out},
    qr/:1: sendmail does not know "Cipher=HIGH", and then sends the host no mail at all/,
    '... check says so');
($said, $status) = explained($mended);
is("$said->{tls} $said->{kind} $status", 'tempfail fallback 75', '... and explain');
my $refused = tlsoff('-C', $site->{file}, '--restart', 'none', 'client', '--fallback', $mended);
is($refused->{status}, 65, '... client --fallback does not carry it on');
like($refused->{err}, qr/"Cipher=HIGH", which sendmail does not know/, '... and says why');
build_map($site, "TLS_Clt_Features:\tFlags=C\n");
is(fate($host), 'deferred', 'the bare tag is never asked for');
like(tlsoff('-C', $site->{file}, 'check')->{out}, qr/:1: this key never matches, .*TLSFallbacktoClear/,
    '... check says so');
$refused = tlsoff('-C', $site->{file}, '--restart', 'none', '--force', 'client', '--fallback', '');
is($refused->{status}, 65, '... and client --fallback refuses it');

# A cf that does not ask.
my $plain = sendmail_cf('plain', tls => 1);
build_map($plain, "Connect:127\tRELAY\n");
my $r = tlsoff('-C', $plain->{file}, '--restart', 'none', 'client', '--fallback', $host);
is($r->{status}, 78, 'a cf without the feature is refused');
like($r->{err}, qr/FEATURE\(`tls_session_features'\) to the \.mc file/, '... with the line to add');
is(slurp($plain->{access}), "Connect:127\tRELAY\n", '... and nothing changed');
$r = tlsoff('-C', $site->{file}, '--restart', 'none', 'server', '--fallback', $host);
is($r->{status}, 64, 'no such thing for a server');

done_testing();
