#!/usr/bin/perl
# What Debian's autopkgtest runs on an installed package passes on a Debian as
# installed, whose sendmail runs; and it fails where tlsoff does nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Sendmail;

enter_namespace();
my $site = debian_site(debian_access());
start_daemon($site);
add_to_directory('/usr/sbin', tlsoff => $TLSOFF);
my @test = ("$TOP/src/dist/debian/tests/main-job");

my $r = run([@test]);
is($r->{status}, 0, 'the main job is done') or diag($r->{out}, $r->{err});
like($r->{out}, qr{^sendmail restarted by .*/etc/init\.d/sendmail}m,
    '... and sendmail is restarted');
like($r->{out}, qr/^main-job: done\n\z/m, '... to the end');

add_to_directory('/usr/sbin', tlsoff => '/bin/true');
$r = run([@test]);
is($r->{status}, 1, 'a program that does nothing does not pass');
like($r->{err}, qr/^main-job: sendmail was not restarted/m, '... which is said');

done_testing();
