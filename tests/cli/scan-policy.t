#!/usr/bin/perl
# Which hosts are off already, by the access file.
use strict;
use warnings;
use lib 'tests/lib';
use File::Temp 'tempdir';
use Scan;
use Test::More;

my $dir = tempdir(CLEANUP => 1);
my $log = slurp("$FIXTURES/real.log");
open my $f, '>', "$dir/access" or die;
print $f "Try_TLS:close.example\tNO\nSrv_Features:203.0.113\tS\n";
close $f or die;

sub tls {
	my (undef, $said) = scan_rows($log, @_);
	return map { ("$_->{role} $_->{host}" => $_->{tls}) } @{$said->{hosts}};
}

my %tls = tls('-f', "$dir/access");
is($tls{'client mx.close.example'}, 'off', 'a domain that covers it');
is($tls{'client mx.garbage.example'}, 'on', 'another host');
is($tls{'server out.garbage.example'}, 'off', 'its network');
is($tls{'server [203.0.113.41]'}, 'off', 'no name');
is($tls{'server pc17.test.example'}, 'on', 'another network');

# A log that gives no address: the peer has one all the same.
open $f, '>', "$dir/access" or die;
print $f "Try_TLS:\tNO\n";
close $f or die;
%tls = tls('-f', "$dir/access");
is($tls{'client mx1.mixed.example'}, 'off', 'everybody, and an address not known');

my ($out, $err, $status) = scan($log, '-j', '-f', "$dir/none");
is($status, 0, 'no access file is no failure');
like($err, qr/^tlsoff: .*none/, '... but said, where it was named');
like($out, qr/"tls":null/, '... and nothing is known');

done_testing;
