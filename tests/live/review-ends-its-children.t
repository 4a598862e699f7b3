#!/usr/bin/perl
# review tries several hosts at once; ended by Ctrl-C it leaves no program
# behind.  On a terminal it shows how far it is, and wipes that away.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Namespace;
use Tlsoff::Peers;
use Tlsoff::Site;

enter_namespace();

# 40 peers that answer STARTTLS by silence.
my @addresses = map { "127.0.1.$_" } 1 .. 40;
bad_peer($_, 'hang') for @addresses;
site(join '', map { "Try_TLS:$_\tNO\n" } @addresses);

# The processes of this little machine that run this program.
sub running {
	my ($name) = @_;
	my @found;
	for my $stat (glob '/proc/[0-9]*/stat') {
		open my $file, '<', $stat or next;
		my ($pid, $comm) = (<$file> // '') =~ /\A(\d+) \((.*?)\)/ or next;
		push @found, $pid if $comm eq $name;
	}
	return @found;
}

# ---- the end ----

for my $signal (qw(INT TERM)) {
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDOUT, '>', '/tlsoff.test/out' or die;
		open STDERR, '>', '/tlsoff.test/err' or die;
		exec $TLSOFF, '-C', $CF, 'review' or die "exec: $!";
	}
	wait_for(sub { running('openssl') >= 10 }, 60);
	cmp_ok(scalar running('openssl'), '>=', 10, 'many peers are tried at once');
	cmp_ok(scalar running('openssl'), '<', 40, '... and not all of them');
	kill $signal, $pid;
	waitpid $pid, 0;
	is($? & 127, { INT => 2, TERM => 15 }->{$signal},
	    "SIG$signal ends it by that signal");
	is_deeply([running('openssl')], [], '... and no openssl is left');
	is(slurp('/tlsoff.test/out'), '', '... it tells no half of a result');
}

# ---- a terminal ----

my $r = run(['script', '-qec',
	"$TLSOFF -C $CF --timeout 1 review $addresses[0] >/tlsoff.test/out", '/tlsoff.test/seen']);
is($r->{status}, 0, 'on a terminal') or diag($r->{out}, $r->{err});
my $seen = slurp('/tlsoff.test/seen');
like($seen, qr/\rreview: 0 of 1 .*\rreview: 1 of 1 .*\r\e\[K/s,
    '... it shows how far it is, and wipes that away');
unlike(slurp('/tlsoff.test/out'), qr/ of 1|\e/, '... standard output has none of it');
$r = run(['script', '-qec',
	"$TLSOFF -C $CF -q --timeout 1 review $addresses[0]", '/tlsoff.test/seen2']);
unlike(slurp('/tlsoff.test/seen2'), qr/review:/, '... and with -q nothing is shown');

done_testing();
