#!/usr/bin/perl
# The wiki page's examples on a Debian as installed, without any option: a
# domain's entry covers the host that the log shows, by sendmail's rulesets.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $site = debian_site(debian_access() . canit_section());
my $cf = $site->{file};
my @luna = ('client', 'luna.bagoona.com', '123.45.67.89');
my @cheddar = ('server', 'outbound.cheddar.com', '192.0.2.77');

is(verdict($cf, @luna), 'on', 'TLS is tried with luna.bagoona.com at first');
is(verdict($cf, @cheddar), 'on', 'and offered to outbound.cheddar.com');

my $r = tlsoff_ok('client', 'bagoona.com');
like($r->{out}, qr/^added Try_TLS:bagoona\.com NO\b/m, 'says what it added');
like($r->{out}, qr/not running/, 'and that no sendmail runs here');
is(verdict($cf, @luna), 'off by Try_TLS:bagoona.com',
    'client bagoona.com covers luna.bagoona.com');
is(verdict($cf, 'client', 'bagoona.com', ''), 'off by Try_TLS:bagoona.com',
    'and bagoona.com');
is(verdict($cf, 'client', 'xbagoona.com', ''), 'on', 'and not xbagoona.com');
is(verdict($cf, @cheddar), 'on', 'and not the other role');

$r = tlsoff_ok('server', 'cheddar.com');
like($r->{out}, qr/^added Srv_Features:cheddar\.com S\b/m, 'says what it added');
is(verdict($cf, @cheddar), 'off by Srv_Features:cheddar.com',
    'server cheddar.com covers outbound.cheddar.com');
is(verdict($cf, 'server', 'thebigcheese.com', ''), 'on',
    "and not the sender's domain");

tlsoff_ok('remove', 'client', 'bagoona.com');
tlsoff_ok('remove', 'server', 'cheddar.com');
is(verdict($cf, @luna), 'on', 'on again after remove');
is(verdict($cf, @cheddar), 'on', 'in both roles');
is(slurp($site->{access}), debian_access() . canit_section(),
    'and the access file is what it was, byte for byte');

# Forms of an address, in the one form that sendmail looks up.
for my $case (
    ['123.45.67', '123.45.67.89'],
    ['[123.45.67.89]', '123.45.67.89'],
    ['2001:db8::1', 'IPv6:2001:db8:0:0:0:0:0:1'],
    ['2001:DB8', 'IPv6:2001:db8:0:0:0:0:0:1'],
    ['IPv6:2001:0db8:0::0001', 'IPv6:2001:db8:0:0:0:0:0:1']) {
	my ($typed, $address) = @$case;
	for my $role (qw(client server)) {
		tlsoff_ok($role, $typed);
		is(ask($cf, [$role, 'host.example', $address])->{tls}, 'off',
		    "$role $typed covers $address");
		tlsoff_ok('remove', $role, $typed);
	}
}
tlsoff_ok('client', 'Luna.Bagoona.COM.');
is(verdict($cf, @luna), 'off by Try_TLS:luna.bagoona.com',
    'capitals and a dot at the end are tidied');

done_testing();
