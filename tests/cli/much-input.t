#!/usr/bin/perl
# More than anybody means to give: an access file of a terabyte that takes no
# block, and a host that comes millions of times.  The message names the file, and
# the list takes time and memory for what is in it once.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Tlsoff;
use Tlsoff::Site;

my $dir = scratch();
site("Try_TLS:a.example\tNO\n");
my @site = ('-C', $CF);

# ---- the text ----

my @readers = (['list'], ['explain', 'client', 'a.example'], ['check']);
my @all = (@readers, map { ['--restart', 'none', @$_] } ['client', 'b.example'],
    ['-n', 'client', 'b.example'], ['expire'], ['check', '--fix']);

SKIP: {
	# A tmpfs or an ext4 may hold no such file.
	truncate $ACCESS, 1 << 40 or skip "no file of 1 TiB: $!", 3 * @all;
	for my $words (@all) {
		my $r = tlsoff(@site, @$words);
		is($r->{status}, 65, "@$words: a text of 1 TiB is exit 65");
		is($r->{err}, "tlsoff: $ACCESS: 1099511627776 bytes are too many for "
		    . "an access file; put a right one in its place\n",
		    '... and the message names it, and a cure');
		is(-s $ACCESS, 1 << 40, '... it is left as it is');
	}
}
SKIP: {
	skip 'an analyzer needs more', 2 * @all if $ENV{TLSOFF_ANALYZED};
	truncate $ACCESS, 1 << 32 or skip "no file of 4 GiB: $!", 2 * @all;
	for my $words (@all) {
		my $r = run(['sh', '-c', 'ulimit -v 400000; exec "$@"', 'sh',
		    $TLSOFF, @site, @$words]);
		is($r->{status}, 71, "@$words: no memory for 4 GiB is exit 71");
		like($r->{err},
		    qr/\Atlsoff: \Q$ACCESS\E: out of memory; see that .*\n\z/,
		    '... and the message names the file, and a cure');
	}
}

# ---- hosts ----

# The processor's seconds for a list of hosts.
sub seconds {
	my ($lines, $count) = @_;
	spew("$dir/hosts", $lines x $count);
	my @before = times;
	my $r = run(['sh', '-c', 'ulimit -v 100000; exec "$@" <' . "$dir/hosts",
	    'sh', $TLSOFF, @site, '-n', '--restart', 'none', 'client', '-']);
	my @after = times;
	is($r->{status}, 0, 'a list of many lines is read') or diag($r->{err});
	return $after[2] - $before[2];
}

SKIP: {
	skip 'an analyzer needs more', 3 if $ENV{TLSOFF_ANALYZED};
	site("Connect:127\tRELAY\n");
	my $empty = seconds("#host.example\n", 3_000_000) + 0.05;
	my $same = seconds("host.example\n", 3_000_000);
	cmp_ok($same, '<', 5 * $empty,
	    'one host many times costs little more than as many comments');
	unlink "$dir/hosts";
}

done_testing();
