#!/usr/bin/perl
# With DANE on, mail to an exempted host is sent, and not bounced: tlsoff adds
# what keeps sendmail from asking DANE for that host, and takes it away again.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Dns;
use Tlsoff::Namespace;
use Tlsoff::Peers;
use Tlsoff::Sendmail;

plan(skip_all => 'this sendmail was made without DANE: tests/heavy/other-release.t'
    . ' runs this with one that has it')
    if run([$SENDMAIL, '-d0.13', '-bv', '-C', '/dev/null', 'root'])->{out} !~ /\bDANE\b/;
enter_namespace();

my ($broken, $plain) = ('mx.broken.example', 'mx.plain.example');
bad_peer('127.0.0.9', 'garbage');
my %site = map { $_ => sendmail_cf($_ ? 'dane' : 'nodane', tls => 1, dns => 1,
    mc => "define(`confDANE', `" . ($_ ? 'true' : 'false') . "')dnl") } 0, 1;
name_server('broken.example MX 10 mx.broken.example', "$broken A 127.0.0.9",
    'plain.example MX 10 mx.plain.example', "$plain A 127.0.0.9",
    map({ "$_.test.example A 127.0.0.1" } qw(dane nodane mx)),
    "_25._tcp.$broken TLSA 3 1 1 " . key_digest("$site{1}{dir}/cert.pem"));

# What becomes of one message to all of these.
sub fates {
	my ($site, @to) = @_;
	clear_mail_log();
	unlink glob "$site->{dir}/queue/*";
	send_mail($site, 'me@test.example', reverse @to);
	return join ' ', map { fate($_) } @to;
}

sub fate {
	my ($to) = @_;
	my $stat = wait_for(sub { mail_log() =~ /to=<?\Q$to\E\b.* stat=(\w+)/ && $1 });
	return !$stat ? 'nothing' : $stat eq 'Sent' ? 'sent'
	    : $stat eq 'Deferred' ? 'waits' : 'bounces';
}

sub change {
	my ($site, @words) = @_;
	return tlsoff_ok('-C', $site->{file}, '--restart', 'none', @words);
}

my @both = ('u@broken.example', 'u@plain.example');
for my $dane (0, 1) {
	my ($site, $with) = ($site{$dane}, $dane ? 'with DANE' : 'without DANE');
	build_map($site, "Connect:127\tRELAY\n");
	is(fates($site, $both[0]), 'waits', "$with mail to a broken host waits");
	build_map($site, "Try_TLS:$broken\tNO\n");
	is(fates($site, $both[0]), $dane ? 'bounces' : 'sent',
	    "$with, exempted by hand");
	build_map($site, "Connect:127\tRELAY\n");
	my $r = change($site, 'client', $broken, $plain);
	is(() = $r->{out} =~ /^added Clt_Features:\S+ D /mg, $dane ? 2 : 0,
	    "$with: the companions");
	is(fates($site, $both[0]), 'sent', "... exempted by tlsoff it is sent");
	is(fates($site, @both), 'sent sent', '... to both recipients of one message');
	change($site, 'remove', 'client', $broken, $plain);
	is(slurp($site->{access}), "Connect:127\tRELAY\n",
	    "$with: nothing is left of it");
	is(fates($site, $both[0]), 'waits', '... and mail waits again');
}

# A domain covers its hosts, and an entry of their own hides that.
my $site = $site{1};
build_map($site, "Clt_Features:$broken\tA\n");
change($site, 'client', 'broken.example');
is(fates($site, $both[0]), 'sent', 'exempted by its domain, with an entry of its own');
change($site, 'remove', 'client', 'broken.example');
is(slurp($site->{access}), "Clt_Features:$broken\tA\n", '... which is as it was');

# What check says is what happens.
build_map($site, "Try_TLS:$broken\tNO\n");
my $r = tlsoff('-C', $site->{file}, 'check');
like($r->{out}, qr/:1: mail to it bounces where DANE applies/, 'check says what would happen');
$r = tlsoff('-C', $site->{file}, '--restart', 'none', 'check', '--fix');
like($r->{out}, qr/^added Clt_Features:\Q$broken\E D /m, '... and mends it');
is(fates($site, $both[0]), 'sent', '... so that mail is sent');

# S alone is obeyed, and DANE still wants TLS.
build_map($site, "Clt_Features:$broken\tS\n");
is(fates($site, $both[0]), 'waits', 'Clt_Features S without D: mail waits');
$r = tlsoff('-C', $site->{file}, 'check');
like($r->{out}, qr/:1: mail to it waits where DANE applies/, '... as check says');
$r = tlsoff('-C', $site->{file}, '--restart', 'none', 'check', '--fix');
like($r->{out}, qr/^changed Clt_Features:\Q$broken\E S D /m, '... and mends it');
is(fates($site, $both[0]), 'sent', '... so that mail is sent');

# An address has no such entry.
build_map($site, "Connect:127\tRELAY\n");
$r = tlsoff('-C', $site->{file}, 'client', '127.0.0.9');
is($r->{status}, 65, 'an address is refused');
like($r->{err}, qr/127\.0\.0\.9: mail would bounce.*DANE.*name.*--force/, '... with the cure');
change($site, '--force', 'client', '127.0.0.9');
is(fates($site, $both[0]), 'bounces', '... and rightly');

done_testing();
