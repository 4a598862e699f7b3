#!/usr/bin/perl
# A kernel without Landlock or seccomp takes nothing away from us but what they
# would have kept us from: it is said with -v, and everything works.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

plan(skip_all => 'a program that is analyzed goes without') if $ENV{TLSOFF_ANALYZED};

my $dir = scratch();
my %lacks = (landlock_create_ruleset => 'Landlock', seccomp => 'seccomp');

# tlsoff list, with calls that this kernel has not.
sub without {
	my ($calls, @options) = @_;
	my @injected = map { ('-e', "inject=$_:error=ENOSYS") } @$calls;
	return run(['strace', '-f', '-qq', '-o', "$dir/trace", @injected,
	    $TLSOFF, '-C', "$dir/site/sendmail.cf", @options, 'list']);
}

site("Try_TLS:a.example\tNO\n");
unlike(without([], '-v')->{err},
    qr/this system has no/, 'nothing is lacking where all is there');
for my $call (sort keys %lacks) {
	my $r = without([$call], '-v');
	is($r->{status}, 0, "no $lacks{$call}: list works");
	like($r->{out}, qr/a\.example/, '... and shows what there is');
	like($r->{err}, qr/^tlsoff: this system has no \Q$lacks{$call}\E: /m,
	    '... and -v says what is lacking');
	is(without([$call])->{err}, '', '... without -v nothing is said');
}
like(without([sort keys %lacks], '-v')->{err},
    qr/has no Landlock and no seccomp: /, 'both are named');

done_testing();
