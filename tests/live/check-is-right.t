#!/usr/bin/perl
# What check says does not work has no effect on the real sendmail, and what
# --fix mends has; a file without findings works as it is.  sendmail refuses
# the maps that check calls unsafe.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $site = sendmail_cf('mx');
my %host = (client => ['client', 'luna.bagoona.com', '192.0.2.1'],
    server => ['server', 'luna.bagoona.com', '192.0.2.1'],
    ipv6 => ['client', '', 'IPv6:2001:db8:0:0:0:0:0:1']);
my $c = 'Try_TLS:';
my $s = 'Srv_Features:';

sub findings {
	my @options = @_;
	my $r = tlsoff('-C', $site->{file}, '-j', 'check', @options);
	return decode_json($r->{out})->{findings};
}

sub put_text {
	my ($text) = @_;
	spew($site->{access}, $text);
	makemap($site->{file}, 'hash', $site->{access}, $text);
	return;
}

# [who, text, code, is it mended?]; no code: TLS is off as it stands
my @cases = (
	['client', "${c}luna.bagoona.com NO # why\n", 'comment', 1],
	['client', "${c}luna.bagoona.com \"NO\"\n", 'value', 1],
	['client', "${c}luna.bagoona.com OFF\n", 'value', 1],
	['client', "${c}luna.bagoona.com NO.\n", 'value', 1],
	['client', "${c}luna.bagoona.com YES\n", 'value', 0],
	['client', "${c}bagoona.com NO\n${c}x.example NO\n"
	    . "${c}luna.bagoona.com OK\n", undef, 'on'],
	['client', "${c} luna.bagoona.com NO\n", 'stray-space', 1],
	['client', "${c}luna.bagoona.com. NO\n", 'key', 1],
	['client', "${c}\[luna.bagoona.com] NO\n", 'key', 1],
	['client', "${c}.bagoona.com NO\n", 'key', 0],
	['client', "${c}*.bagoona.com NO\n", 'key', 0],
	['client', "${c}192.0.2.0/24 NO\n", 'key', 0],
	['client', "${c}192.000.002.001 NO\n", 'key', 0],
	['client', "${c}192.0.2.0 NO\n", 'net', 0],
	['client', "${c}192.0.2 NO\n", undef, 'off'],
	['client', "${c}u\@luna.bagoona.com NO\n", 'key', 0],
	['client', "${c}luna.bagoona.com NO\n", undef, 'off'],
	['client', "${c}LUNA.bagoona.com no \n", undef, 'off'],
	['ipv6', "${c}IPv6:2001:db8::1 NO\n", 'key', 1],
	['ipv6', "${c}IPv6:2001:DB8:0:0:0:0:0:1 NO\n", undef, 'off'],
	['server', "${s}luna.bagoona.com VS\n", 'value', 1],
	['server', "${s}luna.bagoona.com 'S'\n", 'value', 1],
	['server', "${s}luna.bagoona.com OK\n", 'value', 0],
	['server', "${s}luna.bagoona.com V S\n", undef, 'off'],
	['server', "${s}luna.bagoona.com SKIP\n", 'value', 0],
);

for my $case (@cases) {
	my ($who, $text, $code, $then) = @$case;
	my $name = $text =~ s/\s+/ /gr;
	put_text($text);
	my @found = map { $_->{code} } @{ findings() };
	my $before = ask($site->{file}, $host{$who})->{tls};
	if (!defined $code) {
		is("@found", '', "$name: nothing is wrong");
		is($before, $then, "... TLS is $then");
		next;
	}
	is("@found", $code, "$name: $code");
	is($before, 'on', '... TLS is on');
	findings('--fix', '--restart', 'none');
	is(ask($site->{file}, $host{$who})->{tls}, $then ? 'off' : 'on',
	    $then ? '... --fix turns it off' : '... --fix leaves it alone');
}

# For everybody, not for the host alone.
put_text("${s} luna.bagoona.com S\n");
is(ask($site->{file}, ['server', 'x.example', '192.0.2.9'])->{tls}, 'off',
    'a stray blank turns TLS off for everybody');
findings('--fix', '--restart', 'none');
is(ask($site->{file}, ['server', 'x.example', '192.0.2.9'])->{tls}, 'on',
    '... --fix turns it on again');
is(ask($site->{file}, $host{server})->{tls}, 'off', '... but for the host');

# ---- unsafe maps ----

my $map = $site->{map_file};
put_text("${c}luna.bagoona.com NO\n");
for my $case ([0640, 0, 0, 0755, 1], [0640, 60001, 60001, 0755, 0],
	[0644, 60001, 60001, 0755, 1], [0640, 60001, 0, 0755, 1],
	[0640, 0, 60001, 0755, 1], [0666, 0, 0, 0755, 1],
	[0640, 0, 0, 0775, 0], [0640, 0, 0, 01777, 0]) {
	my ($mode, $user, $group, $directory, $safe) = @$case;
	chmod $mode, $map;
	chown $user, $group, $map or next; # no such user in this namespace
	chmod $directory, "$site->{dir}/mail";
	my $name = sprintf 'map %o %d:%d in %o', $mode, $user, $group, $directory;
	my $tls = eval { ask($site->{file}, $host{client})->{tls} } // 'tempfail';
	is($tls eq 'off' ? 1 : 0, $safe, "$name: sendmail");
	is((grep { $_->{code} eq 'map-unsafe' } @{ findings() }) ? 0 : 1, $safe,
	    '... and check');
}

done_testing();
